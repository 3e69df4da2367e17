import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'

const chunkSize = 256 * 1024
const nothing = Buffer.alloc(chunkSize)

/** A piece of a file. */
export interface Chunk {
  /** Empty for a hole. Written over when the next chunk is asked for. */
  readonly bytes: Buffer
  /** Where in the file the next one begins. */
  readonly end: number
}

// A file that was cut from outside while its server wrote to it has holes, of any size.
function chunkOf(read: Buffer, end: number): Chunk {
  const isHole = read.equals(nothing.subarray(0, read.length))
  return { bytes: isHole ? read.subarray(0, 0) : read, end }
}

/** Where the last `limit` bytes of a file begin that are not before `since`. */
const startOf = (size: number, since: number, limit: number): number => Math.max(since, size - limit)

/** Reads a file from an offset on, chunk by chunk. Ends where the file ends, and at once where there is none. */
export async function* readChunks(path: string, since: number): AsyncGenerator<Chunk> {
  let file: FileHandle
  try {
    file = await open(path, 'r')
  } catch {
    return
  }
  try {
    const buffer = Buffer.allocUnsafe(chunkSize)
    for (let offset = since; ; ) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, offset)
      if (bytesRead === 0) return
      offset += bytesRead
      yield chunkOf(buffer.subarray(0, bytesRead), offset)
    }
  } finally {
    await file.close()
  }
}

/** The same synchronously, for the last moment before a file goes. */
export function* readChunksNow(path: string, since: number): Generator<Chunk> {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch {
    return
  }
  try {
    const buffer = Buffer.allocUnsafe(chunkSize)
    for (let offset = since; ; ) {
      const bytesRead = readSync(file, buffer, 0, buffer.length, offset)
      if (bytesRead === 0) return
      offset += bytesRead
      yield chunkOf(buffer.subarray(0, bytesRead), offset)
    }
  } catch {
    // What was a file is none any more.
  } finally {
    closeSync(file)
  }
}

/** The end of a file. */
export interface FileEnd {
  readonly bytes: Buffer
  /** How many bytes of what was asked for stand before it. */
  readonly leftOut: number
}

/** What a file holds from an offset on, at most its last `limit` bytes; nothing where it cannot be read. */
export function readEndNow(path: string, since: number, limit: number): FileEnd {
  let file: number | undefined
  try {
    file = openSync(path, 'r')
    const { size } = fstatSync(file)
    const start = startOf(size, since, limit)
    const buffer = Buffer.alloc(Math.max(0, size - start))
    return { bytes: buffer.subarray(0, readSync(file, buffer, 0, buffer.length, start)), leftOut: start - since }
  } catch {
    return { bytes: Buffer.alloc(0), leftOut: 0 }
  } finally {
    if (file !== undefined) closeSync(file)
  }
}
