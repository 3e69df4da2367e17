import { ContainerEngineError } from '../../errors.ts'

const otherEngine =
  "The option docker.engine names another one: 'podman', or a path. Without the option docker, Tarantool runs on this machine itself."

/** Makes the error of a program that cannot be run. */
export function engineMissing(engine: string, cause: Error): ContainerEngineError {
  return new ContainerEngineError(`cannot run ${engine}, which is to run the container: ${cause.message}`, {
    hint: otherEngine,
    cause,
  })
}

/** Makes the error of a program that reports that it cannot reach an engine. */
export function engineSilent(engine: string, said: string): ContainerEngineError {
  return new ContainerEngineError(`the engine of ${engine} does not answer: ${said}`, {
    hint: `Is it running, and may you use it? \`${engine} info\` tells. ${otherEngine}`,
  })
}
