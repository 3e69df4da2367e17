import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { repository } from '../../support/npm.ts'
import { type Compiler, compile, compilers } from '../support/compilers.ts'
import { Project } from '../support/project.ts'
import { isJest, jests, type Runner, vitests } from '../support/runners.ts'

const [oldest, middle, newest] = compilers as [Compiler, Compiler, Compiler]

/** How the compiler finds the package, and as what: a project is ES modules or CommonJS by its package.json. */
interface Mode {
  readonly mode: string
  readonly type: 'module' | 'commonjs'
  readonly options: object
}

const nodeNext = { module: 'nodenext' }
const node16 = { module: 'node16' }
const bundler = { module: 'preserve', moduleResolution: 'bundler' }
const modes: readonly Mode[] = [
  { mode: 'nodenext', type: 'module', options: nodeNext },
  { mode: 'node16', type: 'module', options: node16 },
  { mode: 'bundler', type: 'module', options: bundler },
  { mode: 'nodenext', type: 'commonjs', options: nodeNext },
  { mode: 'node16', type: 'commonjs', options: node16 },
  { mode: 'bundler', type: 'commonjs', options: bundler },
]

const settings = {
  target: 'es2023',
  lib: ['es2023', 'esnext.disposable', 'dom'],
  types: ['node'],
  typeRoots: [join(repository, 'node_modules', '@types')],
  // Of the repository's own Vitest; Jest has none.
  paths: { 'expect-type': [join(repository, 'node_modules', 'expect-type', 'dist', 'index.d.ts')] },
  strict: true,
  exactOptionalPropertyTypes: true,
  isolatedModules: true,
  esModuleInterop: true,
  noEmit: true,
  skipLibCheck: true,
}

function programs(...directories: readonly string[]): Record<string, string> {
  const files = directories.flatMap(name => {
    const directory = join(import.meta.dirname, 'programs', name)
    return readdirSync(directory).map(file => [file, readFileSync(join(directory, file), 'utf8')])
  })
  return Object.fromEntries(files) as Record<string, string>
}

const nameOf = ({ mode, type }: Mode): string => `${mode}-${type}`

/**
 * What a compiler says of the programs for a runner, which use every entry that is for it, from the packed package. Each
 * mode is a project, in a directory with the mode's name.
 */
async function complaints(compiler: Compiler, runner: Runner, modesOfRun: readonly Mode[]): Promise<string> {
  const texts = Object.entries(programs('core', isJest(runner) ? 'jest' : 'vitest'))
  const project = new Project(
    runner,
    Object.fromEntries(
      modesOfRun.flatMap(mode => [
        ...texts.map(([file, text]) => [`${nameOf(mode)}/${file}`, text]),
        [`${nameOf(mode)}/package.json`, JSON.stringify({ private: true, type: mode.type })],
        [`${nameOf(mode)}/tsconfig.json`, JSON.stringify({ compilerOptions: { ...settings, ...mode.options } })],
      ]),
    ),
  )
  return await compile(compiler, project.directory, modesOfRun.map(nameOf))
}

function isFit({ type, options }: Mode, compiler: Compiler, runner: Runner): boolean {
  // Vitest's own entries vitest/config and vitest/node have no types for it.
  if (!isJest(runner) && type === 'commonjs' && options === node16) return false
  // The older ones are slow: with them, what is usual with the runner.
  return compiler === newest || type === (isJest(runner) ? 'commonjs' : 'module')
}

describe.each(compilers)('$name', compiler => {
  test.each([vitests[1], jests[1]] as Runner[])('$name', async runner => {
    const fit = modes.filter(mode => isFit(mode, compiler, runner))
    expect(await complaints(compiler, runner, fit)).toBe('')
  })
})

test.each([vitests[0], vitests[2], jests[0]] as Runner[])(`${middle.name}, $name, nodenext`, async runner => {
  const nodeNextModes = modes.filter(({ options }) => options === nodeNext)
  expect(await complaints(middle, runner, nodeNextModes)).toBe('')
})

// What `module: 'commonjs'` means by default, as in most projects that run ts-jest.
test(`${oldest.name}, CommonJS, module resolution node10`, async () => {
  const options = { module: 'commonjs', moduleResolution: 'node10' }
  expect(await complaints(oldest, jests[1] as Runner, [{ mode: 'node10', type: 'commonjs', options }])).toBe('')
})

test.each([middle, newest])('$name, CommonJS, module resolution bundler', async compiler => {
  const options = { module: 'commonjs', moduleResolution: 'bundler' }
  expect(await complaints(compiler, jests[1] as Runner, [{ mode: 'bundler', type: 'commonjs', options }])).toBe('')
})
