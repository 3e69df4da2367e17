import { loadModule } from '../load-module.ts'
import type { CircusBlock, CircusState } from './circus.ts'

/** The file and the describes that got no server. */
export class Refusals {
  readonly #blocks = new WeakSet<CircusBlock>()
  readonly #circus: CircusState

  constructor(circus: CircusState) {
    this.#circus = circus
  }

  /** Fails a block that got no server because of an error. */
  async add(block: CircusBlock, error: Error): Promise<void> {
    this.#blocks.add(block)
    const { failFirstTest } = await loadModule(() => import('./fail-first-test.ts'))
    failFirstTest(block, error, this.#circus)
  }

  /** True if a block, or a block around it, got no server. */
  concern(block: CircusBlock | undefined): boolean {
    return block !== undefined && (this.#blocks.has(block) || this.concern(block.parent))
  }
}
