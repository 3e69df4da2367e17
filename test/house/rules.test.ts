import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findCircle, folderOf, readImports, sources } from './imports.ts'

// What each folder may import. Every folder may also import the files on top of src that are not public faces. A file on top of
// src may import the folder with its name, and stands for that folder.
const mayImport: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  version: [],
  config: ['version'],
  cache: [],
  log: [],
  link: ['protocol'],
  protocol: ['version'],
  binary: ['version', 'config', 'cache'],
  seed: ['config', 'cache', 'protocol'],
  isolation: ['config', 'protocol'],
  instance: ['version', 'config', 'binary', 'seed', 'log', 'link', 'protocol', 'isolation'],
  cluster: ['version', 'config', 'seed', 'log', 'link', 'protocol', 'isolation', 'instance'],
  coverage: ['config', 'instance'],
  broker: ['version', 'config', 'link', 'protocol', 'isolation', 'instance', 'cluster', 'coverage'],
  handle: ['version', 'config', 'log', 'link', 'protocol', 'isolation', 'broker'],
  report: ['broker'],
  vitest: ['version', 'config', 'protocol', 'isolation', 'broker', 'handle', 'report'],
  jest: ['version', 'config', 'protocol', 'isolation', 'broker', 'handle', 'report'],
  cli: ['version', 'config', 'binary', 'seed', 'cache', 'protocol', 'instance', 'cluster', 'broker'],
}
const publicFaces = ['index.ts', 'values.ts']

const imports = readImports()

test('every folder of src is known here', () => {
  const folders = new Set([...imports.keys()].map(folderOf))
  folders.delete('.')
  expect([...folders].sort()).toEqual(Object.keys(mayImport).sort())
})

test('imports go one way', () => {
  const wrong = []
  for (const [file, imported] of imports) {
    for (const other of imported) {
      const [from, to] = [folderOf(file), folderOf(other)]
      const isShared = to === '.' && !publicFaces.includes(other)
      const isWhole = file === `${to}.ts`
      const isAllowed =
        from === to || isWhole || isShared || publicFaces.includes(file) || mayImport[from]?.includes(to)
      if (!isAllowed) wrong.push(`${file} imports ${other}`)
    }
  }
  expect(wrong).toEqual([])
})

test('every import is of a file that exists', () => {
  const missing = [...imports].flatMap(([file, imported]) =>
    imported.filter(other => !imports.has(other)).map(other => `${file} imports ${other}`),
  )
  expect(missing).toEqual([])
})

test('no files import each other in a circle', () => {
  expect(findCircle(imports)).toBeUndefined()
  expect(
    findCircle(
      new Map([
        ['a', ['b']],
        ['b', ['c']],
        ['c', ['b']],
      ]),
    ),
  ).toEqual(['b', 'c', 'b'])
})

test('instances know no runner, in their messages neither', () => {
  const below = [...imports.keys()].filter(file => ['instance', 'cluster', 'seed', 'coverage'].includes(folderOf(file)))
  const named = below.filter(file => /\b(?:vitest|jest)\b|\buseTarantool\b|\bdefineTarantool\b/i.test(textOf(file)))
  expect(named).toEqual([])
})

test('constants are named like other variables', () => {
  const shouting = [...imports.keys()].filter(file => /^(?:export )?const [A-Z][A-Z0-9_]+\b/m.test(textOf(file)))
  expect(shouting).toEqual([])
})

const textOf = (file: string): string => readFileSync(join(sources, file), 'utf8')
