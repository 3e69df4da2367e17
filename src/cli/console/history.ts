import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { cacheRoot } from '../../cache/root.ts'

const mostLines = 1000

/** The lines that were typed into consoles, in a file of the cache that only its owner can read. */
export class History {
  readonly #path: string | undefined

  constructor(root: string | undefined = cacheRoot(process.env, process.cwd())) {
    this.#path = root === undefined ? undefined : join(root, 'console-history')
  }

  /** The lines, the newest first. A file that cannot be read counts as empty. */
  read(): string[] {
    if (this.#path === undefined) return []
    try {
      return readFileSync(this.#path, 'utf8').split('\n').filter(Boolean).reverse()
    } catch {
      return []
    }
  }

  /** Keeps the newest lines. A console works without a history, so a failure is ignored. */
  write(newestFirst: readonly string[]): void {
    if (this.#path === undefined) return
    try {
      mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 })
      const lines = newestFirst.slice(0, mostLines).toReversed()
      writeFileSync(this.#path, lines.map(line => `${line}\n`).join(''), { mode: 0o600 })
    } catch {}
  }
}
