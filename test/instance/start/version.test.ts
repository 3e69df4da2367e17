import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { type InstanceOptions, InvalidOptionError, TarantoolSyncInstance } from '../../../src/index.ts'
import { listTemplates, templatesRoot } from '../../../src/seed/template-cache.ts'
import { fakeVersions } from '../../support/fake-versions.ts'
import { newInstance, startInstance, temporaryDirectory, useOwnCache } from '../../support/instances.ts'

useOwnCache()

const old = '2.11.8-0-g1234567'
const recent = '3.8.0-0-g1234567'

/** Programs of two versions on PATH. Returns their directory. */
function twoOnPath(): string {
  const directory = temporaryDirectory()
  for (const [name, value] of Object.entries(fakeVersions(directory, [old, recent]))) vi.stubEnv(name, value)
  onTestFinished(() => {
    vi.unstubAllEnvs()
  })
  return join(directory, 'bin')
}

const saidBy = async (options: InstanceOptions): Promise<unknown> => {
  const instance = await startInstance(options)
  const [said] = await instance.eval("return os.getenv('SAID_VERSION')")
  return said
}

describe('the option version', () => {
  test.each([
    ['2.11', old],
    ['2', old],
    ['3', recent],
    ['3.8', recent],
    ['3.8.0', recent],
  ])('%s finds the program that fits, wherever on PATH', async (version, said) => {
    twoOnPath()
    expect(await saidBy({ version })).toBe(said)
  })

  test('goes before TARANTOOL_FIXTURE_VERSION, which goes before the first on PATH', async () => {
    twoOnPath()
    expect(await saidBy({})).toBe(old)
    vi.stubEnv('TARANTOOL_FIXTURE_VERSION', '3')
    expect(await saidBy({})).toBe(recent)
    expect(await saidBy({ version: '2.11' })).toBe(old)
  })

  test('passes a TARANTOOL_BIN by that does not fit', async () => {
    const bin = twoOnPath()
    vi.stubEnv('TARANTOOL_BIN', join(bin, old, 'tarantool'))
    expect(await saidBy({ version: '3' })).toBe(recent)
    expect(await saidBy({ version: '2' })).toBe(old)
  })

  test('is in the name of the server, and so in its errors', async () => {
    twoOnPath()
    const instance = newInstance({ version: '3', appLua: "error('broken')" })
    await expect(instance.start()).rejects.toThrow(/broken \(Tarantool 3\[127\.0\.0\.1:\d+\] did not start\)/)
    expect(instance.fingerprint).toMatch(/^Tarantool 3\[/)
    expect(newInstance({}).fingerprint).toMatch(/^Tarantool\[/)
    vi.stubEnv('TARANTOOL_FIXTURE_VERSION', '2.11')
    expect(newInstance({}).fingerprint).toMatch(/^Tarantool 2\.11\[/)
  })

  test('agrees with a commandToRun of that version', async () => {
    const bin = twoOnPath()
    expect(await saidBy({ version: '2.11', commandToRun: join(bin, old, 'tarantool') })).toBe(old)
  })

  test('in TARANTOOL_FIXTURE_VERSION does not change, forbid or name a commandToRun', async () => {
    const commandToRun = join(twoOnPath(), old, 'tarantool')
    vi.stubEnv('TARANTOOL_FIXTURE_VERSION', '3')
    expect(await saidBy({ commandToRun })).toBe(old)
    const instance = newInstance({ commandToRun, appLua: "error('broken')" })
    await expect(instance.start()).rejects.toThrow(/broken \(Tarantool\[127\.0\.0\.1:\d+\] did not start\)/)
  })

  test('contradicts a commandToRun of another, in both classes', async () => {
    const options = { version: '3', commandToRun: join(twoOnPath(), old, 'tarantool') }
    const says = /^version is '3', but commandToRun is \S+\/tarantool, which is Tarantool 2\.11\.8.*\nLeave out/
    const start = async (): Promise<unknown> => await newInstance(options).start()
    const startBlocking = async (): Promise<unknown> => new TarantoolSyncInstance(options).start()
    for (const action of [start, startBlocking]) {
      const error: unknown = await action().catch(reason => reason)
      expect(error).toBeInstanceOf(InvalidOptionError)
      expect((error as Error).message).toMatch(says)
    }
  })

  test('that nothing fits is an error with what is there', async () => {
    twoOnPath()
    const error: unknown = await newInstance({ version: '2.10' })
      .start()
      .catch(reason => reason)
    expect((error as Error).message).toMatch(
      /No Tarantool 2\.10 was found[\s\S]*is Tarantool 2\.11\.8[\s\S]*Tarantool 3\.8\.0/,
    )
  })
})

test('a server of one version does not start from the template of another', async () => {
  twoOnPath()
  const options = {
    appLua:
      "box.schema.space.create('said', { if_not_exists = true }):create_index('pk', { if_not_exists = true, parts = { 1, 'string' } })",
    seedLua: "box.space.said:insert({ os.getenv('SAID_VERSION') })",
  }
  for (const [version, said] of [
    ['2', old],
    ['3', recent],
    ['2', old],
    ['3', recent],
  ] as const) {
    const instance = await startInstance({ ...options, version })
    expect(await instance.eval('return box.space.said:select()')).toEqual([[[said]]])
  }
  expect(await listTemplates(templatesRoot() ?? '')).toHaveLength(2)
})

test('both classes tell versions that can be compared', async () => {
  const instance = await startInstance({})
  const blocking = new TarantoolSyncInstance().start()
  onTestFinished(() => blocking.stop())
  const [text] = await instance.eval<[string]>('return box.info.version')
  for (const version of [instance.version(), await instance.binVersion(), blocking.version(), blocking.binVersion()]) {
    expect(version.text).toBe(text)
    expect(version.isAtLeast(version.major, version.minor, version.patch)).toBe(true)
    expect(version.isAtLeast(version.major, version.minor, version.patch + 1)).toBe(false)
    expect(version.isAtLeast(1, 10)).toBe(true)
  }
})
