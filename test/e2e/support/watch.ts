import { expect } from 'vitest'
import type { Project, RunnerProcess } from './project.ts'

/** Vitest in watch mode, in a terminal. */
export class WatchMode {
  readonly process: RunnerProcess
  #output = ''
  #runs = 0

  constructor(project: Project, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
    this.process = project.spawn(['watch', ...args], { terminal: true, env })
    this.process.all.on('data', chunk => {
      this.#output += chunk
    })
  }

  get output(): string {
    return this.#output
  }

  /** Waits until the next run is over. */
  async run(): Promise<void> {
    this.#runs++
    await expect
      .poll(() => this.#finished(), { timeout: 40_000, interval: 20, message: `run ${this.#runs} to end` })
      .toBeGreaterThanOrEqual(this.#runs)
    this.#runs = this.#finished()
  }

  press(key: string): void {
    this.process.stdin.write(key)
  }

  #finished(): number {
    return this.#output.match(/(Waiting|Watching) for file changes/g)?.length ?? 0
  }
}
