import { accessSync, constants } from 'node:fs'
import { tmpdir } from 'node:os'
import { resolve } from 'node:path'

// Of a unix socket's path (103 bytes on macOS, 107 elsewhere) what the root leaves to `/tnt-12345678/console.sock`, with
// room for the directory of a test run around it.
const longestRoot = (process.platform === 'darwin' ? 103 : 107) - 26 - 13

function isWritable(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK | constants.X_OK)
    return true
  } catch {
    return false
  }
}

/**
 * Where instances make their directories when nobody says where: the system's temporary directory, or, where its path
 * would make those of the sockets too long, /tmp.
 */
export function defaultRoot(): string {
  const usual = resolve(tmpdir())
  if (Buffer.byteLength(usual) <= longestRoot) return usual
  return ['/tmp', '/var/tmp'].find(isWritable) ?? usual
}
