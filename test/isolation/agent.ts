import type { TarantoolInstance } from '../../src/index.ts'

export interface Answer {
  readonly undone?: number
  readonly lost?: string
}

/** Asks the agent in a server what a test file's worker would ask it. */
export async function ask(instance: TarantoolInstance, operation: 'enter' | 'rewind', depth: number): Promise<Answer> {
  const [framed] = await instance.command(`require('tarantool-fixture').isolation('${operation}', ${depth})`)
  const [status, answer = ''] = String(framed).split(':')
  if (status === 'undone') return { undone: Number(answer) }
  const text = Buffer.from(answer, 'base64').toString()
  if (status === 'lost') return { lost: text }
  throw new Error(text)
}
