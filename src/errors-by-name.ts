import * as errors from './errors.ts'

interface ErrorClass {
  readonly prototype: Error
}

/**
 * The error class of this package with a name. An error that comes from another process or thread has lost its class.
 */
export function errorClassOf(name: string): ErrorClass | undefined {
  return Object.hasOwn(errors, name) ? ((errors as Record<string, unknown>)[name] as ErrorClass) : undefined
}
