import { programEnvironment } from '../../binary/command.ts'
import { lineCountsVariable } from './line-counts.ts'

/**
 * The environment of a server: the owner's variables, then the binary's needs, then the fixture's and the user's
 * variables. The owner's
 * TT_* variables are left out. They would configure box.cfg from 2.8.1 on, and switch 3.x to its config mode.
 */
export function serverEnvironment(
  binary: Readonly<Record<string, string>>,
  added: Readonly<Record<string, string>>,
  owner: NodeJS.ProcessEnv = process.env,
): Record<string, string> {
  const passedOn = Object.fromEntries(
    Object.entries(owner).filter(([name]) => !name.startsWith('TT_') && name !== lineCountsVariable),
  )
  return { ...programEnvironment(binary, passedOn), ...added }
}
