import { join } from 'node:path'
import process from 'node:process'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { repository } from '../support/npm.ts'

/** The state of a process that runs servers. */
interface Seen {
  /** The number of threads that run JavaScript, besides the first. */
  readonly workers: number
  /** The addresses on which the process itself listens, also those of unix sockets. */
  readonly listening: readonly string[]
  /** For each server, the published address, and the addresses that box.cfg has. */
  readonly servers: readonly {
    readonly uri: string
    readonly listen: readonly string[]
    readonly sources: readonly string[]
  }[]
}

// A process of its own: the threads and sockets of the test runner are not those of the package.
const program = (links: boolean): string => `
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { TarantoolInstance, TarantoolReplicaSet } from '${join(repository, 'dist', 'index.js')}'
function addresses() {
  const own = new Set(readdirSync('/proc/self/fd').flatMap(fd => {
    try { return /^socket:\\[(\\d+)\\]$/.exec(readlinkSync('/proc/self/fd/' + fd))?.[1] ?? [] } catch { return [] }
  }))
  const fields = file => readFileSync('/proc/net/' + file, 'utf8').split('\\n').slice(1).map(line => line.trim().split(/\\s+/))
  const tcp = ['tcp', 'tcp6'].flatMap(fields).flatMap(([, at, , state, , , , , , inode]) => state === '0A' && own.has(inode) ? at : [])
  const unix = fields('unix').flatMap(([, , , flags, , , inode, path]) => flags === '00010000' && own.has(inode) ? path : [])
  return [...tcp, ...unix]
}
const instance = await new TarantoolInstance({ links: ${links}, prefork: false }).start()
const set = await new TarantoolReplicaSet({ replicas: 2, links: ${links}, prefork: false }).start()
const question = 'return { box.cfg.listen, box.cfg.replication or {} }'
const servers = []
for (const server of [instance, ...set.instances]) {
  const [[listen, sources]] = await server.eval(question)
  const texts = uris => [uris].flat().map(each => each.uri ?? String(each))
  servers.push({ uri: server.uri, listen: texts(listen), sources: texts(sources) })
}
console.log(JSON.stringify({ workers: process.report.getReport().workers.length, listening: addresses(), servers }))
await instance.stop()
await set.stop()
`

async function run(links: boolean): Promise<Seen> {
  const { stdout } = await execa(process.execPath, ['--input-type=module', '-e', program(links)])
  return JSON.parse(stdout) as Seen
}

describe.skipIf(process.platform !== 'linux')('links', () => {
  test('that are off cost no thread and no socket, and nothing lies before the servers', async () => {
    const { workers, listening, servers } = await run(false)
    expect({ workers, listening }).toEqual({ workers: 0, listening: [] })
    for (const { uri, listen } of servers) expect(listen).toContain(uri)
    const [, one, other] = servers
    // Each member connects to the sockets of the members themselves.
    expect(one?.sources.length).toBe(2)
    expect(one?.sources).toEqual(other?.sources)
  })

  test('that are on have one thread, and sockets of their own', async () => {
    const { workers, listening, servers } = await run(true)
    expect(workers).toBe(1)
    // One link before the address of each of three servers, and two between the members.
    expect(listening).toHaveLength(5)
    for (const { uri, listen } of servers) expect(listen).not.toContain(uri)
    const [, one, other] = servers
    expect(one?.sources).not.toEqual(other?.sources)
  })
})
