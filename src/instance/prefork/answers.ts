import type { Readable } from 'node:stream'
import type { ProcessExit } from '../control/exit.ts'
import { signalOfNumber } from '../control/signal-names.ts'

/** An answer of a zygote. fixtures/prefork/boot.lua describes the lines. */
export type Answer =
  | { readonly kind: 'ready'; readonly pid: number }
  | { readonly kind: 'unfit'; readonly reason: string }
  | { readonly kind: 'forked'; readonly id: number; readonly pid: number }
  | { readonly kind: 'failed'; readonly id: number; readonly reason: string }
  | { readonly kind: 'ended'; readonly pid: number; readonly exit: ProcessExit }

function parseAnswer(line: string): Answer | undefined {
  const [kind = '', first = '', ...rest] = line.split(' ')
  if (kind === 'ready') return { kind, pid: Number(first) }
  if (kind === 'unfit') return { kind, reason: [first, ...rest].join(' ') }
  if (kind === 'forked') return { kind, id: Number(first), pid: Number(rest[0]) }
  if (kind === 'failed') return { kind, id: Number(first), reason: rest.join(' ') }
  if (kind !== 'ended') return undefined
  const number = Number(rest[1])
  const exit =
    rest[0] === 'code'
      ? { exitCode: number, signal: undefined }
      : { exitCode: undefined, signal: signalOfNumber(number) }
  return { kind, pid: Number(first), exit }
}

/** Calls a function for each answer on a stream. Other lines, of a Tarantool that prints by itself, are dropped. */
export function readAnswers(stream: Readable, onAnswer: (answer: Answer) => void): void {
  let rest = ''
  stream.setEncoding('utf8')
  stream.on('error', () => {})
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const answer = parseAnswer(line)
      if (answer) onAnswer(answer)
    }
  })
}
