import { InvalidOptionError } from '../errors.ts'

/** A value that stands in a call where a name belongs. */
export interface StrangeName {
  /** The call, as the documentation writes it: `remove(member)`. */
  readonly call: string
  readonly given: unknown
  /** The parameter, if the call has several. */
  readonly as?: string | undefined
  /** The values that the call takes. Default: an instance, or its name */
  readonly what?: string | undefined
  /** The names that exist, with their kind: `Instances: a, b`. */
  readonly list: string
}

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'function') return 'a function'
  if (value === null || typeof value !== 'object') return String(value)
  if (Array.isArray(value)) return 'an array'
  return isPromise(value) ? 'a promise' : 'an object'
}

const isPromise = (value: unknown): boolean => typeof (value as Partial<Promise<unknown>> | null)?.then === 'function'

/** Makes the error of a call that was given something else than a name. */
export function strangeName({ call, given, as, what, list }: StrangeName): InvalidOptionError {
  const wanted = `${what ?? 'an instance of the cluster, or its name'}${as === undefined ? '' : ` as '${as}'`}`
  return new InvalidOptionError(`${call} takes ${wanted}, not ${shown(given)}`, {
    hint: `${isPromise(given) ? 'Await the promise. ' : ''}${list}.`,
  })
}
