import { expect } from 'vitest'
import { cli } from '../../cli/support.ts'
import { esModules } from './as-jest.ts'
import type { Project, RunnerProcess } from './project.ts'
import { isJest, type Runner } from './runners.ts'

/** A run in a terminal, with a person in front of it. */
export class Terminal {
  readonly run: RunnerProcess
  readonly #project: Project
  #output = ''
  #seen = 0

  constructor(runner: Runner, project: Project, args: readonly string[] = isJest(runner) ? [] : ['run'], more = {}) {
    const env = { CI: '', TERM: 'xterm', ...(isJest(runner) && esModules), ...more }
    this.#project = project
    this.run = project.spawn(args, { terminal: true, env })
    this.run.all.on('data', chunk => {
      this.#output += chunk
    })
  }

  get output(): string {
    return this.#output.replaceAll('\r', '')
  }

  /** Waits for a text that was not waited for before. */
  async shows(text: string): Promise<void> {
    const find = (): number => this.#output.indexOf(text, this.#seen)
    await expect.poll(find, { timeout: 60_000, message: `${text} in:\n${this.#output}` }).toBeGreaterThanOrEqual(0)
    this.#seen = find() + text.length
  }

  press(key: string): void {
    this.run.stdin.write(key)
  }

  async command(...args: string[]): Promise<string> {
    return (await cli(args, { cwd: process.cwd(), env: { TMPDIR: this.#project.temporary } })).stdout
  }

  /** The servers that are held, as `ps` lists them. */
  async held(): Promise<{ uri: string; pid: number; held: { test?: string; testFile: string } }[]> {
    const owners = JSON.parse(await this.command('ps', '--json'))
    return owners.flatMap((owner: { servers: object[] }) => owner.servers).filter((server: object) => 'held' in server)
  }
}
