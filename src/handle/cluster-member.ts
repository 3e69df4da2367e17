import type { LeasedCluster, LeasedServerInfo } from '../broker/leased-info.ts'
import { unknownServer } from '../broker/unknown-server.ts'
import { strangeName } from '../config/strange-name.ts'
import { LeaseError } from '../errors.ts'
import type { LeasedServer } from './leased-server.ts'

/** The cluster that a leased server is. @throws LeaseError if the server is a single one */
export function clusterOf({ cluster, name }: LeasedServerInfo): LeasedCluster {
  if (cluster) return cluster
  throw new LeaseError(`server '${name}' is no cluster`, {
    hint: "A cluster has the option 'replicas', or 'app', the directory of a Tarantool 3 application.",
  })
}

/**
 * The instance of a leased cluster. Without a name: the latest leader of a replica set, else the leased server itself.
 *
 * @throws UnknownServerError; InvalidOptionError for a value that is no name; LeaseError if the server is a single one
 */
export function memberOf(server: LeasedServer, name: string | undefined): LeasedServer {
  if (name === undefined) return server.lead
  const { connect, instances } = clusterOf(server.info)
  const found = name === connect ? server : server.members.get(name)
  if (found) return found
  if (typeof name !== 'string') {
    const what = 'the name of an instance'
    throw strangeName({
      call: 'instance(name)',
      given: name ?? undefined,
      what,
      list: `Instances: ${instances.join(', ')}`,
    })
  }
  throw unknownServer(name, instances, `instance of the cluster '${server.name}'`, 'Instances')
}
