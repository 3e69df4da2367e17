import { relative } from 'node:path'
import type { KeptFor } from '../../instance/kept/keep.ts'
import { toUri } from '../../instance/place/addresses.ts'
import type { HeldServer } from '../failed-server.ts'
import { consoleCommand } from './command.ts'
import { type HeldServers, mostHeld, type NotHeld } from './held-servers.ts'

// The directories of older ones are removed.
const mostNotHeld = 10

function nameOf({ test, testFile }: Omit<KeptFor, 'server'>): string {
  const file = testFile === undefined ? [] : [relative(process.cwd(), testFile)]
  return [...file, test ?? 'a hook of the file'].join(' > ')
}

function describeHeld({ server, info, ...about }: HeldServer): string[] {
  const { host, port, version, user, password } = info
  const account = user === undefined ? 'guest' : `${user}:${password}`
  const facts = [server, toUri(host, port), `Tarantool ${version.replace(/-.*/, '')}`, account]
  return [`  ${nameOf(about)}`, `    ${facts.join('  ')}`, `    ${consoleCommand(info)}`]
}

function describeNotHeld({ about, reason, directory }: NotHeld): string[] {
  const open = directory === undefined ? [] : [`    its data: npx tarantool-fixture open ${directory}`]
  return [`  ${nameOf(about)}`, `    ${about.server} is not held, because ${reason}`, ...open]
}

/** The servers of failed tests as lines for a person; none if there is nothing to say. */
export function describeServers({ list, notHeld, more }: Pick<HeldServers, 'list' | 'notHeld' | 'more'>): string[] {
  const head =
    list.length === 1
      ? '1 server of a failed test runs on, as the test left it'
      : `${list.length} servers of failed tests run on, as the tests left them`
  return [
    ...(list.length === 0 ? [] : [`tarantool-fixture: ${head}`, ...list.flatMap(describeHeld)]),
    ...(notHeld.length === 0 ? [] : ['tarantool-fixture: servers of failed tests that do not run on']),
    ...notHeld.slice(-mostNotHeld).flatMap(describeNotHeld),
    ...(more === 0
      ? []
      : [`tarantool-fixture: ${more} more failed tests, but a run holds ${mostHeld} servers at most`]),
  ]
}
