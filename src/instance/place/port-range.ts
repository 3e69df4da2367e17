import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** The range of ports that servers get. */
export interface PortRange {
  readonly from: number
  readonly to: number
  /** True if the machine's administrator keeps a port of the range for something else. */
  readonly isExcluded: (port: number) => boolean
}

const highest = 65_535
// Lower ports belong to services, and most programs have their default ports there.
const preferredLowest = 10_000
const lowest = 1024
// A smaller range would not be worth a choice.
const fewest = 256

/** The ports that the system gives to sockets without a port: connections, and servers on port 0. */
function ephemeralRange(): { first: number; last: number } {
  if (process.platform === 'linux') {
    const [first = 32_768, last = 60_999] = readOrNothing('/proc/sys/net/ipv4/ip_local_port_range')
      .trim()
      .split(/\s+/)
      .flatMap(text => (/^\d+$/.test(text) ? [Number(text)] : []))
    return { first, last }
  }
  try {
    const text = execFileSync('sysctl', ['-n', 'net.inet.ip.portrange.first'], { encoding: 'utf8', timeout: 2000 })
    return { first: Number(text) || 49_152, last: highest }
  } catch {
    return { first: 49_152, last: highest }
  }
}

function readOrNothing(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** Reads `ip_local_reserved_ports`: `3301,8000-8010`. */
function excludedIn(text: string): (port: number) => boolean {
  const ranges = text
    .trim()
    .split(',')
    .map(part => part.split('-').map(Number))
  return port => ranges.some(([from = 0, to = from]) => port >= from && port <= to)
}

/**
 * Chooses a range below the ephemeral ports, or else above them. The system gives no such port to another socket by
 * chance, so a server finds its port free when it restarts. Undefined if the ephemeral ports leave no range.
 */
export function rangeBeside(first: number, last: number, reserved: string): PortRange | undefined {
  const isExcluded = excludedIn(reserved)
  for (const [from, to] of [
    [preferredLowest, first - 1],
    [lowest, first - 1],
    [Math.max(lowest, last + 1), highest],
  ] as const) {
    if (to - from + 1 >= fewest) return { from, to, isExcluded }
  }
  return undefined
}

let known: { range: PortRange | undefined } | undefined

/** The range that this machine allows. */
export function portRange(): PortRange | undefined {
  const { first, last } = ephemeralRange()
  known ??= { range: rangeBeside(first, last, readOrNothing('/proc/sys/net/ipv4/ip_local_reserved_ports')) }
  return known.range
}
