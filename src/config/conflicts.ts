import { isIPv6 } from 'node:net'
import { InvalidOptionError } from '../errors.ts'
import { ownOptions } from './box-cfg.ts'
import { isLoopback } from './loopback.ts'
import type { InstanceOptions } from './options.ts'
import { instanceOptions } from './table/instance.ts'

function refuse(message: string, hint?: string): never {
  throw new InvalidOptionError(message, { hint })
}

/**
 * Refuses options of an instance that contradict each other, or that only the fixture may set.
 *
 * @throws InvalidOptionError
 */
export function checkConflicts(options: InstanceOptions): void {
  if (options.slabAllocArena !== undefined && options.memtxMemory !== undefined) {
    refuse("options 'slabAllocArena' (GB) and 'memtxMemory' (bytes) are two names of one value", 'Keep one of them.')
  }
  if (options.keep !== undefined && options.cleanup !== undefined && options.cleanup !== (options.keep !== 'always')) {
    refuse(`options 'cleanup: ${options.cleanup}' and 'keep: ${options.keep}' contradict each other`, "Keep 'keep'.")
  }
  const pairs = [
    ['host', 'port', options.host ?? instanceOptions.host.default, options.port],
    [
      'consoleHost',
      'consolePort',
      options.consoleHost ?? (typeof options.consolePort === 'number' ? '' : 'unix/'),
      options.consolePort,
    ],
  ] as const
  for (const [hostName, portName, host, port] of pairs) {
    if (host.includes(':') && !isIPv6(host)) {
      refuse(
        `option '${hostName}' must be a host name or an address, not ${JSON.stringify(host)}`,
        `Put the port into '${portName}'. For a socket, set ${hostName}: 'unix/', and put its path into '${portName}'.`,
      )
    }
    if (host === 'unix/' && typeof port === 'number') {
      refuse(`option '${portName}' must be the path of a socket when '${hostName}' is 'unix/', not ${port}`)
    }
    if (host !== 'unix/' && typeof port === 'string') {
      refuse(`option '${portName}' must be a number, not ${JSON.stringify(port)}`, `A path needs ${hostName}: 'unix/'.`)
    }
  }
  for (const [name, instead] of Object.entries(ownOptions)) {
    if (options.boxCfg?.[name] !== undefined) {
      refuse(`option 'boxCfg.${name}' cannot be set: the fixture must know it`, `Instead: ${instead}.`)
    }
  }
  checkAccess(options)
  checkLinks(options)
  if (options.credentials !== undefined && options.credentials !== 'random' && options.credentials.user === 'guest') {
    refuse("option 'credentials.user' cannot be 'guest', who has no password")
  }
}

// An error that explains the conflict now is better than a refused guest later.
function checkAccess({ access, docker, host = instanceOptions.host.default }: InstanceOptions): void {
  if (access === undefined || access === 'any' || host === 'unix/') return
  const why = docker ? "'docker'" : isLoopback(host) ? undefined : `host: ${JSON.stringify(host)}`
  if (why === undefined) return
  refuse(
    `option 'access.uids' cannot be used with ${why}: the server cannot ask there who owns a connection`,
    "Clients need the server's account: TARANTOOL_USER and TARANTOOL_PASSWORD. With access: 'any', they need none.",
  )
}

function checkLinks({ links, docker, host }: InstanceOptions): void {
  if (!links) return
  if (docker) refuse("option 'links' cannot be used with 'docker'", 'Only servers of this machine have links.')
  if (host === 'unix/') {
    refuse("option 'links' cannot be used with host: 'unix/'", 'A link needs an address of TCP, for example 127.0.0.1.')
  }
}
