import type { Cost, ReportData } from '../data.ts'
import { byId, element } from './element.ts'
import { counted, duration } from './format.ts'

function tile(label: string, value: string, notes: string, kind?: string): HTMLElement {
  return element(
    'div',
    { class: kind ? `tile ${kind}` : 'tile' },
    element('dt', {}, label),
    element('dd', {}, element('strong', {}, value), element('span', {}, notes)),
  )
}

const costTile = (label: string, noun: string, cost: Cost, more = ''): HTMLElement =>
  tile(
    label,
    duration(cost.total),
    cost.count === 0
      ? `no ${noun}`
      : `${counted(cost.count, noun)}, median ${duration(cost.median)}, longest ${duration(cost.longest)}${more}`,
  )

function testsTile({ tests: { passed, failed, skipped } }: ReportData): HTMLElement {
  const parts = [`${passed.toLocaleString('en')} passed`, `${failed.toLocaleString('en')} failed`]
  if (skipped > 0) parts.push(`${skipped.toLocaleString('en')} skipped`)
  return tile('Tests', (passed + failed + skipped).toLocaleString('en'), parts.join(', '), failed > 0 ? 'bad' : 'good')
}

/** Shows what the run was, and what its servers cost. */
export function showSummary(data: ReportData): void {
  const { began, cost, servers, took } = data
  const versions = [...new Set(servers.flatMap(({ version }) => version?.replace(/-.*/, '') ?? []))]
  const facts = [
    new Date(began).toLocaleString(),
    duration(took),
    counted(servers.length, 'server'),
    ...(versions.length > 0 ? [`Tarantool ${versions.join(', ')}`] : []),
  ]
  byId('facts').textContent = facts.join(' · ')
  const { crashes, replacements, resets, seeds, starts, waits } = cost
  const seeded = seeds.count > 0 ? `; seeds ${duration(seeds.total)}` : ''
  byId('cost').replaceChildren(
    testsTile(data),
    costTile('Starting servers', 'start', starts, seeded),
    costTile('Waiting for servers', 'lease', waits),
    costTile('Resetting', 'reset', resets),
    ...(replacements.count > 0 ? [costTile('Restarting for tests', 'replacement', replacements)] : []),
    ...(crashes > 0 ? [tile('Crashes', String(crashes), 'ended by themselves', 'bad')] : []),
  )
}
