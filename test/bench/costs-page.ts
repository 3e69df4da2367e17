import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { repository } from '../support/npm.ts'
import { type Row, rows } from './report.ts'

/** How the values of one version were measured. */
export interface Conditions {
  readonly version: string
  readonly date: string
  readonly commit: string
  readonly machine: string
  readonly node: string
  readonly pairs: number
}

type Table = Map<string, Map<string, string>>

const cellsOf = (line: string): string[] =>
  line
    .split('|')
    .slice(1, -1)
    .map(cell => cell.trim())

function isTable(paragraph: string): boolean {
  return paragraph.startsWith('| ')
}

/** Reads the first table of a page: for each row, the cell of each version. */
export function readTable(page: string): Table {
  const [head = '', , ...lines] = (page.split('\n\n').find(isTable) ?? '').split('\n')
  const [, ...versions] = cellsOf(head)
  return new Map(
    lines.map(line => {
      const [label = '', ...cells] = cellsOf(line)
      return [label, new Map(cells.map((cell, column) => [versions[column] ?? '', cell]))]
    }),
  )
}

function renderTable(table: Table): string {
  const versions = [...new Set([...table.values()].flatMap(cells => [...cells.keys()]))]
  versions.sort((one, other) => one.localeCompare(other, 'en', { numeric: true }))
  const lines = [...table].map(([label, cells]) => [label, ...versions.map(version => cells.get(version) ?? '')])
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(['', ...versions]), `|${'---|'.repeat(versions.length + 1)}`, ...lines.map(line)].join('\n')
}

/**
 * Writes the measured rows of a version into the first table of a page. Rows that no version has any more are removed. The
 * other versions keep their cells. If only some groups were measured, the version keeps its other rows, and the conditions
 * of these.
 */
export function writeTable(
  page: string,
  measured: readonly Row[],
  conditions: Conditions,
  { isPart = false }: { isPart?: boolean } = {},
): string {
  const { version, date, commit, machine, node, pairs } = conditions
  const how: readonly Row[] = [
    { label: 'measured on', cell: date },
    { label: 'at commit', cell: commit },
    { label: 'machine', cell: machine },
    { label: 'Node', cell: node },
    { label: 'pairs', cell: String(pairs) },
  ]
  const before = readTable(page)
  const told = isPart
    ? [...measured, ...how.filter(({ label }) => !before.get(label)?.get(version))]
    : [...measured, ...how]
  const measuredLabels = told.map(({ label }) => label)
  const known = [...before.keys()]
  const labels = isPart ? partLabels(known, measuredLabels) : wholeLabels(known, measured, how)
  const table: Table = new Map()
  for (const label of new Set(labels)) {
    const cells = new Map(before.get(label) ?? [])
    const cell = told.find(row => row.label === label)?.cell
    if (cell !== undefined) cells.set(version, cell)
    else if (!isPart) cells.delete(version)
    if ([...cells.values()].some(text => text !== '')) table.set(label, cells)
  }
  const paragraphs = page.split('\n\n')
  const first = paragraphs.findIndex(isTable)
  return paragraphs.map((paragraph, at) => (at === first ? renderTable(table) : paragraph)).join('\n\n')
}

// Rows that only other versions have stand before the conditions, too.
function wholeLabels(known: readonly string[], measured: readonly Row[], how: readonly Row[]): string[] {
  const conditions = how.map(({ label }) => label)
  return [...measured.map(({ label }) => label), ...known.filter(label => !conditions.includes(label)), ...conditions]
}

// New rows of a part stand before the conditions.
function partLabels(known: readonly string[], measured: readonly string[]): string[] {
  const place = Math.max(known.indexOf('measured on'), 0)
  return [...known.slice(0, place), ...measured.filter(label => !known.includes(label)), ...known.slice(place)]
}

/** Writes the rows of this run into docs/costs.md. `isPart`: only some groups were measured. */
export function writeCosts(
  { version, pairs }: Pick<Conditions, 'version' | 'pairs'>,
  { isPart }: { isPart: boolean },
): void {
  const path = join(repository, 'docs/costs.md')
  const processors = cpus()
  const conditions: Conditions = {
    version,
    pairs,
    date: new Date().toISOString().slice(0, 10),
    commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: repository, encoding: 'utf8' }).trim(),
    machine: `${processors.length} cores, ${processors[0]?.model}`,
    node: process.versions.node,
  }
  writeFileSync(path, writeTable(readFileSync(path, 'utf8'), rows, conditions, { isPart }))
}
