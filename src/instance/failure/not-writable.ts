import { type ErrorDetails, RootNotWritableError } from '../../errors.ts'

const otherPlace =
  "Set TMPDIR to another place for the directories of runs and servers, or the option 'root' to another place for the servers' only."

const advice: Readonly<Record<string, string>> = {
  EDQUOT: `The user's quota of the file system is used up. ${otherPlace}`,
  EMFILE: 'This process has too many files open: raise the limit (ulimit -n).',
  ENFILE: 'This machine has too many files open.',
  ENOSPC: `The file system is full, or has no inodes left. ${otherPlace}`,
}

/**
 * Makes the error of a file or a directory that could not be written.
 *
 * @param what the beginning of the message: `cannot make the directory /x`
 */
export function notWritable(what: string, cause: unknown, details: ErrorDetails = {}): RootNotWritableError {
  const { message, code = '' } = cause as NodeJS.ErrnoException
  return new RootNotWritableError(`${what}: ${message}`, { ...details, hint: advice[code] ?? otherPlace, cause })
}

// The end of Tarantool's log if its storage could not be written: E> and !> lines with the error of the system.
const failedWrite =
  /(?:SystemError:? |F> )(.*: (?:No space left on device|Disk quota exceeded|Read-only file system|Permission denied|Input\/output error))$/

/** Makes the error of a server that ended because it could not write its files; undefined if its log does not say so. */
export function unwrittenByServer(
  lines: readonly string[],
  server: ErrorDetails & { readonly instance: string },
): RootNotWritableError | undefined {
  const [, reason] = lines.map(line => failedWrite.exec(line)).findLast(Boolean) ?? []
  if (reason === undefined) return undefined
  const isFull = /No space|quota/.test(reason)
  return new RootNotWritableError(`${server.instance} could not write its files: ${reason}`, {
    ...server,
    hint: isFull ? advice.ENOSPC : otherPlace,
  })
}
