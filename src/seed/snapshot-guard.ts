import { existsSync, linkSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

// The links in there have other endings than snapshots, so that nobody takes them for some.
const asideName = '.snapshots'
const ending = '~'

/**
 * Remembers which snapshots a server's directory has, and brings these back. The memory is in the directory, because a
 * snapshot may be finished when nobody waits for it any more. The next start in the directory forgets such a snapshot.
 */
export class SnapshotGuard {
  readonly #directory: string

  private constructor(directory: string) {
    this.#directory = directory
  }

  /**
   * Links the snapshots that are there: Tarantool removes the oldest when it writes another one. If an earlier guard has not
   * ended, the snapshots of that guard count.
   *
   * @throws an error of the file system. Nothing is left then
   */
  static of(directory: string): SnapshotGuard {
    const guard = SnapshotGuard.leftIn(directory)
    if (guard) return guard
    const names = snapshotsIn(directory)
    mkdirSync(join(directory, asideName), { mode: 0o700 })
    const made = new SnapshotGuard(directory)
    try {
      for (const name of names) linkSync(join(directory, name), linkOf(directory, name))
    } catch (error) {
      // The next start would take the snapshots without a link for late ones.
      made.end()
      throw error
    }
    return made
  }

  /** The guard that has not ended; undefined if there is none. */
  static leftIn(directory: string): SnapshotGuard | undefined {
    return existsSync(join(directory, asideName)) ? new SnapshotGuard(directory) : undefined
  }

  /** Removes the snapshots that were written since, and puts those back that were removed. */
  restore(): void {
    const links = readdirSync(join(this.#directory, asideName))
    const names = links.map(link => decodeURIComponent(link.slice(0, -ending.length)))
    for (const name of snapshotsIn(this.#directory)) {
      if (!names.includes(name)) rmSync(join(this.#directory, name), { force: true })
    }
    for (const name of names) {
      if (!existsSync(join(this.#directory, name))) linkSync(linkOf(this.#directory, name), join(this.#directory, name))
    }
  }

  /** Forgets the snapshots. */
  end(): void {
    rmSync(join(this.#directory, asideName), { recursive: true, force: true })
  }
}

/** Called before a server starts in a directory with the data of an earlier one: a snapshot that came late is forgotten. */
export function forgetLateSnapshots(directory: string): void {
  const guard = SnapshotGuard.leftIn(directory)
  if (!guard) return
  // A journal has what came after the snapshot. Without a journal, the server would begin with the rows of a test.
  if (!filesIn(directory).some(name => name.endsWith('.xlog'))) guard.restore()
  guard.end()
}

const linkOf = (directory: string, name: string): string =>
  join(directory, asideName, encodeURIComponent(name) + ending)

const filesIn = (directory: string): string[] => readdirSync(directory, { recursive: true, encoding: 'utf8' })

const snapshotsIn = (directory: string): string[] => filesIn(directory).filter(name => name.endsWith('.snap'))
