import { nearestName } from '../config/nearest-name.ts'
import { UnknownServerError } from '../errors.ts'

/**
 * The error of a server name that the config does not have.
 *
 * @param what names the kind of server, for an instance of a cluster
 */
export function unknownServer(
  name: string,
  names: readonly string[],
  what = 'server',
  list = 'Servers',
): UnknownServerError {
  const near = nearestName(name, names, { onlyOne: true })
  return new UnknownServerError(`no ${what} is named '${name}'`, {
    hint: near ? `Did you mean '${near}'?` : `${list}: ${names.join(', ')}.`,
  })
}
