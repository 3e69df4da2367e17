import { umask } from 'node:process'

/** A server for a zygote to fork: what a spawn would be given. */
export interface ForkOrder {
  readonly bootFile: string
  readonly directory: string
  readonly logFile: string
  readonly env: Readonly<Record<string, string>>
}

/** Writes an order as the line that fixtures/prefork/boot.lua reads. */
export function orderLine(
  id: number,
  { bootFile, directory, logFile, env }: ForkOrder,
  zygoteEnv: Readonly<Record<string, string>>,
  socket: string,
): string {
  const line = {
    id: String(id),
    boot: bootFile,
    directory,
    log: logFile,
    socket,
    umask: umask(),
    set: Object.fromEntries(Object.entries(env).filter(([name, value]) => zygoteEnv[name] !== value)),
    unset: Object.keys(zygoteEnv).filter(name => !(name in env)),
  }
  return `${JSON.stringify(line)}\n`
}
