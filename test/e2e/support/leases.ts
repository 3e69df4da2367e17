import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Project } from './project.ts'

const leaseLog = 'leases.log'
const startLog = 'starts.log'

/** What a test file of `holdingTest` wrote: that it has its server, and that it is done with it. */
interface LeaseEvent {
  readonly event: 'start' | 'end'
  readonly file: string
  readonly address: string
  readonly pid: number
}

/** One test file's time with one server, as positions in the log. */
export interface Holding {
  readonly file: string
  readonly address: string
  readonly pid: number
  readonly from: number
  readonly to: number
}

/**
 * A test file that writes down when it gets its server and when it is done with it.
 *
 * @param together how many files must have begun before any may end: so many run at once
 */
export function holdingTest({ together = 1, server = 'default' }: { together?: number; server?: string } = {}): string {
  return `
import { appendFileSync, readFileSync } from 'node:fs'
import { useTarantool } from 'tarantool-fixture/vitest'
import { afterAll, expect, inject, test } from 'vitest'
const tarantool = useTarantool(${JSON.stringify(server)})
const { host, port } = inject('tarantool').servers[${JSON.stringify(server)}]
const file = expect.getState().testPath
const write = event => appendFileSync('${leaseLog}',
  JSON.stringify({ event, file, address: host + ':' + port, pid: tarantool.pid }) + '\\n')
const begun = () => readFileSync('${leaseLog}', 'utf8').split('\\n').filter(line => line.includes('"start"')).length
write('start')
afterAll(() => write('end'))
test('has a server', async () => {
  await expect.poll(begun, { timeout: 30_000 }).toBeGreaterThanOrEqual(${together})
  expect({ host, port }).toEqual({ host: tarantool.host, port: tarantool.port })
  expect(await tarantool.eval('return box.info.pid')).toEqual([tarantool.pid])
})`
}

/** The config of a server that writes its pid into a log of the project whenever it starts. */
export function recordedServer(rest = ''): string {
  return `{
    env: { START_LOG: process.cwd() + '/${startLog}' },
    appLua: "local log = io.open(os.getenv('START_LOG'), 'a') log:write(box.info.pid .. '\\\\n') log:close()",
    ${rest}
  }`
}

function lines(project: Project, name: string): string[] {
  try {
    return readFileSync(join(project.directory, name), 'utf8').split('\n').filter(Boolean)
  } catch {
    // No test file ran, no server started.
    return []
  }
}

/** How often a `recordedServer` was started. */
export function countStarts(project: Project): number {
  return lines(project, startLog).length
}

/** Each test file's time with its server. */
export function holdings(project: Project): Holding[] {
  const events = lines(project, leaseLog).map(line => JSON.parse(line) as LeaseEvent)
  return events.flatMap(({ event, ...holding }, from) => {
    if (event === 'end') return []
    const to = events.findIndex(
      (end, index) =>
        index > from && end.event === 'end' && end.file === holding.file && end.address === holding.address,
    )
    return [{ ...holding, from, to: to === -1 ? events.length : to }]
  })
}

/** The pairs of test files that had one server at the same time: none, or the leases are no leases. */
export function sharings(project: Project): [Holding, Holding][] {
  const all = holdings(project)
  return all.flatMap(one =>
    all
      .filter(other => other.address === one.address && other.from > one.from && other.from < one.to)
      .map(other => [one, other] as [Holding, Holding]),
  )
}

/** How many test files had a server at the same time. */
export function mostAtOnce(project: Project): number {
  const all = holdings(project)
  return Math.max(0, ...all.map(({ from }) => all.filter(other => other.from <= from && from < other.to).length))
}
