import { readFileSync } from 'node:fs'
import { binaryVersion } from '../../src/binary/binary-version.ts'
import { locateBinary } from '../../src/binary/locate.ts'
import { TarantoolInstance } from '../../src/index.ts'
import { endUnusedZygotes } from '../../src/instance/prefork/zygotes.ts'
import { isAtLeast } from '../../src/version/version.ts'
import { isZygote, processes } from '../support/processes.ts'
import { type BareServer, startBare, stopBare } from './bare-server.ts'
import { compare } from './pairs.ts'
import { report, reportValue } from './report.ts'

const together = 8

interface Limits {
  readonly eight: number
  readonly withZygote: number
  readonly one: number
}

/** The share of Tarantool's own start in the whole differs between the series. */
async function limitsOfVersion(): Promise<Limits> {
  const version = await binaryVersion(await locateBinary(), { commandArgs: [] })
  if (isAtLeast(version, 3, 0)) return { eight: 0.25, withZygote: 0.45, one: 0.35 }
  if (isAtLeast(version, 2, 11)) return { eight: 0.45, withZygote: 0.7, one: 0.6 }
  return { eight: 0.6, withZygote: 0.75, one: 1 }
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await run()
  return performance.now() - began
}

/** The time in which a number of instances are ready. They are stopped afterwards. */
async function startInstances(count: number): Promise<number> {
  const instances = Array.from({ length: count }, () => new TarantoolInstance({ prefork: true }))
  const took = await timed(async () => await Promise.all(instances.map(instance => instance.start())))
  await Promise.all(instances.map(instance => instance.stop()))
  return took
}

async function startBareServers(count: number): Promise<number> {
  let servers: BareServer[] = []
  const took = await timed(async () => {
    servers = await Promise.all(Array.from({ length: count }, () => startBare()))
  })
  await Promise.all(servers.map(stopBare))
  return took
}

/** A server that keeps the zygote from ending. */
async function withZygote(measure: () => Promise<void>): Promise<void> {
  const [first, second] = [new TarantoolInstance({ prefork: true }), new TarantoolInstance({ prefork: true })]
  try {
    await first.start()
    await second.start()
    await measure()
  } finally {
    await Promise.all([first.stop(), second.stop()])
  }
}

/** The proportional share of memory of processes, in kB: what they share counts once. */
function memoryOf(pids: readonly number[]): number {
  const shares = pids.map(pid => Number(/^Pss: +(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))?.[1]))
  return shares.reduce((sum, share) => sum + share, 0)
}

async function compareMemory(): Promise<void> {
  const instances = Array.from({ length: together }, () => new TarantoolInstance({ prefork: true }))
  const bare = await Promise.all(Array.from({ length: together }, () => startBare()))
  const theirs = memoryOf(bare.map(({ child }) => Number(child.pid)))
  await Promise.all(bare.map(stopBare))
  await Promise.all(instances.map(instance => instance.start()))
  const zygotes = processes().filter(running => running.parent === process.pid && isZygote(running))
  const ours = memoryOf([...instances.map(({ pid }) => Number(pid)), ...zygotes.map(({ pid }) => pid)])
  await Promise.all(instances.map(instance => instance.stop()))
  reportValue(
    `memory of ${together} servers and the zygote, compared to ${together} bare spawns`,
    ours / theirs,
    '×',
    0.85,
  )
}

/** Servers that are forked from a running Tarantool, beside bare spawns. */
export async function benchPrefork(pairs: number): Promise<void> {
  if (process.platform !== 'linux') {
    console.log('forked servers: Linux only')
    return
  }
  const limits = await limitsOfVersion()
  await withZygote(async () => {
    const eight = await compare(
      pairs,
      () => startInstances(together),
      () => startBareServers(together),
    )
    report(`${together} servers at once, forked, compared to bare spawns`, eight, limits.eight)
    const one = await compare(
      pairs,
      () => startInstances(1),
      () => startBareServers(1),
    )
    report('one more server, forked, compared to a bare spawn', one, limits.one)
    const instance = await new TarantoolInstance({ prefork: true }).start()
    let bare = await startBare()
    const restart = await compare(
      pairs,
      () => timed(() => instance.restart()),
      () =>
        timed(async () => {
          await stopBare(bare)
          bare = await startBare()
        }),
    )
    report('`restart()`, forked, compared to a bare stop and spawn', restart, limits.one)
    await Promise.all([instance.stop(), stopBare(bare)])
    await compareMemory()
  })
  process.env.TARANTOOL_FIXTURE_PREFORK = '1'
  const whole = await compare(
    pairs,
    async () => {
      await endUnusedZygotes()
      return await startInstances(together)
    },
    () => startBareServers(together),
  )
  delete process.env.TARANTOOL_FIXTURE_PREFORK
  report(`${together} servers at once with the start of the zygote, compared to bare spawns`, whole, limits.withZygote)
}
