import { spawn } from 'node:child_process'
import { programEnvironment } from './command.ts'

/**
 * The result of `--version`: the program's output on stdout, then stderr, or the reason why the program could not run.
 */
export interface VersionAnswer {
  readonly output: string
  readonly spawnError?: Error
  readonly timedOut: boolean
}

const timeLimit = 5000
const longestOutput = 64 * 1024

/**
 * Runs `--version` of a program that may be any program: it may hang, fork, or never stop printing. Never rejects.
 *
 * The function does not use execa, which waits for the pipes to close. A child of a hanging wrapper script would hold
 * the pipes open. The function kills the whole process group.
 */
export function askVersion(
  binary: { readonly path: string; readonly env: Readonly<Record<string, string>> },
  args: readonly string[],
): Promise<VersionAnswer> {
  return new Promise(resolve => {
    const texts = { stdout: '', stderr: '' }
    const child = spawn(binary.path, [...args, '--version'], {
      detached: true,
      env: programEnvironment(binary.env),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const killGroup = (): void => {
      try {
        if (child.pid) process.kill(-child.pid, 'SIGKILL')
      } catch {
        // The group has ended.
      }
    }
    const finish = (answer: { spawnError?: Error; timedOut?: boolean }): void => {
      clearTimeout(timer)
      process.off('exit', killGroup)
      child.stdout?.destroy()
      child.stderr?.destroy()
      resolve({ timedOut: false, ...answer, output: texts.stdout + texts.stderr })
    }
    const giveUp = (timedOut: boolean): void => {
      killGroup()
      finish({ timedOut })
    }
    const timer = setTimeout(giveUp, timeLimit, true)
    process.once('exit', killGroup)
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        texts[name] += text
        if (texts[name].length > longestOutput) giveUp(false)
      })
    }
    child.once('error', spawnError => finish({ spawnError }))
    child.once('close', () => finish({}))
  })
}
