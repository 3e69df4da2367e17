import { ContainerImageError, type ErrorDetails } from '../../errors.ts'

const options = 'Check the options docker.image and docker.tag.'

/** Makes the error of an image without a Tarantool. */
export function holdsNoTarantool(image: string, said: string, details: ErrorDetails = {}): ContainerImageError {
  return new ContainerImageError(`the image ${image} holds no Tarantool: ${said}`, { hint: options, ...details })
}

/** Makes the error of an image that the engine had when the start began, and that it has no longer. */
export function imageRemoved(engine: string, image: string, said: string, details: ErrorDetails): ContainerImageError {
  return new ContainerImageError(`${engine} has no image ${image} any more: ${said}`, details)
}

/** Makes the error of an image that is missing and may not be pulled. */
export function pullForbidden(engine: string, image: string): ContainerImageError {
  return new ContainerImageError(
    `${engine} does not have the image ${image}, and TARANTOOL_FIXTURE_INSTALL=0 forbids the pull`,
    { hint: `Pull it with \`${engine} pull ${image}\`.` },
  )
}

/** Makes the error of an image that the engine still lacks after a successful pull. */
export function pulledInVain(engine: string, image: string): ContainerImageError {
  return new ContainerImageError(`${engine} has pulled ${image}, and does not have it`)
}

const unreachable = /dial tcp|lookup|no such host|timeout|refused|unreachable|network|TLS|EOF|proxy/i

/** Makes the error of a pull that failed. */
export function pullFailed(
  engine: string,
  image: string,
  said: readonly string[],
  exitCode: number | undefined,
): ContainerImageError {
  return new ContainerImageError(`the image ${image} cannot be pulled: ${said.at(-1) ?? `exit code ${exitCode}`}`, {
    hint: unreachable.test(said.join('\n'))
      ? `The registry cannot be reached from here. Run \`${engine} pull ${image}\` once with a network, or load the image from a file with \`${engine} load\`.`
      : `Check that the image and its tag exist, and that you may pull it. ${options}`,
  })
}
