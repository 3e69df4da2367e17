import { expect, test } from 'vitest'
import { readTable, writeTable } from '../bench/costs-page.ts'
import { comparisonOf } from '../bench/pairs.ts'

const conditions = {
  version: '3.8.0',
  date: '2026-01-02',
  commit: 'abc1234',
  machine: '2 cores',
  node: '20.0.0',
  pairs: 5,
}

const page = `# Costs

Text before.

|  | 2.11.9 | 2.6.0 | 3.8.0 |
|---|---|---|---|
| start | 1.11 × | 1.21 × | 1.07 × |
| of another version | 1 ms |  |  |
| gone | | | 2 ms |

Text after.

|  | of another table |
|---|---|
| start | 12 |

End.
`

test('the rows of a run take the column of its version, and leave the others', () => {
  const written = writeTable(page, [{ label: 'start', cell: '1.01 ×' }], conditions)
  const table = readTable(written)
  expect(table.get('start')).toEqual(
    new Map([
      ['2.6.0', '1.21 ×'],
      ['2.11.9', '1.11 ×'],
      ['3.8.0', '1.01 ×'],
    ]),
  )
  expect(table.get('at commit')?.get('3.8.0')).toBe('abc1234')
  expect(table.get('of another version')?.get('2.11.9')).toBe('1 ms')
  expect(table.has('gone')).toBe(false)
  expect(written).toContain('Text before.\n\n|  | 2.6.0 | 2.11.9 | 3.8.0 |\n|---|---|---|---|\n| start |')
  expect(written.slice(written.indexOf('Text after'))).toBe(page.slice(page.indexOf('Text after')))
})

test('a part of the rows leaves the others of its version, and their conditions', () => {
  const whole = writeTable(page, [{ label: 'start', cell: '1.01 ×' }], conditions)
  const more = { ...conditions, commit: 'def5678' }
  const table = readTable(writeTable(whole, [{ label: 'cluster', cell: '2 ×' }], more, { isPart: true }))
  const cells = ['start', 'cluster', 'at commit'].map(label => table.get(label)?.get('3.8.0'))
  expect(cells).toEqual(['1.01 ×', '2 ×', 'abc1234'])
  expect([...table.keys()].slice(0, 4)).toEqual(['start', 'of another version', 'cluster', 'measured on'])
})

test('a version that was not measured before gets a column', () => {
  const written = writeTable(page, [{ label: 'start', cell: '1.2 ×' }], { ...conditions, version: '3.10.0' })
  expect(written).toContain('|  | 2.6.0 | 2.11.9 | 3.8.0 | 3.10.0 |')
})

test('the value of a comparison is a median over the pairs, so that it lies between their quartiles', () => {
  // The medians of the times, 3 and 2, come from different pairs.
  const { ours, bare, ratio, difference } = comparisonOf([1, 4, 3], [1, 2, 5])
  expect([ours, bare]).toEqual([3, 2])
  expect(ratio).toEqual({ value: 1, low: 0.6, high: 2 })
  expect(difference).toEqual({ value: 0, low: -2, high: 2 })
})
