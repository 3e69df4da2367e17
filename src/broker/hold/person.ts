import { createInterface } from 'node:readline'
import { sharedValue } from '../../shared-value.ts'
import { describeServers } from './describe.ts'
import type { HeldServers } from './held-servers.ts'

// Several setups of a run may wait. A process has one terminal.
const question = sharedValue('held-servers', (): { answer?: Promise<void> | undefined; isInterrupted: boolean } => ({
  isInterrupted: false,
}))

function tell(lines: readonly string[]): void {
  if (lines.length > 0) process.stderr.write(`\n${lines.join('\n')}\n`)
}

/** Waits until Enter, Ctrl-C or Ctrl-D is pressed. */
async function waitForKey(): Promise<void> {
  // Readline reads single keys, so that Ctrl-C is a key and no signal, which would end the whole run at once.
  const terminal = createInterface({ input: process.stdin, output: process.stderr, terminal: true })
  try {
    await new Promise<void>(resolve => {
      terminal.once('line', () => resolve())
      terminal.once('close', () => resolve())
      terminal.once('SIGINT', () => {
        question.isInterrupted = true
        resolve()
      })
    })
  } finally {
    terminal.close()
  }
}

/** Shows the servers that are held, and waits until the person has looked at them. */
export async function waitForPerson(held: HeldServers): Promise<void> {
  tell(describeServers(held))
  if (held.list.length === 0 || question.isInterrupted) return
  question.answer ??= waitForKey().finally(() => {
    question.answer = undefined
    process.stderr.write('\n')
  })
  // Keys are read by now: a person who has read the line may press one at once.
  process.stderr.write('Press Enter or Ctrl-C to end them. ')
  await question.answer
}

/** Shows the servers that are held until the next run of a runner in watch mode. */
export function showHeld(held: HeldServers): void {
  const next = held.list.length === 0 ? [] : ['The next run ends them.']
  tell([...describeServers(held), ...next])
}
