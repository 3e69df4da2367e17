import { execa } from 'execa'

interface CliOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  /** The text on stdin. Default: none. */
  readonly input?: string
}

interface CliResult {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number | undefined
}

/** Runs the built command line. A failure is a result. */
export async function cli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const { stdout, stderr, exitCode } = await execa(process.execPath, ['dist/cli/index.js', ...args], {
    reject: false,
    ...options,
  })
  return { stdout, stderr, exitCode }
}
