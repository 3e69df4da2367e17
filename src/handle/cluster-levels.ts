import type { AgentOperation, AgentReply } from '../isolation/server.ts'

/** Asks if a cluster has changed since the last such question. */
export type ChangesQuestion = () => Promise<{ readonly changed: boolean; readonly clients: boolean }>

const why = 'the changes of a cluster cannot be undone in place'

/**
 * Answers for the agent of a cluster. It knows for each level whether the level changed, but nothing records the changes.
 * So a level with changes cannot be undone, and the cluster has to be replaced.
 */
export class ClusterLevels {
  readonly #ask: ChangesQuestion
  #generation: number
  #changed: boolean[] = [false]

  constructor(ask: ChangesQuestion, generation: number) {
    this.#ask = ask
    this.#generation = generation
  }

  async ask(operation: AgentOperation, keep: number, generation: number): Promise<AgentReply> {
    if (operation === 'digest' || operation === 'requests') return {}
    if (generation !== this.#generation) this.#changed = [false]
    this.#generation = generation
    const { changed, clients } = await this.#ask()
    if (changed) this.#changed[this.#changed.length - 1] = true
    if (operation === 'dirty') return { dirty: this.#changed.includes(true) }
    if (this.#changed.slice(keep).includes(true)) return { lost: why, clients }
    this.#changed = [...this.#changed.slice(0, keep), false]
    return { undone: 0, kept: this.#changed.slice(0, -1), clients }
  }
}
