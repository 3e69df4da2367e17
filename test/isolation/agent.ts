import type { TarantoolInstance } from '../../src/index.ts'

export interface Answer {
  readonly undone?: number
  readonly lost?: string
}

async function answerOf(instance: TarantoolInstance, operation: string, keep: number): Promise<[string, string]> {
  const [framed] = await instance.command(`require('tarantool-fixture').isolation('${operation}', ${keep})`)
  const [status = '', answer = ''] = String(framed).split(':')
  return [status, status === 'undone' ? answer : Buffer.from(answer, 'base64').toString()]
}

/** Asks the agent in a server what a test file's worker would ask it. */
export async function ask(instance: TarantoolInstance, operation: 'enter' | 'rewind', keep: number): Promise<Answer> {
  const [status, answer] = await answerOf(instance, operation, keep)
  if (status === 'undone') return { undone: Number(answer) }
  if (status === 'lost') return { lost: answer }
  throw new Error(answer)
}

/** The digest that `strict` compares. */
export async function digestOf(instance: TarantoolInstance): Promise<string> {
  const [status, answer] = await answerOf(instance, 'digest', 0)
  if (status !== 'digest') throw new Error(answer)
  return answer
}
