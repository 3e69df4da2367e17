import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { beforeEach, expect, test } from 'vitest'
import { clearTarantools, listTarantools, pruneReleases } from '../../src/binary/release/store.ts'
import { beyondBounds } from '../../src/cache/bounds.ts'
import { processScope } from '../../src/cache/process-scope.ts'
import { entriesInUse, noteUse } from '../../src/cache/uses.ts'
import { temporaryDirectory } from '../support/instances.ts'

let root = ''

beforeEach(() => {
  root = temporaryDirectory()
})

const hour = 3_600_000

/** A release that was last used so many hours ago. */
function addRelease(name: string, age: number, bytes = 1000): string {
  const directory = join(root, 'releases', name)
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, 'program'), Buffer.alloc(bytes))
  const then = new Date(Date.now() - age * hour)
  utimesSync(directory, then, then)
  return directory
}

const releases = (): string[] => readdirSync(join(root, 'releases')).filter(name => !name.startsWith('.'))

test('entries beyond the number or the size, the last ones', () => {
  const entries = [1, 2, 3, 4].map(bytes => ({ bytes }))
  expect(beyondBounds(entries, { count: 3, bytes: 100 })).toEqual([{ bytes: 4 }])
  expect(beyondBounds(entries, { count: 9, bytes: 3 })).toEqual([{ bytes: 3 }, { bytes: 4 }])
  expect(beyondBounds(entries, { count: 0, bytes: 0 }, ({ bytes }) => bytes < 4)).toEqual([{ bytes: 4 }])
})

test('the longest unused releases go, and never one in use or the one just made', async () => {
  addRelease('3.1.0-linux-amd64', 1)
  addRelease('3.2.0-linux-amd64', 2)
  noteUse(addRelease('3.3.0-linux-amd64', 3))
  addRelease('3.4.0-linux-amd64', 4)
  addRelease('3.5.0-linux-amd64', 5)
  mkdirSync(join(root, 'releases', 'other'))
  // A use makes it the most recently used.
  expect((await listTarantools(root)).map(({ name, isInUse }) => [name.slice(0, 3), isInUse])).toEqual([
    ['3.3', true],
    ['3.1', false],
    ['3.2', false],
    ['3.4', false],
    ['3.5', false],
  ])
  await pruneReleases(root, '3.5.0-linux-amd64', { count: 1, bytes: 1e9 })
  expect(releases().sort()).toEqual(['3.3.0-linux-amd64', '3.5.0-linux-amd64', 'other'])
})

test('size counts, too', async () => {
  for (const [index, bytes] of [500, 500, 500].entries()) addRelease(`3.${index}.0-linux-amd64`, index, bytes)
  await pruneReleases(root, '', { count: 9, bytes: 1200 })
  expect(releases().sort()).toEqual(['3.0.0-linux-amd64', '3.1.0-linux-amd64'])
})

test('a use ends with its process', async () => {
  const directory = addRelease('3.1.0-linux-amd64', 1)
  const uses = new URL('../../src/cache/uses.ts', import.meta.url).href
  const script = `
    import { noteUse } from '${uses}'
    noteUse(process.argv[1])
    process.stdin.resume()
    process.stdout.write('noted')`
  const child = execa(
    process.execPath,
    ['--import', import.meta.resolve('tsx'), '--input-type=module', '-e', script, directory],
    {
      reject: false,
    },
  )
  await new Promise(resolve => child.stdout.once('data', resolve))
  expect(entriesInUse(join(root, 'releases'))).toEqual(new Set(['3.1.0-linux-amd64']))
  child.kill('SIGKILL')
  await child
  expect(entriesInUse(join(root, 'releases'))).toEqual(new Set())
  expect(readdirSync(join(root, 'releases/.uses'))).toEqual([])
})

test('a use of one thread does not end with another', async () => {
  const directory = addRelease('3.1.0-linux-amd64', 1)
  const uses = new URL('../../src/cache/uses.ts', import.meta.url).href
  const script = `
    import { Worker } from 'node:worker_threads'
    import { noteUse } from '${uses}'
    noteUse(process.argv[1])
    const inThread = \`import('${import.meta.resolve('tsx/esm/api')}').then(async ({ register }) => {
      register()
      const { noteUse } = await import('${uses}')
      noteUse(\${JSON.stringify(process.argv[1])})
    })\`
    new Worker(inThread, { eval: true, execArgv: [] }).once('exit', code => {
      process.stdin.resume()
      process.stdout.write(String(code))
    })`
  const child = execa(
    process.execPath,
    ['--import', import.meta.resolve('tsx'), '--input-type=module', '-e', script, directory],
    { reject: false },
  )
  const code = await new Promise(resolve => child.stdout.once('data', resolve))
  expect(String(code)).toBe('0')
  expect(entriesInUse(join(root, 'releases'))).toEqual(new Set(['3.1.0-linux-amd64']))
  child.kill('SIGKILL')
  await child
})

test('the use of a process elsewhere is believed for a day', () => {
  const place = join(addRelease('3.1.0-linux-amd64', 1), '../.uses')
  mkdirSync(place)
  for (const [name, age] of [
    ['old', 25],
    ['new', 23],
  ] as const) {
    const note = join(place, `${name}@elsewhere@1`)
    writeFileSync(note, '')
    const then = new Date(Date.now() - age * hour)
    utimesSync(note, then, then)
  }
  expect(processScope()).not.toBe('elsewhere')
  expect(entriesInUse(join(root, 'releases'))).toEqual(new Set(['new']))
})

test('clear removes all that nobody uses, and remains of downloads', async () => {
  addRelease('3.1.0-linux-amd64', 1)
  noteUse(addRelease('3.2.0-linux-amd64', 1))
  const downloads = join(root, 'releases/.downloads')
  mkdirSync(downloads)
  for (const [name, age] of [
    ['old.partial', 1],
    ['new.partial', 0],
  ] as const) {
    writeFileSync(join(downloads, name), 'part')
    utimesSync(join(downloads, name), new Date(Date.now() - age * hour), new Date(Date.now() - age * hour))
  }
  expect(await clearTarantools(root)).toEqual({ removed: 1, inUse: 1 })
  expect(releases()).toEqual(['3.2.0-linux-amd64'])
  expect(readdirSync(downloads)).toEqual(['new.partial'])
})
