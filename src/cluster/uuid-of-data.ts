import { closeSync, existsSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { ownDataFiles } from '../instance/kept/data-files.ts'

// The files begin with lines of text: their type, version, and the instance that wrote them.
const linesWithin = 512

/** The UUID of the instance whose data is in a directory. Undefined if there is none. */
export function uuidOfData(directory: string): string | undefined {
  const file = existsSync(directory) ? ownDataFiles(directory).find(name => name.endsWith('.snap')) : undefined
  if (file === undefined) return undefined
  const bytes = Buffer.alloc(linesWithin)
  const opened = openSync(join(directory, file), 'r')
  try {
    readSync(opened, bytes)
  } finally {
    closeSync(opened)
  }
  return /^Instance: ([0-9a-f-]{36})$/m.exec(bytes.toString('latin1'))?.[1]
}
