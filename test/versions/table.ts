import { compareVersions, tryParseVersion } from '../../src/version/version.ts'

/** A row of the table: one version of Tarantool, and the results of each group. */
export interface Row {
  /** The server's own spelling: `2.6.0-0-g47aa4e01e`. */
  readonly version: string
  /** The day of the run: `2026-11-26`. */
  readonly date: string
  /** Commit of this repository; ends in `+` if files had changed since. */
  readonly commit: string
  readonly results: readonly string[]
}

const begin = '<!-- npm run test:versions writes from here -->'
const end = '<!-- to here -->'

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`

const cellsOf = ({ version, date, commit, results }: Row): string[] => [version, ...results, date, commit]

function parseRow(text: string): Row | undefined {
  const [version = '', ...rest] = text
    .split('|')
    .slice(1, -1)
    .map(cell => cell.trim())
  if (!tryParseVersion(version)) return undefined
  const [date = '', commit = ''] = rest.slice(-2)
  return { version, date, commit, results: rest.slice(0, -2) }
}

function inOrder(a: Row, b: Row): number {
  const [first, second] = [tryParseVersion(a.version), tryParseVersion(b.version)]
  return first && second ? compareVersions(first, second) : 0
}

/** The table in Markdown, the oldest version first. */
export function tableOf(titles: readonly string[], rows: readonly Row[]): string {
  const head = ['Tarantool', ...titles, 'date', 'commit']
  return [head, head.map(() => '---'), ...[...rows].sort(inOrder).map(cellsOf)].map(line).join('\n')
}

/** One release may name its commit with more or fewer digits: `2.11.9-0-g54aebb0` and `2.11.9-0-g54aebb0960`. */
const isSameRelease = (a: Row, b: Row): boolean => inOrder(a, b) === 0

/** Replaces rows in the page's table; rows of other releases stay. @throws Error if the page has no such place. */
export function writeInto(page: string, titles: readonly string[], rows: readonly Row[]): string {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`the page has no place for the table: '${begin}' and '${end}'`)
  const kept = page
    .slice(from, to)
    .split('\n')
    .flatMap(text => parseRow(text) ?? [])
    .filter(old => old.results.length === titles.length && !rows.some(row => isSameRelease(row, old)))
  return `${page.slice(0, from)}${begin}\n\n${tableOf(titles, [...kept, ...rows])}\n\n${page.slice(to)}`
}
