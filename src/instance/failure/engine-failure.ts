import { ContainerEngineError } from '../../errors.ts'

const otherEngine =
  "Set the option docker.engine to another engine: 'podman', or a path. Without the option docker, Tarantool runs on this machine itself."

/** Makes the error of a program that cannot be run. */
export function engineMissing(engine: string, cause: Error): ContainerEngineError {
  return new ContainerEngineError(`cannot run ${engine}, which runs the container: ${cause.message}`, {
    hint: otherEngine,
    cause,
  })
}

/** Makes the error of a program that reports that it cannot reach an engine. */
export function engineSilent(engine: string, said: string): ContainerEngineError {
  return new ContainerEngineError(`the engine of ${engine} does not answer: ${said}`, {
    hint: `Check with \`${engine} info\` that the engine runs, and that you may use it. ${otherEngine}`,
  })
}
