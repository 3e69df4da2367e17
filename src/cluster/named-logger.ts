import type { Logger } from '../config/options.ts'

/** Marks the lines of an instance, because the lines of all instances come to one function. */
export const namedLogger = (name: string, logger: Logger | undefined): Logger | undefined =>
  logger && (line => logger(`${name} | ${line}`))
