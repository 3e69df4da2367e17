import { InstallError } from '../errors.ts'

/**
 * The environment of a program: this process's variables, and the program's own variables over them. The program's own
 * search path is put before the existing search path.
 */
export function programEnvironment(
  own: Readonly<Record<string, string>>,
  env: NodeJS.ProcessEnv = process.env,
): Record<string, string> {
  const isSet = (variable: [string, string | undefined]): variable is [string, string] => variable[1] !== undefined
  const merged = Object.fromEntries(Object.entries(env).filter(isSet))
  for (const [name, value] of Object.entries(own)) {
    merged[name] = name.endsWith('_PATH') && env[name] ? `${value}:${env[name]}` : value
  }
  return merged
}

/** The options of a step of an installation. */
export interface CommandOptions {
  cwd?: string | undefined
  env?: Readonly<Record<string, string>> | undefined
  /** The time in milliseconds after which the program is ended. Default 120,000: enough for a slow network. */
  timeout?: number | undefined
  signal?: AbortSignal | undefined
}

const unattended = { LC_ALL: 'C', LANGUAGE: 'C', DEBIAN_FRONTEND: 'noninteractive' }

/** The output of a program: stdout alone, and stdout and stderr together, line by line. */
export interface CommandOutput {
  readonly stdout: string
  readonly lines: readonly string[]
}

const toLines = (text: unknown): string[] =>
  String(text ?? '')
    .split('\n')
    .filter(line => line.trim() !== '')

/**
 * Runs a program of the system to its end.
 *
 * @throws InstallError with the program's last lines, if the program fails, cannot be run or takes too long
 */
export async function run(file: string, args: readonly string[], options: CommandOptions = {}): Promise<CommandOutput> {
  const { cwd, env = {}, timeout = 120_000, signal } = options
  // Only an installation needs this module, and it takes longer to load than a start may be delayed.
  const { ExecaError, execa } = await import('execa')
  try {
    const { stdout, all } = await execa(file, args, {
      env: { ...programEnvironment(env), ...unattended },
      extendEnv: false,
      stdin: 'ignore',
      all: true,
      timeout,
      ...(cwd && { cwd }),
      ...(signal && { cancelSignal: signal }),
    })
    return { stdout, lines: toLines(all) }
  } catch (error) {
    if (!(error instanceof ExecaError)) throw error
    const command = [file, args.find(arg => /^[a-z]+$/.test(arg))].filter(Boolean).join(' ')
    const how = error.timedOut
      ? `did not end within ${timeout / 1000} s`
      : error.isCanceled
        ? 'was cancelled'
        : error.exitCode === undefined
          ? `could not be run: ${error.originalMessage}`
          : `failed (exit code ${error.exitCode})`
    throw new InstallError(`Tarantool could not be installed: \`${command}\` ${how}`, {
      logTail: toLines(error.all).slice(-12),
      cause: error,
    })
  }
}
