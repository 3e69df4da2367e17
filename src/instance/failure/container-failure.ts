import { ContainerEngineError, RootNotWritableError, type TarantoolFixtureError } from '../../errors.ts'
import type { ProcessExit } from '../control/exit.ts'
import { addressOfPort } from '../place/named-ports.ts'
import type { FailureContext } from './details.ts'
import { engineSilent } from './engine-failure.ts'
import { holdsNoTarantool, imageRemoved } from './image-failure.ts'
import { cannotPublish } from './port-failure.ts'

/** The facts about the container that messages need. */
export interface FailedContainer {
  readonly engine: string
  readonly image: string
  readonly directory: string
  /** The value that the engine gets; undefined if the image decides. */
  readonly user: string | undefined
  readonly isUserGiven: boolean
}

const silent =
  /cannot connect to|is the docker daemon running|permission denied while trying to connect|unable to connect to/i
const noImage = /no such image|unable to find image|image not known|manifest unknown/i
const noProgram = /executable file.* not found|no such file or directory.*tarantool|exec: "tarantool"/i
const portTaken = /port is already allocated|address already in use/i
const notMounted =
  /mounts denied|bind source path does not exist|not shared from the host|statfs .*no such file|error mounting/i
// Tarantool exits with the errno of a script that it cannot read. Its log has no line about the script by then.
const cannotRead = 13

// Exit codes of `docker run`: its own failure, a program that cannot be run, and a program that does not exist.
const ownFailures: ReadonlySet<number | undefined> = new Set([125, 126, 127])

/** Explains an end before the server was ready, if the engine is the cause. Undefined if the server is the cause. */
export function errorOfContainer(
  exit: ProcessExit,
  context: FailureContext,
  { engine, image, directory, user, isUserGiven }: FailedContainer,
): TarantoolFixtureError | undefined {
  const said = context.logTail.join('\n')
  if (exit.exitCode === cannotRead && !said.includes('boot.lua')) {
    return new RootNotWritableError(
      `${context.instance}: the user ${user} of the container may not use its directory ${directory}`,
      {
        ...context,
        hint: isUserGiven
          ? 'Leave out the option docker.user. The server then runs as you.'
          : "Does the engine map users to others (userns-remap)? Then docker: { args: ['--userns', 'host'] } may help, or the option docker.user.",
      },
    )
  }
  if (!ownFailures.has(exit.exitCode)) return undefined
  const lines = context.logTail.filter(text => !/^(?:See '|Usage:)/.test(text))
  const line = lines.find(text => /error|denied|cannot|unable/i.test(text)) ?? lines[0] ?? `exit code ${exit.exitCode}`
  if (silent.test(said)) return engineSilent(engine, line)
  if (portTaken.test(said)) {
    const named = Object.values(context.ports).map(addressOfPort)
    const address = [context.console, ...named, context.listen].find(uri => said.includes(uri)) ?? context.listen
    return cannotPublish(address, context)
  }
  if (noImage.test(said)) return imageRemoved(engine, image, line, context)
  if (noProgram.test(said)) {
    return holdsNoTarantool(image, line, {
      ...context,
      hint: 'The image needs a program `tarantool` on its PATH. Check the options docker.image and docker.tag.',
    })
  }
  if (notMounted.test(said)) {
    return new ContainerEngineError(`${engine} cannot mount what ${context.instance} needs: ${line}`, {
      ...context,
      hint: "The engine must share this machine's files. Or set the option root to another place for the instances' directories.",
    })
  }
  return new ContainerEngineError(`${engine} could not run the container of ${context.instance}: ${line}`, context)
}
