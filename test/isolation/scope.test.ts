import { describe, expect, test } from 'vitest'
import type { Isolation } from '../../src/config/isolation.ts'
import { demandIn, type Scope } from '../../src/isolation/scope.ts'

const all = ['reset', 'file', 'restart', 'process', 'none'] as const

const scope = (isolation: Isolation, parent?: Scope): Scope => ({
  parent,
  uses: [{ server: 'default', isolation }],
  hasHooks: true,
})

const server = { name: 'default', isolation: 'reset', strict: false, records: true } as const

const pairs = all.flatMap(outer => all.map(inner => [outer, inner] as const))
const share = ['file', 'none']

describe('the changes of hooks', () => {
  test.each(pairs)("of a describe in a file with '%s', itself with '%s'", (outer, inner) => {
    const suite = scope(inner, scope(outer))
    const isKeptApart = !(share.includes(outer) && share.includes(inner))
    expect(demandIn(suite, server).suites).toEqual(isKeptApart ? [suite] : [])
  })

  test('where nothing is recorded, they cannot be kept apart', () => {
    const suite = scope('restart', scope('restart'))
    expect(demandIn(suite, { ...server, records: false }).suites).toEqual([])
  })
})

test.each(pairs)(
  "what tests share stays as long as the describe that is kept apart, or the file: '%s' with '%s' in it",
  (outer, inner) => {
    const { stays } = demandIn(scope(inner, scope(outer)), server)
    expect(stays).toBe(share.includes(inner))
  },
)

describe('a describe without hooks', () => {
  const without = (isolation?: Isolation, parent: Scope = scope('reset')): Scope => ({
    parent,
    uses: [{ server: 'default', isolation }],
    hasHooks: false,
  })

  test('is kept apart if it names an isolation', () => {
    const suite = without('file')
    expect(demandIn(suite, server)).toMatchObject({ suites: [suite], stays: true, hooksRan: false })
    expect(demandIn(without(), server).suites).toEqual([])
    expect(demandIn(suite, { ...server, name: 'other' }).suites).toEqual([])
  })

  test('in another one that shares: both share', () => {
    const suite = without('file')
    expect(demandIn(without(undefined, suite), server)).toMatchObject({ suites: [suite], stays: true })
    expect(demandIn(without('process', suite), server)).toMatchObject({ stays: false })
  })
})
