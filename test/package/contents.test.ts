import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { repository } from '../support/npm.ts'
import { packPackage } from './packed.ts'

const { tarball, directory, manifest } = await packPackage()

const files = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter(file =>
  statSync(join(directory, file)).isFile(),
)

const pathsIn = (value: unknown): string[] =>
  typeof value === 'string' ? [value] : Object.values(value as object).flatMap(pathsIn)

test('what is published: code and types, Lua, and what users read', () => {
  const needed =
    /^(package\.json|README\.md|CHANGELOG\.md|SECURITY\.md|LICENSE|docs\/[\w-]+\.md|fixtures\/.+\.(lua|sh)|dist\/.+\.(js|cjs|d\.ts|d\.cts)|dist\/report\/page\.html)$/
  expect(files.filter(file => !needed.test(file) || file.includes('draft'))).toEqual([])
})

test('all Lua that the sources have is in it', () => {
  const tracked = execFileSync('git', ['ls-files', 'fixtures/*.lua', 'fixtures/*.sh'], {
    cwd: repository,
    encoding: 'utf8',
  })
    .trim()
    .split('\n')
  expect(files).toEqual(expect.arrayContaining(tracked))
})

test.each(files.filter(file => file.endsWith('.md')))(
  'what %s links to is in it, or at least in the repository',
  page => {
    const links = [...readFileSync(join(directory, page), 'utf8').matchAll(/\]\((?!https?:|#)([^)#]+)/g)]
    const outside = /^(CONTRIBUTING\.md$|docs\/api\/|examples(\/|$))/
    const place = (path: string): string => join(outside.test(path) ? repository : directory, path)
    expect(links.map(([, path = '']) => join(page, '..', path)).filter(path => !existsSync(place(path)))).toEqual([])
  },
)

test('it is smaller than 650 kB', () => {
  expect(statSync(tarball).size).toBeLessThan(650_000)
})

test('what package.json names is there', () => {
  const { exports, typesVersions, sideEffects, bin } = manifest
  const named = pathsIn([exports, typesVersions, sideEffects, bin])
  expect(named.filter(path => !existsSync(join(directory, path)))).toEqual([])
})

test('each entry has types for import and for require', () => {
  const typesOf = (path: string): string => path.replace(/\.(c?)js$/, '.d.$1ts')
  const code = pathsIn(manifest.exports).filter(path => /\.c?js$/.test(path))
  expect(code.filter(path => !existsSync(join(directory, typesOf(path))))).toEqual([])
})

test('nothing in it is a path of the machine that built it', () => {
  const text = (file: string): string => readFileSync(join(directory, file), 'utf8')
  expect(files.filter(file => text(file).includes(repository.replace(/\/$/, '')))).toEqual([])
  expect(files.filter(file => homedir() !== '/' && text(file).includes(`${homedir()}/`))).toEqual([])
})
