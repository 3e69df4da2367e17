import type { ReportData, ReportedPart, ReportedTest } from '../data.ts'
import { byId, element } from './element.ts'
import { counted, duration } from './format.ts'
import { type Item, type Model, titleOf } from './model.ts'
import { fileOf } from './test-filter.ts'

type Facts = readonly (readonly [name: string, value: string | undefined])[]

function listOf(facts: Facts): HTMLElement {
  const shown = facts.filter(([, value]) => value !== undefined && value !== '')
  return element(
    'dl',
    { class: 'facts' },
    ...shown.flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)]),
  )
}

function serverName({ servers }: ReportData, server: number): string {
  const { name = '', run } = servers[server] ?? {}
  return run === undefined ? name : `${name} (${run})`
}

const lines = (title: string, texts: readonly Node[], name: string): Node[] => [
  element('h3', {}, title),
  element('pre', { tabindex: '0', class: name, role: 'region', 'aria-label': title }, ...texts),
]

const kindOf = (line: string): string | undefined =>
  ({ '+': 'inserted', '~': 'updated', '-': 'deleted' })[line.trimStart().charAt(0)]

const lineOf = (line: string, name?: string): HTMLElement => element('span', { class: name }, `${line}\n`)

function partOf(part: ReportedPart, of: string): Node[] {
  const { changes = [], earlier = 0, isCut, log = [] } = part
  const before = earlier < 0 ? 'many lines before these' : counted(earlier, 'line')
  const omitted = earlier === 0 ? [] : [lineOf(`(${earlier < 0 ? before : `${before} before`})`, 'omitted')]
  return [
    ...(changes.length > 0
      ? lines(
          `Changes${of}`,
          changes.map(line => lineOf(line, kindOf(line))),
          'changes',
        )
      : []),
    ...(log.length > 0 ? lines(`Log${of}`, [...omitted, ...log.map(line => lineOf(line))], 'log') : []),
    ...(isCut
      ? [element('p', { class: 'note' }, `Log and changes${of} are left out: the report would be too large.`)]
      : []),
  ]
}

function testDetails(test: ReportedTest, data: ReportData): Node[] {
  const { at, attempt = 0, error, isRetried, outcome, parts, took } = test
  const of = ({ server }: ReportedPart): string => (parts.length > 1 ? ` of ${serverName(data, server)}` : '')
  const shown = parts.flatMap(part => partOf(part, of(part)))
  return [
    listOf([
      ['Outcome', outcome + (isRetried ? ', and tried again' : '')],
      ['File', fileOf(test, data)],
      ['Attempt', attempt > 0 ? String(attempt + 1) : undefined],
      ['Time', outcome === 'skipped' ? undefined : `${duration(took)}, ${duration(at)} after the begin of the run`],
      [parts.length > 1 ? 'Servers' : 'Server', parts.map(({ server }) => serverName(data, server)).join(', ')],
    ]),
    ...(error === undefined ? [] : lines('Error', [lineOf(error)], 'error')),
    ...shown,
    ...(shown.length === 0 && outcome !== 'skipped'
      ? [element('p', { class: 'note' }, 'The server logged nothing during this test, and no changes are known.')]
      : []),
  ]
}

function eventDetails({ event, at, took, lane }: Item, data: ReportData): Node[] {
  const instant = event?.kind === 'death'
  const facts: Facts = [
    ['Server', serverName(data, lane)],
    ['Time', `${instant ? '' : `${duration(took)}, `}${duration(at)} after the begin of the run`],
    ...(event?.kind === 'start'
      ? ([
          ['Instance', event.instance],
          ['Process', event.pid === undefined ? undefined : String(event.pid)],
          ['Seed', event.seedTook === undefined ? undefined : duration(event.seedTook)],
        ] as const)
      : []),
    ...(event?.kind === 'lease' ? ([['The file waited', duration(event.waited)]] as const) : []),
    ...(event?.kind === 'death' ? ([['Instance', event.instance]] as const) : []),
  ]
  const error = event?.kind === 'start' ? event.error : undefined
  return [listOf(facts), ...(error === undefined ? [] : lines('Error', [lineOf(error)], 'error'))]
}

/** Shows an item in detail. */
export function showDetails(item: Item, { data }: Model): void {
  const { test } = item
  byId('details').replaceChildren(
    element('h2', {}, titleOf(item, data)),
    ...(test ? testDetails(test, data) : eventDetails(item, data)),
  )
}
