import type { FileHandle } from 'node:fs/promises'
import { closeSync, fstatSync, open, openSync, readSync } from '../node-builtins.ts'

const chunkSize = 256 * 1024
const nothing = Buffer.alloc(chunkSize)

/** A part of a file. */
export interface Chunk {
  /** The bytes; empty for a hole. The next chunk overwrites them. */
  readonly bytes: Buffer
  /** The offset in the file at which the next chunk begins. */
  readonly end: number
}

// If somebody truncates a log while its server writes to it, the file has holes of any size.
function chunkOf(read: Buffer, end: number): Chunk {
  const isHole = read.equals(nothing.subarray(0, read.length))
  return { bytes: isHole ? read.subarray(0, 0) : read, end }
}

/** The offset of the last `limit` bytes, but not before `since`. */
const startOf = (size: number, since: number, limit: number): number => Math.max(since, size - limit)

/**
 * Reads a file from an offset on, chunk by chunk. Stops at the end of the file, or at once if the file does not exist.
 */
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

/** Synchronous variant, for the last moment before the file is removed. */
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
    // The path no longer leads to a readable file.
  } finally {
    closeSync(file)
  }
}

/** The end of a file. */
export interface FileEnd {
  readonly bytes: Buffer
  /** The number of requested bytes that precede the text. */
  readonly leftOut: number
}

/** Reads a file from an offset on, but at most its last `limit` bytes. Returns nothing if the file cannot be read. */
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
