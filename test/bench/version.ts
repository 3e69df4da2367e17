import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { binaryVersion } from '../../src/binary/binary-version.ts'
import { locateBinary } from '../../src/binary/locate.ts'
import { finishCopy, program } from '../../src/binary/new-copy.ts'
import { copyName, releasesRoot } from '../../src/binary/release/store.ts'
import { currentSystem } from '../../src/binary/system.ts'
import { repository } from '../support/npm.ts'
import { compare } from './pairs.ts'
import { report } from './report.ts'

// A process of its own, because the search is made once per process.
const script = `
  import { TarantoolInstance } from '${join(repository, 'dist/index.js')}'
  const began = performance.now()
  const instance = await new TarantoolInstance().start()
  console.log(performance.now() - began)
  await instance.stop()`

function startIn(env: NodeJS.ProcessEnv): number {
  const args = ['--input-type=module', '--eval', script]
  return Number(
    execFileSync(process.execPath, args, {
      env: { ...process.env, ...env },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  )
}

// All programs but Tarantool.
function linkAllBut(directory: string, to: string): void {
  const names = existsSync(directory) ? readdirSync(directory) : []
  for (const name of names.filter(name => name !== 'tarantool' && !existsSync(join(to, name)))) {
    symlinkSync(join(directory, name), join(to, name))
  }
}

/** The first start of a process, with a release that is named in full and in the cache, beside one with it on PATH. */
export async function benchVersion(pairs: number): Promise<void> {
  const binary = await locateBinary()
  const version = await binaryVersion(binary)
  const directory = mkdtempSync(join(tmpdir(), 'bench-'))
  try {
    const root = join(directory, 'cache')
    const place = join(releasesRoot(root), copyName(version, currentSystem(), true))
    mkdirSync(join(place, dirname(program)), { recursive: true })
    copyFileSync(binary.path, join(place, program))
    await finishCopy(place, { packages: {}, libraryPath: [], libraries: [] })
    const bin = join(directory, 'bin')
    mkdirSync(bin)
    symlinkSync(binary.path, join(bin, 'tarantool'))
    const others = join(directory, 'others')
    mkdirSync(others)
    for (const entry of (process.env.PATH ?? '').split(delimiter)) linkAllBut(entry, others)
    const { major, minor, patch } = version
    const common = { TARANTOOL_BIN: '', TARANTOOL_FIXTURE_CACHE: root }
    const start = await compare(
      pairs,
      async () => startIn({ ...common, PATH: others, TARANTOOL_FIXTURE_VERSION: `${major}.${minor}.${patch}` }),
      async () => startIn({ ...common, PATH: [bin, others].join(delimiter) }),
    )
    report('first start of a process with a version from the cache, compared to a `tarantool` on PATH', start, 1.02)
  } finally {
    rmSync(directory, { recursive: true })
  }
}
