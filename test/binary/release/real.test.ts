import { readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { beforeEach, expect, test } from 'vitest'
import type { Binary } from '../../../src/binary/binary.ts'
import { binaryVersion } from '../../../src/binary/binary-version.ts'
import type { Manifest } from '../../../src/binary/copy.ts'
import { currentSystem, isDebianLike } from '../../../src/binary/system.ts'
import { bundled } from '../../support/bundled.ts'
import { newInstance } from '../../support/instances.ts'
import { startDistribution } from '../distribution.ts'
import { canHide, findHideable, hiding } from '../hidden-libraries.ts'
import { linkPrograms, writeProgram } from '../programs.ts'
import { type Machine, newMachine, tarantool } from './fetching.ts'

// Packages that are made of the Tarantool that the tests run.
const program = process.env.TARANTOOL_BIN ?? ''
const version = await binaryVersion({ path: program, env: {}, source: 'TARANTOOL_BIN' })
const number = `${version.major}.${version.minor}.${version.patch}`
const isOld = version.major < 3
const hasSeries = !isOld || (version.major === 2 && version.minor >= 10)
const series = hasSeries ? `series-${version.major}` : `${version.major}.${version.minor}`
const { codename = '', id, like } = currentSystem()
const family = [id, ...like].includes('ubuntu') ? 'ubuntu' : 'debian'

let machine: Machine

beforeEach(async () => {
  machine = await newMachine()
})

// For the system that the tests run on, and for the one that they search as.
function add(depends = ''): void {
  const packages = [tarantool(`${number}.g0123456-1`, { program, depends })]
  if (!isOld) machine.vendor.add(`${series}/linux-deb`, packages)
  machine.vendor.add(`${series}/${family}`, packages, { distribution: codename })
  machine.vendor.add(`${series}/debian`, packages, { distribution: 'bookworm' })
}

/** All programs of this machine but Tarantool. */
function linkMachine(): void {
  for (const directory of ['/usr/bin', '/usr/sbin', '/bin', '/sbin']) {
    for (const name of readdirSync(directory)) {
      if (name.startsWith('tarantool')) continue
      try {
        symlinkSync(join(directory, name), join(machine.bin, name))
      } catch {
        // It is in several directories.
      }
    }
  }
}

const finder = await bundled(join(import.meta.dirname, 'finder.ts'))
const find = [process.execPath, finder, number] as const

test.skipIf(isOld && !isDebianLike(currentSystem()))('a server starts from a release', async () => {
  add()
  linkMachine()
  const before = { ...process.env }
  Object.assign(process.env, machine.env, { TARANTOOL_BIN: '', TARANTOOL_FIXTURE_VERSION: number })
  try {
    const instance = await newInstance({ appLua: 'function whoami() return box.info.version end' }).start()
    expect(await instance.call('whoami')).toEqual([version.text])
    expect(readdirSync(join(machine.cache, 'releases')).some(name => name.startsWith(number))).toBe(true)
    await instance.stop()
  } finally {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name]
    Object.assign(process.env, before)
  }
})

test.skipIf(!isOld)('libraries that cannot be had are named (before 3.0)', async () => {
  add('libc6 (>= 2.17), libicu70 (>= 70.1-1~), libssl3 | libssl1.1, netbase, zlib1g (>= 1:1.1.4)')
  linkPrograms(machine.bin, ['tar', 'sh'])
  writeProgram(join(machine.bin, 'ldd'), "echo '\tlibicui18n.so.70 => not found'")
  const { stderr } = await execa(find[0], find.slice(1), {
    ...{ env: { ...machine.env }, extendEnv: false, reject: false, cwd: machine.directory },
  })
  expect(stderr).toContain(`Tarantool ${number} needs libraries that this system does not have: libicui18n.so.70`)
  expect(stderr).toContain('sudo apt-get install libicu70 libssl3 zlib1g')
})

test.skipIf(!isOld || !canHide)('absent libraries are fetched (before 3.0, as root: it hides some)', async context => {
  const hideable = await findHideable(program)
  if (!hideable) return context.skip('this Tarantool loads none that can be hidden')
  const { packages, owners, depends } = hideable
  const { settings } = await startDistribution(packages)
  const work = machine.directory
  const [unshare, ...namespace] = (await hiding(work, hideable)) ?? []
  if (unshare === undefined) return context.skip('no mounts in this container')
  add(depends)
  linkMachine()
  const { stdout } = await execa(unshare, [...namespace, ...find], {
    ...{ env: { ...machine.env, TARANTOOL_BIN: '', APT_CONFIG: settings }, cwd: work },
  })
  const binary = JSON.parse(stdout) as Binary
  expect(binary.env.LD_LIBRARY_PATH).toContain(join(machine.cache, 'releases', number))
  const manifest = JSON.parse(readFileSync(join(binary.path, '../../../manifest.json'), 'utf8')) as Manifest
  expect(manifest.packages).toMatchObject(Object.fromEntries(owners.map(name => [name, '1-1'])))
  for (const name of hideable.names) expect(Object.keys(manifest.files).join('\n')).toContain(name)
})
