import { createReadStream, createWriteStream } from 'node:fs'
import { chmod, type FileHandle, lstat, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import zlib from 'node:zlib'
import { InstallError } from '../../errors.ts'
import { type CommandOptions, run } from '../command.ts'
import { findProgram, searchDirectories } from '../search.ts'

/** A file in an archive of ar(1). */
interface Member {
  readonly name: string
  readonly offset: number
  readonly size: number
}

const magic = '!<arch>\n'
const headerSize = 60

/** Lists the members of an ar archive, which a .deb is: a line of magic, then members with a header of text each. */
async function listMembers(archive: FileHandle): Promise<Member[]> {
  const { size: end } = await archive.stat()
  const read = async (offset: number, length: number): Promise<string> => {
    const { buffer, bytesRead } = await archive.read(Buffer.alloc(length), 0, length, offset)
    return buffer.toString('latin1', 0, bytesRead)
  }
  if ((await read(0, magic.length)) !== magic) throw new InstallError('it is not a Debian package')
  const members: Member[] = []
  for (let offset = magic.length; offset + headerSize <= end; ) {
    const header = await read(offset, headerSize)
    const size = Number(header.slice(48, 58))
    const start = offset + headerSize
    if (!header.endsWith('`\n') || !Number.isInteger(size) || size < 0 || start + size > end) {
      throw new InstallError('it is a damaged Debian package')
    }
    members.push({ name: header.slice(0, 16).trim().replace(/\/$/, ''), offset: start, size })
    // Members begin at even offsets.
    offset = start + size + (size % 2)
  }
  return members
}

// Node has it since 22.15.
const zstd = (zlib as { createZstdDecompress?: () => Transform }).createZstdDecompress

/** How to unpack the formats of data that a .deb can have: here, or by a program that tar calls. */
const formats: Readonly<Record<string, { stream?: (() => Transform) | undefined; program?: string }>> = {
  'data.tar': {},
  'data.tar.gz': { stream: zlib.createGunzip },
  'data.tar.xz': { program: 'xz' },
  'data.tar.zst': { stream: zstd, program: 'zstd' },
}

// Whatever umask the package was made with, all users can read the copy and only its owner can write to it: a copy that
// others may write to is never run.
async function setModes(path: string): Promise<void> {
  const status = await lstat(path)
  if (status.isSymbolicLink()) return
  const isExecuted = status.isDirectory() || (status.mode & 0o100) !== 0
  await chmod(path, isExecuted ? 0o755 : 0o644)
  if (!status.isDirectory()) return
  for (const name of await readdir(path)) await setModes(join(path, name))
}

/**
 * Unpacks the files of a Debian package into a directory, with no other tool of the system than tar (and xz or zstd,
 * where the package is packed so).
 *
 * @throws InstallError if it is no Debian package, or a program is missing
 */
export async function unpackDeb(file: string, tree: string, options: CommandOptions = {}): Promise<void> {
  const archive = await open(file)
  try {
    const members = await listMembers(archive)
    const data = members.find(({ name }) => name.startsWith('data.tar'))
    const format = data && formats[data.name]
    if (!data) throw new InstallError('it is a Debian package without files')
    if (!format) throw new InstallError(`its ${data.name} is packed in an unknown way`)
    const onPath = (name: string): boolean =>
      findProgram(name, searchDirectories(process.env.PATH, process.cwd())).path !== undefined
    const needed = ['tar', ...(format.stream || !format.program ? [] : [format.program])]
    const absent = needed.find(name => !onPath(name))
    if (absent) throw new InstallError(`PATH has no \`${absent}\`, which unpacks the package`)
    const packed = join(tree, `.${data.name}`)
    const part = createReadStream(file, { start: data.offset, end: data.offset + data.size - 1 })
    const output = createWriteStream(packed)
    await (format.stream ? pipeline(part, format.stream(), output) : pipeline(part, output))
    // The package's owner is root, also where its user IDs are another's.
    await run('tar', ['-x', '-o', '-f', packed, '-C', tree], options)
    await rm(packed)
    await setModes(tree)
  } finally {
    await archive.close()
  }
}
