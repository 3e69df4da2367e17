import { basename } from 'node:path'

/** The test that has a server. */
export interface RunningTest {
  readonly file?: string | undefined
  readonly test?: string | undefined
}

/** Names a server of a run and the test that has the server: `[default-1 users.test.ts > adds a user]`. */
export class ServerMark {
  readonly #name: string
  /** The test that has the server now. */
  running: RunningTest = {}

  constructor(name: string, slot: number) {
    this.#name = `${name}-${slot}`
  }

  toString(): string {
    const { file, test } = this.running
    const where = [...(file === undefined ? [] : [basename(file)]), ...(test === undefined ? [] : [test])].join(' > ')
    return `[${this.#name}${where === '' ? '' : ` ${where}`}]`
  }
}
