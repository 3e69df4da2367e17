import { InvalidOptionError } from '../errors.ts'
import { awaitAdvice, shownValue } from '../shown-value.ts'

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

/** Makes the error of a call that was given something else than a name. */
export function strangeName({ call, given, as, what, list }: StrangeName): InvalidOptionError {
  const wanted = `${what ?? 'an instance of the cluster, or its name'}${as === undefined ? '' : ` as '${as}'`}`
  return new InvalidOptionError(`${call} takes ${wanted}, not ${shownValue(given)}`, {
    hint: `${awaitAdvice(given)}${list}.`,
  })
}
