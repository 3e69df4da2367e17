import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { defaultOf, tables, withTables } from './configuration-page.ts'

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const page = read('docs/configuration.md')

test('docs/configuration.md has the tables that `npm run docs` makes', () => {
  expect(page).toBe(withTables(page))
})

describe.each(tables)('%s', (_heading, options) => {
  test.each(Object.entries(options))('%s is in the docs with its type, its default and a sentence', (name, option) => {
    const row = page.split('\n').find(line => line.startsWith(`| \`${name}\` |`))
    const cells = row?.split(/(?<!\\)\|/).map(text => text.trim().replaceAll('\\|', '|'))
    expect(cells?.slice(1, 4)).toEqual([`\`${name}\``, `\`${option.takes}\``, defaultOf(option)])
    expect(cells?.[3]).not.toBe('')
    expect(cells?.[4]).toMatch(/^[A-Z`'].*\.$/)
  })
})

// The types are what an editor shows.
test.each(tables.flatMap(([, options]) => Object.entries(options)))(
  'the doc comment of %s has its default',
  (name, option) => {
    const types = ['options', 'replica-set-options', 'application-options', 'server-options', 'coverage-options']
      .map(file => read(`src/config/${file}.ts`))
      .join('\n')
    const comments = [...types.matchAll(new RegExp(`/\\*\\*((?:(?!\\*/)[^])*)\\*/\\s+${name}\\?:`, 'g'))].map(
      match => match[1],
    )
    expect(comments).toHaveLength(1)
    const { default: value } = option
    if (value === undefined || typeof value === 'object') return
    const shown = typeof value === 'string' ? `'${value}'` : String(value)
    expect(comments[0]?.replaceAll(/\s*\n\s*\* ?/g, ' ')).toMatch(
      new RegExp(`Default \`?${shown.replaceAll(/[.]/g, '\\.')}`),
    )
  },
)
