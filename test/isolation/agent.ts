import type { TarantoolInstance } from '../../src/index.ts'

export interface Answer {
  readonly undone?: number
  readonly lost?: string
}

/** Asks the agent in a server what a test file's worker would ask it. */
export async function ask(instance: TarantoolInstance, operation: 'enter' | 'rewind', depth: number): Promise<Answer> {
  const [framed] = await instance.command(`require('tarantool-fixture').isolation('${operation}', ${depth})`)
  const [status, base64 = ''] = String(framed).split(':')
  const answer = Buffer.from(base64, 'base64').toString()
  if (status !== 'ok') throw new Error(answer)
  return JSON.parse(answer) as Answer
}
