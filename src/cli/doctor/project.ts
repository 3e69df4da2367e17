import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { describeBinary } from '../../binary/announce.ts'
import { binaryVersion } from '../../binary/binary-version.ts'
import { locateBinary } from '../../binary/locate.ts'
import { resolveFixture } from '../../config/fixture-config.ts'
import { BinaryNotFoundError } from '../../errors.ts'
import { TarantoolInstance } from '../../instance/instance.ts'
import { findProjectFile, loadProject } from '../project.ts'
import type { Finding } from './finding.ts'

const versionOf = (text: string): [number, number] => {
  const [major = 0, minor = 0] = text.replace(/^v/, '').split('.').map(Number)
  return [major, minor]
}

export function checkNode(): Finding {
  const [major, minor] = versionOf(process.version)
  const isSupported = (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22
  return isSupported
    ? { subject: 'Node', state: 'ok', says: process.versions.node }
    : { subject: 'Node', state: 'problem', says: process.versions.node, advice: 'Use Node 20.19, 22.12 or later.' }
}

const runners = [
  {
    name: 'vitest',
    isSupported: ([major, minor]: [number, number]) => major > 3 || (major === 3 && minor >= 2),
    needs: '3.2',
  },
  {
    name: 'jest',
    isSupported: ([major, minor]: [number, number]) => major > 29 || (major === 29 && minor >= 7),
    needs: '29.7',
  },
]

function installedVersion(name: string): string | undefined {
  try {
    const path = createRequire(join(process.cwd(), 'package.json')).resolve(`${name}/package.json`)
    return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version
  } catch {
    return undefined
  }
}

export function checkRunners(): Finding {
  const found = runners.flatMap(runner => {
    const version = installedVersion(runner.name)
    return version === undefined ? [] : [{ ...runner, version }]
  })
  const says = found.map(({ name, version }) => `${name} ${version}`).join(', ')
  const tooOld = found.find(({ isSupported, version }) => !isSupported(versionOf(version)))
  if (tooOld)
    return { subject: 'Runner', state: 'problem', says, advice: `Use ${tooOld.name} ${tooOld.needs} or later.` }
  if (found.length > 0) return { subject: 'Runner', state: 'ok', says }
  const advice = 'Install vitest or jest, or use TarantoolInstance without a runner.'
  return { subject: 'Runner', state: 'note', says: `neither vitest nor jest in ${process.cwd()}`, advice }
}

export async function checkConfig(named?: string): Promise<Finding> {
  const file = named ?? findProjectFile(process.cwd())
  if (file === undefined) {
    const advice = 'Name it with --config. Without a config, the checks are for a server with all defaults.'
    return { subject: 'Config', state: 'note', says: 'neither a tarantool.config file nor test/tarantool.ts', advice }
  }
  const project = await loadProject(process.cwd(), named)
  const { servers } = resolveFixture(project.config, project.baseDir)
  return { subject: 'Config', state: 'ok', says: `${project.file}: ${[...servers.keys()].join(', ')}` }
}

export async function checkTarantool(): Promise<Finding> {
  try {
    const env = { ...process.env, TARANTOOL_FIXTURE_INSTALL: '0' }
    const binary = await locateBinary({ env, quiet: true })
    return { subject: 'Tarantool', state: 'ok', says: describeBinary(binary, await binaryVersion(binary)) }
  } catch (error) {
    // A program that the user has named is not replaced by a download.
    const { TARANTOOL_BIN, TARANTOOL_FIXTURE_INSTALL } = process.env
    const isFetched = error instanceof BinaryNotFoundError && !TARANTOOL_BIN && TARANTOOL_FIXTURE_INSTALL !== '0'
    if (!isFetched) throw error
    const advice = 'The first run downloads it. To download it now: npx tarantool-fixture install'
    return { subject: 'Tarantool', state: 'note', says: 'none on this machine', advice }
  }
}

/** Starts one server with all defaults, and ends it. */
export async function checkStart(): Promise<Finding> {
  const instance = new TarantoolInstance({ quiet: true })
  const begin = performance.now()
  try {
    await instance.start()
    const ready = Math.round(performance.now() - begin)
    const [sum] = await instance.eval('return 1 + 1')
    const says = `a server was ready after ${ready} ms, and answered ${String(sum)} to 1 + 1`
    return { subject: 'Start', state: 'ok', says }
  } finally {
    await instance.stop()
  }
}
