import { existsSync, type FSWatcher, watch } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type ServerFiles, stampOf } from '../../broker/server-files.ts'

// In milliseconds. An editor writes a file in several steps.
const quiet = 100

/** Tells when a file has changed that servers are made from. */
export class SourceWatcher {
  readonly #files: () => ServerFiles
  readonly #watchers = new Map<string, FSWatcher>()
  /** The files as they were when the last change was told. */
  #told: string
  #timer: NodeJS.Timeout | undefined
  #wake: () => void = () => {}

  /** @param files is asked again after each event, because files come and go */
  constructor(files: () => ServerFiles) {
    this.#files = files
    this.#told = this.#watch()
  }

  /** Waits until the files differ from those at the last change. A change between two calls is not lost. */
  async changed(): Promise<void> {
    for (;;) {
      const stamp = this.#watch()
      if (stamp !== this.#told) {
        await delay(quiet)
        // An editor may empty a file before it writes the new text.
        if (this.#watch() !== stamp) continue
        this.#told = stamp
        return
      }
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
  }

  close(): void {
    clearTimeout(this.#timer)
    for (const watcher of this.#watchers.values()) watcher.close()
    this.#watchers.clear()
  }

  /** Watches the directories of all files, and returns the stamp of the files. */
  #watch(): string {
    const { files, roots } = this.#files()
    const directories = new Set([...roots, ...files.map(file => dirname(file))])
    for (const directory of directories) {
      if (this.#watchers.has(directory) || !existsSync(directory)) continue
      const watcher = watch(directory, () => this.#wakeLater())
      watcher.on('error', () => this.#watchers.delete(directory))
      this.#watchers.set(directory, watcher)
    }
    return stampOf(files)
  }

  #wakeLater(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#wake(), quiet)
  }
}
