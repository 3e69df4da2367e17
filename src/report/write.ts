import { randomBytes } from 'node:crypto'
import { mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

// A hidden file beside the file: only within one file system does a rename replace a file at once.
const partialOf = (path: string): string =>
  join(dirname(path), `.${basename(path)}.${process.pid}.${randomBytes(4).toString('hex')}`)

/** Checks that a file can be written, and makes its directory. @throws the system's error */
export async function checkWritable(path: string): Promise<void> {
  const there = await stat(path).catch(() => undefined)
  if (there?.isDirectory()) throw new Error('it is a directory')
  await writePartial(path, '')
}

/** Writes a file as a whole. A reader finds the old text or the new one. @throws the system's error */
export async function writeWhole(path: string, text: string): Promise<void> {
  await writePartial(path, text, partial => rename(partial, path))
}

async function writePartial(path: string, text: string, done?: (partial: string) => Promise<void>): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const partial = partialOf(path)
  try {
    const file = await open(partial, 'wx')
    try {
      await file.writeFile(text)
    } finally {
      await file.close()
    }
    await done?.(partial)
  } finally {
    await rm(partial, { force: true })
  }
}
