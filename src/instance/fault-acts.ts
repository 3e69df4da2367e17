import type { InvalidOptionError } from '../errors.ts'
import type { Fault, Link } from '../link/fault.ts'
import type { FaultActs } from '../link/fault-sequence.ts'
import { singleServer } from '../link/planned-faults.ts'

/** An instance, as a sequence of faults needs it. */
interface FaultyInstance {
  readonly isRunning: boolean
  readonly fingerprint: string
  readonly hasLinks: boolean
  readonly link: Link
  noLinks(): InvalidOptionError
  readonly process: { sendSignal(signal: NodeJS.Signals): boolean } | undefined
  kill(options: { cleanup: boolean }): Promise<void>
  start(options: { recreate: boolean }): Promise<unknown>
}

/**
 * The acts of a sequence of faults on processes.
 *
 * @param find an instance. The code under the faults may have removed it
 */
export function processActs(
  find: (name: string) => FaultyInstance | undefined,
): Pick<FaultActs, 'runs' | 'titleOf' | 'kill' | 'start' | 'pause' | 'resume'> {
  return {
    runs: name => find(name)?.isRunning === true,
    titleOf: name => find(name)?.fingerprint ?? name,
    kill: async name => await find(name)?.kill({ cleanup: false }),
    start: async name => void (await find(name)?.start({ recreate: false })),
    pause: async name => void find(name)?.process?.sendSignal('SIGSTOP'),
    resume: async name => void find(name)?.process?.sendSignal('SIGCONT'),
  }
}

/** The acts of a sequence of faults on a single server. */
export const faultActs = (instance: FaultyInstance): FaultActs => ({
  instances: [singleServer],
  links: instance.hasLinks ? [undefined] : [],
  noLinks: () => instance.noLinks(),
  ...processActs(() => instance),
  make: async fault => await makeOn(instance.link, fault),
})

async function makeOn(link: Link, fault: Fault): Promise<void> {
  if (fault.is === 'cut') await link.cut()
  else if (fault.is === 'delayed') await link.delay(fault.milliseconds)
  else await link.heal()
}
