import { isIPv4 } from 'node:net'

/** True if only this machine can connect to the host. */
export const isLoopback = (host: string): boolean =>
  host === '::1' || host === 'localhost' || (isIPv4(host) && host.startsWith('127.'))
