import type { Database } from './connection.ts'

export interface Order {
  id: number
  customer: number
  total: number
}

/** The shop's orders. */
export class Orders {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  async place(customer: number, total: number): Promise<Order> {
    const placed = await this.#database.tuple<[number, number, number]>('place_order', customer, total)
    if (!placed) throw new Error('place_order returned nothing')
    return { id: placed[0], customer, total }
  }

  async revenueOf(customer: number): Promise<number> {
    return await this.#database.number('revenue_of', customer)
  }
}
