import { join } from 'node:path'
import { KeptDirectoryError } from '../../errors.ts'
import type { KeptCluster } from '../../instance/kept/cluster.ts'

/**
 * The instances of a cluster that was kept, each with the command that opens it.
 *
 * @throws KeptDirectoryError if there is Lua to run, which needs one instance
 */
export function listMembers(
  directory: string,
  { members, test, made, reason }: KeptCluster,
  { eval: lua }: { readonly eval?: string },
): string {
  const commands = members.map(name => `npx tarantool-fixture open ${join(directory, name)}`)
  if (lua !== undefined) {
    throw new KeptDirectoryError(`${directory} is the directory of a cluster`, {
      hint: `Open one of its instances:\n${commands.join('\n')}`,
    })
  }
  const of = test === undefined ? '' : ` of '${test}'`
  const at = made === undefined ? '' : `, as it was at ${made}`
  const why = reason === undefined ? '' : `, kept because of this: ${reason}`
  const count = members.length === 1 ? '1 instance' : `${members.length} instances`
  return `${[`The data${of} of a cluster with ${count}${at}${why}. To open one:`, ...commands].join('\n')}\n`
}
