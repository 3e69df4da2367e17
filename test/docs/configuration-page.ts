import { applicationOptions } from '../../src/config/table/application.ts'
import { coverageOptions } from '../../src/config/table/coverage.ts'
import { dockerOptions } from '../../src/config/table/docker.ts'
import { fixtureOptions, serverOptions } from '../../src/config/table/fixture.ts'
import { instanceOptions } from '../../src/config/table/instance.ts'
import type { Option } from '../../src/config/table/option.ts'
import { replicationOptions } from '../../src/config/table/replica-set.ts'

type Options = Readonly<Record<string, Option<unknown>>>

const cell = (text: string): string => text.replaceAll('|', '\\|')

/** A value as a user would type it. */
const literal = (value: unknown): string => {
  if (typeof value === 'string') return `'${value}'`
  return JSON.stringify(value)
    .replaceAll(/"(\w+)":/g, '$1: ')
    .replaceAll(/^\{(.+)\}$/g, '{ $1 }')
}

export const defaultOf = ({ default: value, otherwise }: Option<unknown>): string =>
  value === undefined ? (otherwise ?? '') : `\`${literal(value)}\``

const paths: Readonly<Record<NonNullable<Option<unknown>['path']>, string>> = {
  directory: '',
  'Lua or file': 'The value is Lua source, or the path of a file: one line that ends in `.lua`.',
  'rows or file': 'A string is the path of a file.',
  socket: '',
  program: '',
  file: '',
}

function line([name, option]: [string, Option<unknown>]): string {
  const parts = [option.doc, option.path && paths[option.path], option.mayChange && 'Can be set between two starts.']
  const cells = [`\`${name}\``, `\`${option.takes}\``, defaultOf(option), parts.filter(Boolean).join(' ')]
  return `| ${cells.map(cell).join(' | ')} |`
}

const table = (options: Options): string =>
  ['| option | type | default | |', '| --- | --- | --- | --- |', ...Object.entries(options).map(line)].join('\n')

export const tables: readonly (readonly [heading: string, options: Options])[] = [
  ['A server', instanceOptions],
  ['A replica set', replicationOptions],
  ['A Tarantool 3 application', applicationOptions],
  ['How tests share a server', serverOptions],
  ['A fixture', fixtureOptions],
  ['docker', dockerOptions],
  ['coverage', coverageOptions],
]

const begin = '<!-- npm run docs writes from here -->\n'
const end = '<!-- to here -->'

/** The page of the configuration, with the tables between its two comments made anew. */
export function withTables(page: string): string {
  const [before, after] = [page.split(begin)[0], page.split(end)[1]]
  if (before === undefined || after === undefined) throw new Error(`docs/configuration.md has no '${begin.trim()}'`)
  const made = tables.map(([heading, options]) => `### ${heading}\n\n${table(options)}`).join('\n\n')
  return `${before}${begin}\n${made}\n\n${end}${after}`
}
