import type { Outcome } from '../broker/run-events.ts'
import type { AgentOperation, AgentReply } from '../isolation/server.ts'
import type { TestPlace } from './test-place.ts'

/** A test of a file, and what became of it. */
export interface TestOutcome {
  /** See `TestPlace`. */
  readonly task: object
  readonly name: string
  readonly outcome: Outcome
}

/** Notes about one server, for the report of the run. They never fail a test. */
export interface ServerNotes<Server> {
  /** Measures a request to the agent. */
  measure(operation: AgentOperation, asked: Promise<AgentReply>): Promise<AgentReply>
  begin(attempt: object): void
  /** Reads what a test has left, before the server is reset. */
  look(
    attempt: object,
    place: TestPlace,
    errors: readonly { readonly message?: unknown }[],
    logSince: (server: Server) => number,
  ): Promise<void>
  /** The test is over. `error`: it failed after all. */
  end(attempt: object, error: Error | undefined): void
  /** Adds the tests of the file that never began. `all`: the notes about all servers of the file. */
  addOthers(tests: readonly TestOutcome[], all: readonly this[]): void
}
