// Loaded by workers, so this file imports nothing.

/** The command that opens a console on a server that is held. */
export function consoleCommand({ port, pid }: { readonly port: number | string; readonly pid: number }): string {
  return `npx tarantool-fixture console ${typeof port === 'number' ? port : pid}`
}
