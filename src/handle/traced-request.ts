import type { AgentOperation, AgentReply } from '../isolation/server.ts'
import { now } from '../node-builtins.ts'

const undoing: readonly AgentOperation[] = ['enter', 'enter_if_dirty', 'enter_at_once', 'rewind']

/** Sends a request to the agent, and tells what the request has undone and how long that took. */
export async function tracedRequest(
  operation: AgentOperation,
  ask: () => Promise<AgentReply>,
  tell: (step: string) => void,
): Promise<AgentReply> {
  const began = now()
  const reply = await ask()
  const { undone, lost, dirty } = reply
  const time = `${(now() - began).toFixed(1)} ms`
  if (lost !== undefined) tell(`cannot be reset in place: ${lost} (${time})`)
  else if (undone !== undefined && undoing.includes(operation)) tell(`reset in place: ${undone} undone in ${time}`)
  else if (dirty === false && operation === 'enter_if_dirty') tell(`nothing to reset: no client was there (${time})`)
  return reply
}
