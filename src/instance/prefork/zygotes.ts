import { statSync } from 'node:fs'
import { trace } from '../../trace.ts'
import type { ForkedProcess } from './forked.ts'
import type { ForkOrder } from './order.ts'
import { NotForkedError } from './pending-fork.ts'
import { Zygote } from './zygote.ts'

interface Prefork {
  /** Undefined after the first server, which is spawned: there may be no second. */
  zygote: Promise<Zygote | undefined> | undefined
  /** The number of zygotes in a row that have ended without a server. */
  failures: number
  lastFailed: Zygote | undefined
}

// One for each program and for each environment that a program reads before its init script.
const preforks = new Map<string, Prefork>()

const mostFailures = 3

// The fixture's variables with a server's own addresses.
const ofOneServer = /^TARANTOOL_(LISTEN|.*PORT)$/

// The loader, the C library, LuaJIT and Tarantool read these before the init script. Siblings can differ in others.
const readAtStart =
  /^(LD_|LC_|LANG|LUA|MALLOC_|GLIBC_|LIBEV_|TT_|TARANTOOL|OPENSSL|SSL_|UBSAN_|ASAN_|LSAN_|TSAN_|MSAN_|HOME$|TZ)/

function keyOf(command: string, env: Readonly<Record<string, string>>): string {
  const { dev, ino, size, mtimeMs } = statSync(command)
  const early = Object.entries(env).filter(([name]) => readAtStart.test(name) && !ofOneServer.test(name))
  return JSON.stringify([command, dev, ino, size, mtimeMs, early.sort(([one], [other]) => (one < other ? -1 : 1))])
}

/** True if the first server of a process is forked, too. That helps a process that starts several servers. */
const forksFirst = (): boolean => process.env.TARANTOOL_FIXTURE_PREFORK === '1'

// The last zygote of a program may have ended: after some time without servers, or by a failure. Servers that start
// together share the next one.
async function currentZygote(prefork: Prefork, start: () => Promise<Zygote>): Promise<Zygote | undefined> {
  const last = prefork.zygote
  const zygote = await last
  if (zygote && !zygote.gone) return zygote
  if (prefork.zygote === last) prefork.zygote = start().catch(() => undefined)
  return await prefork.zygote
}

/**
 * Forks a server from the program's zygote.
 *
 * @returns undefined if a plain spawn has to do: for the first server of a program, and where nothing can be forked
 */
export async function forkServer(command: string, order: ForkOrder): Promise<ForkedProcess | undefined> {
  const key = keyOf(command, order.env)
  const known = preforks.get(key)
  const prefork = known ?? { zygote: undefined, failures: 0, lastFailed: undefined }
  preforks.set(key, prefork)
  if ((!known && !forksFirst()) || prefork.failures >= mostFailures) return undefined
  const zygote = await currentZygote(prefork, async () => {
    const started = await Zygote.start(command, order.env)
    trace(`started a zygote of ${command}: process ${started.pid}`)
    return started
  })
  try {
    const forked = await zygote?.fork(order)
    prefork.failures = forked ? 0 : prefork.failures + 1
    return forked
  } catch (error) {
    if (!(error instanceof NotForkedError)) throw error
    trace(`a server is spawned, not forked: ${error.message}`)
    // Servers that wait for the same zygote fail together, which counts once.
    if (zygote?.gone && prefork.lastFailed !== zygote) {
      prefork.lastFailed = zygote
      prefork.failures = zygote.gone.isFinal ? mostFailures : prefork.failures + 1
    }
    return undefined
  }
}

/** Ends the zygotes of this process that have no servers. */
export async function endUnusedZygotes(): Promise<void> {
  const zygotes = await Promise.all([...preforks.values()].map(({ zygote }) => zygote))
  await Promise.all(zygotes.map(zygote => zygote?.endIfUnused()))
}
