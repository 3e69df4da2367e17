import { type Condition, type Fault, type FaultName, faultOf } from '../link/fault.ts'

/** A server, with the faults that the file has made. */
interface FaultyServer {
  faults: LinkFaults | undefined
  ofCluster(name: 'fault', params: { fault: Fault }): Promise<unknown>
}

/** The test that runs, or the suite whose hooks run. */
interface Owners {
  readonly attempt: object | undefined
  readonly scope: object
}

/** Makes a fault for a test or a suite. @throws InvalidOptionError */
export async function makeFault(
  server: FaultyServer,
  { attempt, scope }: Owners,
  name: FaultName,
  value: unknown,
): Promise<void> {
  const fault = faultOf(name, value)
  server.faults ??= new LinkFaults(async wanted => void (await server.ofCluster('fault', { fault: wanted })))
  await server.faults.make(fault, attempt ?? scope)
}

/** The faults that the tests and suites of a file have made. Each ends with its test or suite. */
export class LinkFaults {
  readonly #make: (fault: Fault) => Promise<void>
  #condition: Condition = { is: 'sound' }
  /** The condition that each test or suite found before its first fault. */
  readonly #found = new Map<object, Condition>()

  constructor(make: (fault: Fault) => Promise<void>) {
    this.#make = make
  }

  async make(fault: Fault, owner: object): Promise<void> {
    if (fault.is !== 'reset') {
      if (!this.#found.has(owner)) this.#found.set(owner, this.#condition)
      this.#condition = fault
    }
    await this.#make(fault)
  }

  /** Restores the condition that a test or suite found. */
  async undo(owner: object): Promise<void> {
    const found = this.#found.get(owner)
    this.#found.delete(owner)
    if (!found || found === this.#condition) return
    this.#condition = found
    await this.#make(found)
  }
}
