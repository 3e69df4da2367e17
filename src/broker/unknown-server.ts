import { nearestName } from '../config/nearest-name.ts'
import { UnknownServerError } from '../errors.ts'

/** The error of a server name that the config does not have. */
export function unknownServer(name: string, names: readonly string[]): UnknownServerError {
  const near = nearestName(name, names)
  return new UnknownServerError(`no server is named '${name}'`, {
    hint: near ? `Did you mean '${near}'?` : `Servers: ${names.join(', ')}.`,
  })
}
