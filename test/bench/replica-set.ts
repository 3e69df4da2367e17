import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { locateBinary } from '../../src/binary/locate.ts'
import { TarantoolReplicaSet } from '../../src/index.ts'
import { freePort } from '../../src/instance/place/port.ts'
import { compare } from './pairs.ts'
import { report } from './report.ts'

const count = 3

// The same conditions as those of a member: it replicates with all others in both directions.
const scriptOf = (number: number, ports: readonly number[]): string => `
box.cfg{ listen = '127.0.0.1:${ports[number]}', custom_proc_title = 'bare', memtx_memory = 107374182, log_level = 5,
  replication = { ${ports.map(port => `'127.0.0.1:${port}'`).join(', ')} }, read_only = ${number > 0},
  replication_timeout = 0.1, feedback_enabled = false, log = 'log', wal_mode = 'write' }
if not box.info.ro then box.schema.user.grant('guest', 'super', nil, nil, { if_not_exists = true }) end
local function joined()
    local count = 0
    for _, replica in pairs(box.info.replication) do
        local is_peer = replica.upstream and replica.upstream.status == 'follow'
        if is_peer and replica.downstream and replica.downstream.status == 'follow' then count = count + 1 end
    end
    return count
end
while joined() < ${ports.length - 1} do require('fiber').sleep(0.001) end
io.stdout:write('ready\\n') io.stdout:flush()`

/** The same replica set by hand. Its files are there before the clock. */
async function startBareSet(): Promise<number> {
  const binary = await locateBinary()
  const ports: number[] = []
  for (let number = 0; number < count; number++) ports.push(await freePort())
  const directories = ports.map((_, number) => {
    const directory = mkdtempSync(join(tmpdir(), 'bench-'))
    writeFileSync(join(directory, 'init.lua'), scriptOf(number, ports))
    return directory
  })
  const began = performance.now()
  const servers = directories.map(
    (directory): ChildProcess =>
      spawn(binary.path, ['init.lua'], {
        cwd: directory,
        env: { ...process.env, ...binary.env },
        stdio: ['pipe', 'pipe', 'ignore'],
        detached: true,
      }),
  )
  await Promise.all(servers.map(({ stdout }) => once(stdout as Readable, 'data')))
  const took = performance.now() - began
  for (const server of servers) {
    server.kill('SIGKILL')
    await once(server, 'exit')
  }
  for (const directory of directories) rmSync(directory, { recursive: true })
  return took
}

async function startOurSet(options: { prefork: boolean; seedTemplate: boolean }): Promise<number> {
  const set = new TarantoolReplicaSet({ replicas: count, quiet: true, ...options })
  const began = performance.now()
  await set.start()
  const took = performance.now() - began
  await set.kill()
  return took
}

/** A replica set of three, beside three servers that replicate with each other. */
export async function benchReplicaSet(pairs: number): Promise<void> {
  const plain = await compare(pairs, () => startOurSet({ prefork: false, seedTemplate: false }), startBareSet)
  report('replica set of three, until ready, compared to three bare servers that replicate', plain, 1.15)
  const usual = await compare(pairs, () => startOurSet({ prefork: true, seedTemplate: true }), startBareSet)
  report('replica set of three, forked and from its template, compared to three bare servers that replicate', usual, 1)
}
