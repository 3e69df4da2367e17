import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fixturesDirectory } from '../../package-files.ts'
import type { Address } from '../../protocol/address.ts'
import { ConsoleConnection } from '../../protocol/console/connection.ts'
import { IprotoConnection } from '../../protocol/iproto/connection.ts'
import { luaLiteral } from '../../protocol/lua-literal.ts'

/** A server that a console is connected to. */
export interface Target {
  /** The name in the prompt. */
  readonly name: string
  readonly closed: Promise<unknown>
  /** Runs a Lua file of fixtures/console with one text, and returns its results. */
  run(script: ConsoleScript, text: string): Promise<unknown[]>
  close(): void
}

/** A Lua file that serves the console. */
type ConsoleScript = 'evaluate' | 'complete'

const read = async (script: ConsoleScript): Promise<string> =>
  await readFile(join(fixturesDirectory, 'console', `${script}.lua`), 'utf8')

/** Connects to the private console of a server that this package has started. */
export async function connectToConsole(name: string, address: Address): Promise<Target> {
  const connection = await ConsoleConnection.connect(address)
  return {
    name,
    closed: connection.closed,
    run: async (script, text) =>
      await connection.command(`return (function(...)\n${await read(script)}\nend)(${luaLiteral(text)})`),
    close: () => connection.close(),
  }
}

/** The address of any Tarantool, and the account to use. */
export interface ServerUri {
  readonly address: Address
  readonly account: { readonly user: string; readonly password: string } | undefined
}

const uriForm =
  /^(?:(?<user>[^:@/]+)(?::(?<password>[^@]*))?@)?(?:unix\/:(?<path>\/.+)|(?<host>[^:@]+|\[[^\]]+\]):(?<port>\d+))$/

/** Reads `user:password@host:port` or `unix/:/path`; undefined for any other text. */
export function parseServerUri(text: string): ServerUri | undefined {
  const { user, password = '', path, host = '', port } = uriForm.exec(text)?.groups ?? {}
  if (path === undefined && port === undefined) return undefined
  const address = path === undefined ? { host: host.replaceAll(/^\[|\]$/g, ''), port: Number(port) } : { path }
  const account =
    user === undefined ? undefined : { user: decodeURIComponent(user), password: decodeURIComponent(password) }
  return { address, account }
}

/** Connects to the binary protocol of any Tarantool. The account needs the right to run Lua. */
export async function connectToUri(name: string, { address, account }: ServerUri): Promise<Target> {
  const connection = await IprotoConnection.connect(address, account ?? {})
  return {
    name,
    closed: connection.closed,
    run: async (script, text) => await connection.eval(await read(script), [text]),
    close: () => connection.close(),
  }
}
