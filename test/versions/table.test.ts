import { expect, test } from 'vitest'
import { type Row, writeInto } from './table.ts'

const row = (version: string, commit: string): Row => ({ version, date: '2026-01-02', commit, results: ['1 passed'] })
const empty = 'Before\n\n<!-- npm run test:versions writes from here -->\n\n<!-- to here -->\n\nAfter\n'
const versionsAndCommits = (page: string): (string | undefined)[] =>
  [...page.matchAll(/^\| (\d\S+) .* (\S+) \|$/gm)].map(([, version, commit]) => `${version} ${commit}`)

test('a run replaces the row of its version, keeps the others, and puts the oldest version first', () => {
  const first = writeInto(empty, ['tests'], [row('2.11.9-0-gabc', 'one'), row('2.6.0-0-gdef', 'one')])
  const second = writeInto(first, ['tests'], [row('2.11.9-0-gabc', 'two'), row('3.8.0-0-g123', 'two')])
  expect(versionsAndCommits(second)).toEqual(['2.6.0-0-gdef one', '2.11.9-0-gabc two', '3.8.0-0-g123 two'])
  expect(second.startsWith('Before\n')).toBe(true)
  expect(second.endsWith('After\n')).toBe(true)
})

test('a release has one row, however many digits its hash has', () => {
  const page = writeInto(empty, ['tests'], [row('2.11.9-0-g54aebb0', 'one'), row('2.11.8-0-g54aebb0', 'one')])
  expect(versionsAndCommits(writeInto(page, ['tests'], [row('2.11.9-0-g54aebb0960', 'two')]))).toEqual([
    '2.11.8-0-g54aebb0 one',
    '2.11.9-0-g54aebb0960 two',
  ])
})

test('rows with other columns are left out, since nobody could read them', () => {
  const page = writeInto(empty, ['tests', 'more'], [{ ...row('2.6.0', 'one'), results: ['1 passed', '2 passed'] }])
  expect(versionsAndCommits(writeInto(page, ['tests'], [row('3.8.0', 'two')]))).toEqual(['3.8.0 two'])
})

test('a page without a place for the table is an error, and is not written over', () => {
  expect(() => writeInto('Nothing', ['tests'], [])).toThrow('no place for the table')
})
