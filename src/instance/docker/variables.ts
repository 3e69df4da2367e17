import { writeFileSync } from 'node:fs'

/** What brings variables into a container. */
export interface PassedVariables {
  /** Arguments of `docker run`. */
  readonly args: readonly string[]
  /** What its client has to have in its own environment. */
  readonly clientEnv: Readonly<Record<string, string>>
}

// A file of variables has one on each line, as it is: there is no way to write a line break, and lines are bounded.
const longestLine = 60_000
const fitsLine = ([name, value]: [string, string]): boolean =>
  /^[A-Za-z_]\w*$/.test(name) && !/[\r\n]/.test(value) && Buffer.byteLength(name + value) < longestLine

/**
 * Passes variables to a container, none of them on a command line, which every user of the machine can read. A file
 * serves where it can: a variable in the client's own environment, such as PATH or DOCKER_HOST, is one for the client, too.
 *
 * @param file where to write them; for its owner only
 */
export function passVariables(variables: Readonly<Record<string, string>>, file: string): PassedVariables {
  const entries = Object.entries(variables)
  const lines = entries.filter(fitsLine)
  const others = entries.filter(entry => !fitsLine(entry))
  if (lines.length > 0) {
    writeFileSync(file, lines.map(([name, value]) => `${name}=${value}\n`).join(''), { mode: 0o600 })
  }
  return {
    args: [...(lines.length > 0 ? ['--env-file', file] : []), ...others.flatMap(([name]) => ['--env', name])],
    clientEnv: Object.fromEntries(others),
  }
}
