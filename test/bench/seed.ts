import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type InstanceOptions, TarantoolInstance } from '../../src/index.ts'
import { compare } from './pairs.ts'
import { report } from './report.ts'

const rows = 100_000

const appLua = `
  local users = box.schema.space.create('users', { if_not_exists = true, format = {
    { 'id', 'unsigned' }, { 'name', 'string' }, { 'email', 'string' } } })
  users:create_index('primary', { if_not_exists = true })
  users:create_index('email', { parts = { 3, 'string' }, if_not_exists = true })`

const seedLua = `
  for id = 1, ${rows} do
    box.space.users:insert({ id, 'user ' .. id, 'user' .. id .. '@example.org' })
  end`

async function timeOfStart(options: InstanceOptions): Promise<number> {
  const instance = new TarantoolInstance({ appLua, timeout: 60_000, ...options })
  const began = performance.now()
  await instance.start()
  const took = performance.now() - began
  await instance.stop()
  return took
}

/** Start from the template of a seeded database, beside a start that seeds. */
export async function benchSeed(pairs: number): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'bench-'))
  const before = process.env.TARANTOOL_FIXTURE_CACHE
  process.env.TARANTOOL_FIXTURE_CACHE = join(directory, 'cache')
  const seed = join(directory, 'users.ndjson')
  const row = (id: number): string => JSON.stringify({ id, name: `user ${id}`, email: `user${id}@example.org` })
  writeFileSync(seed, Array.from({ length: rows }, (_, index) => row(index + 1)).join('\n'))
  try {
    for (const [name, options] of [
      ['Lua', { seedLua }],
      ['NDJSON', { seed }],
    ] as const) {
      // Made, and tried.
      await timeOfStart(options)
      await timeOfStart(options)
      const comparison = await compare(
        pairs,
        () => timeOfStart(options),
        () => timeOfStart({ ...options, seedTemplate: false }),
      )
      report(
        `start from a template of ${rows.toLocaleString('en')} rows, compared to seeding them by ${name}`,
        comparison,
        0.5,
      )
    }
  } finally {
    if (before === undefined) delete process.env.TARANTOOL_FIXTURE_CACHE
    else process.env.TARANTOOL_FIXTURE_CACHE = before
    rmSync(directory, { recursive: true })
  }
}
