import { SharedTask } from '../../binary/shared-task.ts'
import type { ResolvedDocker } from '../../config/docker.ts'
import { type EngineInfo, engineInfo } from './engine-info.ts'
import { type Image, provideImage } from './image.ts'
import { sweepContainers } from './sweep.ts'

/** A working engine, and an image that it has. */
export interface Prepared {
  readonly info: EngineInfo
  readonly image: Image
}

interface Entry {
  readonly task: SharedTask<Prepared>
  failedAt?: number
}

const known = new Map<string, Entry>()
const swept = new Set<string>()

// Every lease of a run asks again. A network that is down must not cost each lease the full wait.
const failureIsKept = 60_000

const keyOf = ({ engine, image }: ResolvedDocker): string =>
  JSON.stringify([
    engine,
    image,
    process.env.DOCKER_HOST,
    process.env.DOCKER_CONTEXT,
    process.env.CONTAINER_HOST,
    process.env.PATH,
  ])

const isFresh = ({ task, failedAt }: Entry): boolean =>
  !task.cancelled && (failedAt === undefined || performance.now() - failedAt < failureIsKept)

function toStderr(line: string): void {
  process.stderr.write(`tarantool-fixture: ${line}\n`)
}

async function prepare({ engine, image }: ResolvedDocker, key: string, signal: AbortSignal): Promise<Prepared> {
  const sweep = async (): Promise<void> => {
    if (swept.has(key)) return
    swept.add(key)
    await sweepContainers(engine, signal).catch(() => {})
  }
  const info = await engineInfo(engine, signal)
  const [provided] = await Promise.all([provideImage(engine, image, toStderr, signal), sweep()])
  return { info, image: provided }
}

/**
 * Asks the engine once per process, pulls the image if it is missing, and removes what dead owners have left. Callers
 * at the same time share the work. For a minute after a failure, callers get the same error without another try.
 *
 * @throws ContainerEngineError, ContainerImageError
 */
export async function prepareContainers(docker: ResolvedDocker, signal?: AbortSignal): Promise<Prepared> {
  const key = keyOf(docker)
  signal?.throwIfAborted()
  let entry = known.get(key)
  if (!entry || !isFresh(entry)) {
    const made: Entry = { task: new SharedTask(abort => prepare(docker, key, abort)) }
    made.task.result.catch(() => {
      made.failedAt = performance.now()
    })
    known.set(key, made)
    entry = made
  }
  return await entry.task.wait(signal)
}

/** Makes the next caller ask again, because the engine has ended or the image was removed. */
export function forgetPrepared(docker: ResolvedDocker): void {
  known.delete(keyOf(docker))
}
