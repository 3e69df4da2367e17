/** Options of box.cfg that the fixture sets itself. The value says what the user can do instead. */
export const ownOptions: Readonly<Record<string, string>> = {
  listen: 'use host and port',
  background: 'leave it out',
  log: 'leave it out; the server logs to its logFile, and the option logger gets each line',
  logger: 'leave it out; the server logs to its logFile, and the option logger gets each line',
}
