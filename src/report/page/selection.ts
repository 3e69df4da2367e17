import type { Item } from './model.ts'

/** The part of the page from which an item was selected. */
export type Origin = 'list' | 'timeline' | 'page'

type Listener = (item: Item, origin: Origin) => void

/** The item that the page shows in detail. */
export class Selection {
  #item: Item | undefined
  readonly #listeners: Listener[] = []

  get item(): Item | undefined {
    return this.#item
  }

  select(item: Item, origin: Origin): void {
    this.#item = item
    for (const listener of this.#listeners) listener(item, origin)
  }

  onChange(listener: Listener): void {
    this.#listeners.push(listener)
  }
}
