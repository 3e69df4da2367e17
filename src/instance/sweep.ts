import { readdirSync, readlinkSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { directoryPrefix, markerOf, recordedPid, removeDirectory } from './directory.ts'
import { isOwnerGone } from './owner.ts'

const swept = new Set<string>()

// With all of its group: the process may be a wrapper. The server's working directory is its instance's directory: a pid that was given to another process is left alone.
// Where the system does not tell (macOS), the lifeline and the reaper have to do.
function killServerIn(directory: string): void {
  const pid = recordedPid(directory)
  if (pid === undefined) return
  try {
    if (readlinkSync(`/proc/${pid}/cwd`) === realpathSync(directory)) process.kill(-pid, 'SIGKILL')
  } catch {
    // It is gone, or somebody else's.
  }
}

/**
 * Removes the directories below `root` whose owners have died, with any server that still runs in one. Once per process
 * and root; directories without our marker file, and those whose owner may live elsewhere, stay.
 */
export function sweepOnce(root: string): void {
  if (swept.has(root)) return
  swept.add(root)
  let names: string[]
  try {
    names = readdirSync(root)
  } catch {
    return
  }
  for (const name of names) {
    if (!name.startsWith(directoryPrefix)) continue
    const path = join(root, name)
    const marker = markerOf(path)
    if (!marker || marker.keep || !isOwnerGone(marker)) continue
    killServerIn(path)
    try {
      removeDirectory(path)
    } catch {
      // Another user's, or another sweep was faster.
    }
  }
}
