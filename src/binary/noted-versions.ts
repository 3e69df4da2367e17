import {
  closeSync,
  openSync,
  readFileSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { makeDirectories } from '../make-directories.ts'
import { pathWeakness } from '../trusted-path.ts'
import { tryParseVersion, type Version } from '../version/version.ts'

/** Versions of programs by path, each with the state of the file at that time. */
type Notes = Record<string, { readonly state: string; readonly version: string }>

const place = (root: string): string => join(root, 'versions.json')
const most = 64

// A script may give another answer next time, for example a script that picks a version by the directory.
function isBinary(path: string): boolean {
  const file = openSync(path, 'r')
  try {
    const magic = Buffer.alloc(4)
    readSync(file, magic, 0, 4, 0)
    return magic.equals(Buffer.from('\x7fELF'))
  } finally {
    closeSync(file)
  }
}

function stateOf(path: string): string {
  const { dev, ino, size, mtimeMs, ctimeMs } = statSync(path)
  return [dev, ino, size, mtimeMs, ctimeMs].join(' ')
}

function readNotes(root: string): Notes {
  try {
    if (pathWeakness(place(root)) !== undefined) return {}
    return JSON.parse(readFileSync(place(root), 'utf8')) as Notes
  } catch {
    return {}
  }
}

/**
 * The version that a program reported to an earlier process, if the file is unchanged. The note saves the start of a
 * program that is not used in the end. A program that is used is asked again.
 */
export function notedVersion(root: string | undefined, path: string): Version | undefined {
  try {
    const file = realpathSync(path)
    const note = root === undefined ? undefined : readNotes(root)[file]
    return note?.state === stateOf(file) ? tryParseVersion(note.version) : undefined
  } catch {
    return undefined
  }
}

/** Notes the version of a program. Best effort. */
export function noteVersion(root: string | undefined, path: string, { text }: Version): void {
  let written: string | undefined
  try {
    const file = realpathSync(path)
    if (root === undefined || !isBinary(file) || pathWeakness(root) !== undefined) return
    const notes = Object.entries({ ...readNotes(root), [file]: { state: stateOf(file), version: text } })
    makeDirectories(root, 0o755)
    written = `${place(root)}.${process.pid}`
    writeFileSync(written, JSON.stringify(Object.fromEntries(notes.slice(-most))), { mode: 0o644 })
    renameSync(written, place(root))
  } catch {
    // Then the program is asked again. A full disk leaves an empty file.
    if (written !== undefined) removeQuietly(written)
  }
}

function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true })
  } catch {
    // The cache is read-only.
  }
}
