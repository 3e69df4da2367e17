import type { ResolvedOptions } from '../../config/resolve.ts'
import { keepDirectory, removeDirectory } from '../place/directory.ts'
import { noteKept } from './notes.ts'

/** The files that an instance leaves. The option `keep` decides whether they are removed, or stay for a person. */
export class Artifacts {
  readonly #options: ResolvedOptions
  readonly #directory: () => string
  #markedFailed = false
  /** The version of the last server that was ready. */
  tarantool: string | undefined

  /** @param directory another one if another user has taken the place of the first */
  constructor(options: ResolvedOptions, directory: () => string) {
    this.#options = options
    this.#directory = directory
  }

  /** Notes that the files are those of a failure, whatever happens from here on. */
  markFailed(): void {
    this.#markedFailed = true
  }

  /**
   * Removes the directory, unless the option `keep` says that it stays after a failure, or always.
   *
   * @param failure the error of a start, or of a server that ended by itself, in a few words
   */
  remove(failure: string | undefined): void {
    const { keep } = this.#options
    const failed = failure ?? this.#testFailed
    if (keep === 'always') this.#keep(failed ?? "keep: 'always'")
    else if (keep === 'on-failure' && failed !== undefined) this.#keep(failed)
    else removeDirectory(this.#directory())
  }

  /** Describes the directory, which stays, for somebody who opens it later. */
  note(failure: string | undefined): void {
    this.#note(failure ?? this.#testFailed ?? 'a test failed, or another instance')
  }

  // A directory without a description, for example on a full disk, still has its data.
  #keep(reason: string): void {
    keepDirectory(this.#directory())
    this.#note(reason)
  }

  #note(reason: string): void {
    noteKept(this.#directory(), this.#options, { reason, tarantool: this.tarantool })
  }

  get #testFailed(): string | undefined {
    return this.#markedFailed ? 'a test failed' : undefined
  }
}
