import { createReadStream, createWriteStream } from 'node:fs'
import { chmod, type FileHandle, lstat, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough, type Transform } from 'node:stream'
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

/**
 * Lists the members of an ar archive. A .deb is such an archive: a magic line, then members, each with a text header.
 */
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

// Node has this from 22.15 on.
const zstd = (zlib as { createZstdDecompress?: () => Transform }).createZstdDecompress

/** The ways to unpack the formats of data in a .deb: in this process, or by tar, which may run another program. */
const formats: Readonly<Record<string, { stream?: (() => Transform) | undefined; program?: string }>> = {
  'data.tar': { stream: () => new PassThrough() },
  'data.tar.gz': { stream: zlib.createGunzip },
  'data.tar.xz': { program: 'xz' },
  'data.tar.zst': { stream: zstd, program: 'zstd' },
}

const isOnPath = (name: string): boolean =>
  findProgram(name, searchDirectories(process.env.PATH, process.cwd())).path !== undefined

const toolErrors = new WeakSet<Error>()

function toolIsMissing(name: string, logTail: readonly string[] = []): InstallError {
  const error = new InstallError(`PATH has no \`${name}\`, which unpacks the package`, { logTail })
  toolErrors.add(error)
  return error
}

/** True if a package could not be unpacked because a program is missing. The package itself may be good. */
export const lacksTool = (error: Error): boolean => toolErrors.has(error)

/**
 * Checks that the program that each package needs exists.
 *
 * @throws InstallError
 */
export function checkTools(): void {
  if (!isOnPath('tar')) throw toolIsMissing('tar')
}

// All users can read the copy, and only its owner can write to it, whatever umask the package was made with. A copy
// that others may write to is never run.
async function setModes(path: string): Promise<void> {
  const status = await lstat(path)
  if (status.isSymbolicLink()) return
  const isExecuted = status.isDirectory() || (status.mode & 0o100) !== 0
  await chmod(path, isExecuted ? 0o755 : 0o644)
  if (!status.isDirectory()) return
  for (const name of await readdir(path)) await setModes(join(path, name))
}

// dpkg-deb contains the code for each format. Small images of Debian have dpkg, but neither xz nor zstd.
async function unpackByDpkg(file: string, tar: string, options: CommandOptions): Promise<boolean> {
  if (!isOnPath('dpkg-deb') || !isOnPath('sh')) return false
  try {
    await run('sh', ['-c', 'exec dpkg-deb --fsys-tarfile "$1" > "$2"', 'sh', file, tar], options)
    return true
  } catch (error) {
    // An old dpkg-deb does not know each format.
    options.signal?.throwIfAborted()
    if (error instanceof InstallError && /no space left|quota exceeded/i.test(error.logTail.join('\n'))) throw error
    return false
  }
}

/**
 * Unpacks the files of a Debian package into a directory. The only tool of the system that it needs is tar. For xz (and
 * for zstd before Node 22.15), it needs dpkg-deb, or a tar that unpacks the format, by itself or with a program.
 *
 * @throws InstallError if the file is no Debian package, or if a program is missing
 */
export async function unpackDeb(file: string, tree: string, options: CommandOptions = {}): Promise<void> {
  checkTools()
  const archive = await open(file)
  try {
    const members = await listMembers(archive)
    const data = members.find(({ name }) => name.startsWith('data.tar'))
    const format = data && formats[data.name]
    if (!data) throw new InstallError('it is a Debian package without files')
    if (!format) throw new InstallError(`its ${data.name} is packed in an unknown way`)
    const { stream, program } = format
    const tar = join(tree, '.data.tar')
    if (stream || !(await unpackByDpkg(file, tar, options))) {
      const part = createReadStream(file, { start: data.offset, end: data.offset + data.size - 1 })
      await pipeline(part, stream?.() ?? new PassThrough(), createWriteStream(tar))
    }
    // The package's owner is root, even in a system where root's user ID belongs to another user.
    await run('tar', ['-x', '-o', '-f', tar, '-C', tree], options).catch((error: Error) => {
      options.signal?.throwIfAborted()
      const isPacked = !stream && program !== undefined && !isOnPath(program)
      throw isPacked && error instanceof InstallError ? toolIsMissing(program, error.logTail) : error
    })
    await rm(tar)
    await setModes(tree)
  } finally {
    await archive.close()
  }
}
