import { closeSync, openSync, readSync } from 'node:fs'
import type { ResolvedOptions } from '../../config/resolve.ts'

const elfMagic = Buffer.from([0x7f, 0x45, 0x4c, 0x46])

// A script in front of Tarantool may do anything, once per server.
function isElf(path: string): boolean {
  const start = Buffer.alloc(elfMagic.length)
  try {
    const file = openSync(path, 'r')
    try {
      readSync(file, start)
    } finally {
      closeSync(file)
    }
  } catch {
    return false
  }
  return start.equals(elfMagic)
}

// A spawn refuses these. The sizes are below Linux's limits for one variable and for all (man 2 execve).
const longestVariable = 120_000
const largestEnvironment = 1_000_000

function couldBeSpawnedWith(environment: Readonly<Record<string, string>>): boolean {
  let size = 0
  for (const [name, value] of Object.entries(environment)) {
    const variable = `${name}=${value}`
    const bytes = Buffer.byteLength(variable)
    size += bytes + 1
    if (bytes > longestVariable || name === '' || name.includes('=') || variable.includes('\0')) return false
  }
  return size < largestEnvironment
}

/**
 * Decides if the servers of a program may be forked from a running one. The zygote itself checks the rest: threads,
 * timers, signals and descriptors of this very build.
 */
export function mayFork(
  { prefork, commandArgs }: Pick<ResolvedOptions, 'prefork' | 'commandArgs'>,
  program: string,
  environment: Readonly<Record<string, string>>,
): boolean {
  if (process.platform !== 'linux' || !prefork || process.env.TARANTOOL_FIXTURE_PREFORK === '0') return false
  // With these, Tarantool 3 does not run a script.
  const isConfigMode = 'TT_CONFIG' in environment || 'TT_INSTANCE_NAME' in environment
  return commandArgs.length === 0 && !isConfigMode && couldBeSpawnedWith(environment) && isElf(program)
}
