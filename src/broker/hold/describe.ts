import type { KeptFor } from '../../instance/kept/keep.ts'
import { toUri } from '../../instance/place/addresses.ts'
import type { HeldServer } from '../messages.ts'
import { consoleCommand } from './command.ts'
import type { HeldServers, NotHeld } from './held-servers.ts'

const nameOf = ({ test, testFile }: KeptFor): string =>
  [testFile, test ?? 'a hook of the file'].filter(text => text !== undefined).join(' > ')

function describeHeld({ server, info, ...about }: HeldServer): string[] {
  const { host, port, version, user, password } = info
  const account = user === undefined ? 'guest' : `${user}:${password}`
  const facts = [server, toUri(host, port), `Tarantool ${version.replace(/-.*/, '')}`, account]
  return [`  ${nameOf({ ...about, server })}`, `    ${facts.join('  ')}`, `    ${consoleCommand(info)}`]
}

function describeNotHeld({ about, reason, directory }: NotHeld): string[] {
  const open = directory === undefined ? [] : [`    its data: npx tarantool-fixture open ${directory}`]
  return [`  ${nameOf(about)}`, `    ${about.server} is not held, because ${reason}`, ...open]
}

/** The servers of failed tests as lines for a person; none if there is nothing to say. */
export function describeServers({ list, notHeld }: Pick<HeldServers, 'list' | 'notHeld'>): string[] {
  const count =
    list.length === 1
      ? '1 server is held as its test left it'
      : `${list.length} servers are held as their tests left them`
  return [
    ...(list.length === 0 ? [] : [`tarantool-fixture: ${count}`, ...list.flatMap(describeHeld)]),
    ...(notHeld.length === 0
      ? []
      : ['tarantool-fixture: servers of failed tests that are not held', ...notHeld.flatMap(describeNotHeld)]),
  ]
}
