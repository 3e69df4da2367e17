import * as errors from './errors.ts'

interface ErrorClass {
  readonly prototype: Error
}

/** Our error class of a name. Errors that come from another process or thread have lost theirs. */
export function errorClassOf(name: string): ErrorClass | undefined {
  return Object.hasOwn(errors, name) ? ((errors as Record<string, unknown>)[name] as ErrorClass) : undefined
}
