import { isIPv4 } from 'node:net'

/** Whether connections to this host come from this machine only. */
export const isLoopback = (host: string): boolean =>
  host === '::1' || host === 'localhost' || (isIPv4(host) && host.startsWith('127.'))
