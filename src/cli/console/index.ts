import { text } from 'node:stream/consumers'
import { LuaError } from '../../errors.ts'
import { chooseTarget } from './choose.ts'
import { converse } from './interactive.ts'
import type { Target } from './target.ts'

/** The options of the command `console`. */
export interface ConsoleOptions {
  /** The Lua to run. Default: what a person types, or a script from stdin. */
  readonly eval?: string
  readonly root?: string
}

async function runScript(target: Target, lua: string): Promise<string> {
  const [status, output] = await target.run('evaluate', lua)
  if (status === 'ok') return String(output)
  if (status === 'incomplete') throw new LuaError(`${target.name}: the script ends in the middle of a statement`)
  throw new LuaError(`${target.name}: ${output}`, { isUsersOwn: true })
}

/**
 * Opens a Lua console on a running server. Without a terminal, runs the script that comes from stdin.
 *
 * @returns the output of a script; nothing after a conversation
 */
export async function openConsole(wanted: string | undefined, options: ConsoleOptions): Promise<string> {
  return await talkTo(await chooseTarget(wanted, options.root), options)
}

/** Opens the console on a server that it is connected to, and ends the connection. */
export async function talkTo(target: Target, options: Pick<ConsoleOptions, 'eval'>): Promise<string> {
  try {
    if (options.eval !== undefined) return await runScript(target, options.eval)
    if (!process.stdin.isTTY) return await runScript(target, await text(process.stdin))
    process.stdout.write(`Connected to ${target.name}. \\help says how to use this console.\n`)
    await converse(target)
    return ''
  } finally {
    target.close()
  }
}
