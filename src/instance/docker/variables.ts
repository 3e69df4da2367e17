import { writeFileSync } from 'node:fs'

/** Carries environment variables into a container. */
export interface PassedVariables {
  /** Arguments of `docker run`. */
  readonly args: readonly string[]
  /** Variables that the engine's client must have in its own environment. */
  readonly clientEnv: Readonly<Record<string, string>>
}

// A file of variables holds one variable per line, unescaped. A value cannot contain a line break, and the client bounds
// the length.
const longestLine = 60_000
const fitsLine = ([name, value]: [string, string]): boolean =>
  /^[A-Za-z_]\w*$/.test(name) && !/[\r\n]/.test(value) && Buffer.byteLength(name + value) < longestLine

/**
 * Passes variables to a container. None is on a command line, which every user of the machine can read. A file carries
 * the variables if it can, because the client itself would obey variables in its own environment, such as PATH or
 * DOCKER_HOST.
 *
 * @param file path of the file to write, with mode 0600
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
