import { createInterface, type Interface } from 'node:readline'
import { ConnectionError } from '../../errors.ts'
import { History } from './history.ts'
import type { Target } from './target.ts'

const help = `Type Lua; an expression needs no return. An unfinished statement goes on in the next line.
  Tab         completes names
  Ctrl-C      drops the input
  \\q, Ctrl-D  leaves; the server keeps running
`

/** One person's conversation with a server, in a terminal. */
class Conversation {
  readonly #target: Target
  readonly #terminal: Interface
  readonly #history = new History()
  /** The lines of the statement so far. */
  #lines: string[] = []
  /** Lines that were pasted are evaluated one after another. */
  #last: Promise<void> = Promise.resolve()
  #isRunning = false
  #wasWarned = false
  #failure: Error | undefined

  constructor(target: Target) {
    this.#target = target
    this.#terminal = createInterface({
      ...{ input: process.stdin, output: process.stdout, terminal: true },
      ...{ history: this.#history.read(), historySize: 1000, removeHistoryDuplicates: true },
      completer: (line: string, callback: (error: null, result: [string[], string]) => void) => {
        void this.#complete(line).then(result => callback(null, result))
      },
    })
  }

  async run(): Promise<void> {
    const terminal = this.#terminal
    terminal.on('history', history => this.#history.write(history))
    terminal.on('line', line => {
      this.#last = this.#last.then(() => this.#take(line))
    })
    terminal.on('SIGINT', () => this.#interrupt())
    const ended = new Promise<void>(resolve => terminal.once('close', resolve))
    void this.#target.closed.then(() => {
      this.#failure = new ConnectionError(`${this.#target.name} has ended the connection`)
      terminal.close()
    })
    this.#prompt()
    await ended
    if (this.#failure) throw this.#failure
    process.stdout.write('\n')
  }

  #prompt(): void {
    this.#wasWarned = false
    this.#terminal.setPrompt(this.#lines.length === 0 ? `${this.#target.name}> ` : '       > ')
    this.#terminal.prompt()
  }

  async #take(line: string): Promise<void> {
    const command = line.trim()
    if (this.#lines.length === 0) {
      if (command === '\\q' || command === '\\quit') {
        this.#terminal.close()
        return
      }
      if (command === '\\help' || command === '\\h' || command === '?') process.stdout.write(help)
      if (command === '' || command.startsWith('\\') || command === '?') {
        this.#prompt()
        return
      }
    }
    this.#lines.push(line)
    this.#isRunning = true
    try {
      const [status, text] = await this.#target.run('evaluate', this.#lines.join('\n'))
      if (status !== 'incomplete') {
        this.#lines = []
        process.stdout.write(status === 'error' ? `error: ${text}\n` : String(text))
      }
    } catch (error) {
      this.#lines = []
      process.stdout.write(`${(error as Error).message}\n`)
    } finally {
      this.#isRunning = false
    }
    this.#prompt()
  }

  #interrupt(): void {
    if (this.#isRunning && !this.#wasWarned) {
      this.#wasWarned = true
      process.stdout.write('\nThe input still runs in the server. Ctrl-C again leaves the console.\n')
    } else if (this.#isRunning) {
      this.#terminal.close()
    } else {
      const isEmpty = this.#lines.length === 0 && this.#terminal.line === ''
      this.#lines = []
      // Ctrl-U: readline has no other way to drop the line that is being typed.
      this.#terminal.write(null, { ctrl: true, name: 'e' })
      this.#terminal.write(null, { ctrl: true, name: 'u' })
      process.stdout.write(isEmpty ? '\n(To leave: \\q or Ctrl-D)\n' : '\n')
      this.#prompt()
    }
  }

  async #complete(line: string): Promise<[string[], string]> {
    const [start = ''] = /[\w.:]*$/.exec(line) ?? []
    if (this.#isRunning) return [[], start]
    try {
      const [names] = await this.#target.run('complete', start)
      return [Array.isArray(names) ? names.map(String) : [], start]
    } catch {
      return [[], start]
    }
  }
}

/** Lets a person talk to a server in a terminal, until the person leaves. */
export async function converse(target: Target): Promise<void> {
  await new Conversation(target).run()
}
