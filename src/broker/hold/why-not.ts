import type { ResolvedServer } from '../../config/fixture-config.ts'
import type { TarantoolInstance } from '../../instance/instance.ts'

/** A failed test's server that is to be held. */
export interface Candidate {
  readonly options: Pick<ResolvedServer, 'docker' | 'ports'>
  readonly instance: Pick<TarantoolInstance, 'isRunning'>
  /** The tests that follow expect the data of this process. */
  readonly isNeeded: boolean
}

/** The reason why a server cannot move to another address; undefined if it can. A cluster never can. */
export function whyNotMovable({ options, instance, isNeeded }: Candidate): string | undefined {
  if (!instance.isRunning) return 'it does not run'
  if (options.docker) return 'the port of a container cannot move'
  if (Object.keys(options.ports).length > 0) return 'its named ports cannot move'
  if (isNeeded) return 'the tests that follow expect its data'
  return undefined
}
