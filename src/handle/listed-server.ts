import type { LeasedServerInfo } from '../broker/messages.ts'

/** A stand-in for a server in a run that only lists tests (`vitest list`). Its properties have the right types. */
export const listedServer: LeasedServerInfo = {
  name: 'listed',
  fingerprint: 'Tarantool[127.0.0.1:0]',
  host: '127.0.0.1',
  port: 0,
  ports: {},
  uri: '127.0.0.1:0',
  pid: 0,
  version: '0.0.0',
  workDir: '',
  logFile: '',
  consoleHost: 'unix/',
  consolePort: '',
  address: { binary: { host: '127.0.0.1', port: 0 }, console: { path: '' }, credentials: undefined },
  isolation: 'none',
  strict: false,
  records: false,
  generation: 0,
  beganEmpty: true,
  leasedBefore: false,
  aside: false,
  keepsOnFailure: false,
  isLive: false,
  isTraced: false,
  showsChanges: false,
}
