import { nearestName } from '../config/nearest-name.ts'
import { UnknownServerError } from '../errors.ts'

/** The error of a server name that the config does not have. */
export function unknownServer(name: string, names: readonly string[]): UnknownServerError {
  const near = nearestName(name, names)
  return new UnknownServerError(`there is no server '${name}'`, {
    hint: near ? `Did you mean '${near}'?` : `The servers are: ${names.join(', ')}.`,
  })
}
