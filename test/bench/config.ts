import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { binaryVersion } from '../../src/binary/binary-version.ts'
import { locateBinary } from '../../src/binary/locate.ts'
import { type ClusterOptions, TarantoolCluster } from '../../src/index.ts'
import { freePort } from '../../src/instance/place/port.ts'
import { isAtLeast } from '../../src/version/version.ts'
import { compare } from './pairs.ts'
import { report } from './report.ts'

interface Application {
  readonly config: string
  readonly instances: readonly string[]
}

const users =
  'credentials: { users: { replicator: { password: secret, roles: [replication] }, app: { password: secret, roles: [super] } } }'

const one: Application = {
  config: `${users}\ngroups: { g: { replicasets: { r: { instances: { i-001: {} } } } } }`,
  instances: ['i-001'],
}

const three: Application = {
  config: `${users}
iproto: { advertise: { peer: { login: replicator } } }
replication: { failover: manual, timeout: 0.1 }
groups: { g: { replicasets: { r: { leader: i-001, instances: { i-001: {}, i-002: {}, i-003: {} } } } } }`,
  instances: ['i-001', 'i-002', 'i-003'],
}

// The same conditions as in fixtures/cluster/readiness.lua, for a cluster whose leader is known.
const readiness = `
local name, peers = ...
local function is_ready()
    if require('config'):info().status ~= 'ready' or box.info.status ~= 'running' then return false end
    local joined = 0
    for _, replica in pairs(box.info.replication) do
        local is_peer = replica.upstream and replica.upstream.status == 'follow'
        if is_peer and replica.downstream and replica.downstream.status == 'follow' then joined = joined + 1 end
    end
    return joined == peers and (name ~= 'i-001' or not box.info.ro)
end
require('fiber').create(function()
    while true do
        local done, ready = pcall(is_ready)
        if done and ready then break end
        require('fiber').sleep(0.001)
    end
    io.stdout:write('ready\\n')
    io.stdout:flush()
end)`

interface Running {
  readonly child: ChildProcess
  readonly ready: Promise<unknown>
}

// Logs of Tarantool go to stderr, so the first line of stdout is the marker.
function startInstance(path: string, directory: string, name: string, { instances }: Application): Running {
  const lua = `assert(loadfile('${join(directory, 'readiness.lua')}'))('${name}', ${instances.length - 1})`
  const child = spawn(path, ['-e', lua, '--name', name, '--config', join(directory, 'config.yaml')], {
    cwd: directory,
    // With `-e`, Tarantool reads its stdin to the end.
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  })
  return { child, ready: once(child.stdout as Readable, 'data') }
}

/** The same application by hand: the same config and the same conditions. Its files are there before the clock. */
async function startBare(application: Application): Promise<number> {
  const { path } = await locateBinary()
  const directory = mkdtempSync(join(tmpdir(), 'bench-'))
  const addresses: Record<string, string> = {}
  for (const name of application.instances) {
    mkdirSync(join(directory, name))
    addresses[name] = `127.0.0.1:${await freePort()}`
  }
  const ofInstance = (name: string): string =>
    `${name}: { iproto: { listen: [ { uri: 'unix/:${directory}/${name}.s' }, { uri: '${addresses[name]}' } ] } }`
  const config = application.instances.reduce(
    (text, name) => text.replace(`${name}: {}`, ofInstance(name)),
    application.config,
  )
  const places = ['snapshot', 'vinyl', 'wal'].map(option => `${option}: { dir: '{{ instance_name }}' }`)
  writeFileSync(
    join(directory, 'config.yaml'),
    [
      config,
      ...places,
      "console: { socket: '{{ instance_name }}/c' }",
      'log: { to: file, file: "{{ instance_name }}/log" }',
    ].join('\n'),
  )
  writeFileSync(join(directory, 'readiness.lua'), readiness)
  const began = performance.now()
  const running = application.instances.map(name => startInstance(path, directory, name, application))
  await Promise.all(running.map(({ ready }) => ready))
  const took = performance.now() - began
  for (const { child } of running) {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  rmSync(directory, { recursive: true })
  return took
}

async function startOurs(app: string, { seedTemplate = false, ...seed }: Seeding = {}): Promise<number> {
  const cluster = new TarantoolCluster({ app, quiet: true, seedTemplate, ...seed })
  const began = performance.now()
  await cluster.start()
  const took = performance.now() - began
  await cluster.kill()
  return took
}

type Seeding = Pick<ClusterOptions, 'seedTemplate' | 'seedLua'>

const rows = 100_000

const seedLua = `
  local users = box.schema.space.create('users')
  users:create_index('primary')
  for id = 1, ${rows} do
    if id % 1000 == 1 then box.begin() end
    users:insert({ id, 'user ' .. id })
    if id % 1000 == 0 then box.commit() end
  end`

/** Starts from a template, beside starts that bootstrap the cluster, and seed it. */
async function benchTemplate(pairs: number, directory: string): Promise<void> {
  const before = process.env.TARANTOOL_FIXTURE_CACHE
  process.env.TARANTOOL_FIXTURE_CACHE = join(directory, 'cache')
  try {
    for (const [name, seed] of [
      ['cluster of three instances from a template, compared to a bootstrap', {}],
      [
        `cluster of three instances from a template of ${rows.toLocaleString('en')} rows, compared to seeding them`,
        { seedLua },
      ],
    ] as const) {
      // Made, and tried.
      await startOurs(directory, { ...seed, seedTemplate: true })
      await startOurs(directory, { ...seed, seedTemplate: true })
      const result = await compare(
        pairs,
        () => startOurs(directory, { ...seed, seedTemplate: true }),
        () => startOurs(directory, seed),
      )
      report(name, result)
    }
  } finally {
    if (before === undefined) delete process.env.TARANTOOL_FIXTURE_CACHE
    else process.env.TARANTOOL_FIXTURE_CACHE = before
  }
}

/** The first start of a process, which has Tarantool read the config. Later ones read the config again if it is changed. */
async function benchFirst(pairs: number, directory: string): Promise<void> {
  const result = await compare(
    pairs,
    () => {
      writeFileSync(join(directory, 'config.yaml'), one.config)
      return startOurs(directory)
    },
    () => startBare(one),
  )
  report('first cluster of a process, whose config is read, compared to a bare `tarantool --name --config`', result)
}

/** Tarantool 3 applications, beside the same instances by hand. */
export async function benchConfig(pairs: number): Promise<void> {
  if (!isAtLeast(await binaryVersion(await locateBinary(), { commandArgs: [] }), 3, 0)) {
    console.log('clusters: Tarantool 3.0 or later only')
    return
  }
  for (const [name, application, limit] of [
    ['cluster of one instance, until ready, compared to a bare `tarantool --name --config`', one, 1.1],
    ['cluster of three instances, until ready, compared to three bare ones', three, 1.15],
  ] as const) {
    const directory = mkdtempSync(join(tmpdir(), 'bench-'))
    writeFileSync(join(directory, 'config.yaml'), application.config)
    const result = await compare(
      pairs,
      () => startOurs(directory),
      () => startBare(application),
    )
    report(name, result, limit)
    if (application === one) await benchFirst(pairs, directory)
    else await benchTemplate(pairs, directory)
    rmSync(directory, { recursive: true })
  }
}
