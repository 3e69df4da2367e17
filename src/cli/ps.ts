import { relative } from 'node:path'
import { findRunning, type Owner } from './running.ts'
import type { HeldFor, RunningServer } from './running-server.ts'
import { aligned } from './text.ts'

/** A time of today, or with its date. */
function timeOf(since: number): string {
  const date = new Date(since)
  const two = (number: number): string => String(number).padStart(2, '0')
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')
  const isToday = date.toDateString() === new Date().toDateString()
  return isToday ? time : `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${time}`
}

function heldText({ test, testFile, since }: HeldFor, directory: string | undefined): string {
  const file = testFile === undefined ? [] : [nameIn(directory, testFile)]
  return `held since ${timeOf(since)}: ${[...file, test ?? 'a hook of the file'].join(' > ')}`
}

function useText({ lease, held, state }: RunningServer, { directory }: Owner): string {
  if (held) return heldText(held, directory)
  if (!lease) return state === 'running' ? '' : state
  const { file, since } = lease
  const name = file === undefined ? 'a test file' : nameIn(directory, file)
  return `${name} since ${timeOf(since)}${state === 'running' ? '' : `, ${state}`}`
}

function nameIn(directory: string | undefined, file: string): string {
  if (directory === undefined || !file.startsWith('/')) return file
  const name = relative(directory, file)
  return name.startsWith('..') ? file : name
}

/** One server as the cells of a row: its name, address, version and process. */
export const cellsOf = ({ name, uri, version, pid }: RunningServer): string[] => [
  name,
  uri ?? '',
  version === undefined ? '' : `Tarantool ${version.replace(/-.*/, '')}`,
  pid ? `pid ${pid}` : '',
]

/** The options of the command `ps`. */
export interface PsOptions {
  readonly json?: boolean
  readonly root?: string
}

/** Lists the servers that run, as a table or as JSON. */
export async function showRunning({ json = false, root }: PsOptions): Promise<string> {
  const owners = await findRunning(root)
  if (json) return `${JSON.stringify(owners, undefined, 2)}\n`
  if (owners.length === 0) return 'No server runs.\n'
  return owners
    .map(owner => {
      const { pid, command = 'A process', directory, since, servers } = owner
      const head = `${command} in ${directory ?? '?'} (pid ${pid}, since ${timeOf(since)})\n`
      const rows = servers.map(server => [...cellsOf(server), useText(server, owner)])
      return head + (rows.length === 0 ? '  no server yet\n' : aligned(rows, '  '))
    })
    .join('\n')
}
