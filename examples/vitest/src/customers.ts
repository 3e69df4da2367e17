import type { Database } from './connection.ts'

export interface Customer {
  id: number
  email: string
  name: string
}

type CustomerTuple = [id: number, email: string, name: string]

const toCustomer = ([id, email, name]: CustomerTuple): Customer => ({ id, email, name })

/** The shop's customers. */
export class Customers {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  async add(email: string, name: string): Promise<Customer> {
    const added = await this.#database.tuple<CustomerTuple>('add_customer', email, name)
    if (!added) throw new Error('add_customer returned nothing')
    return toCustomer(added)
  }

  async find(email: string): Promise<Customer | undefined> {
    const found = await this.#database.tuple<CustomerTuple>('find_customer', email)
    return found ? toCustomer(found) : undefined
  }
}
