import { isOwnerGone, parseOwner, thisOwner } from '../owner/owner.ts'
import { askEngine } from './engine.ts'

/** The label that names a container's owner. */
const label = 'tarantool-fixture'

/** The label of this process's containers. */
export function ownerLabel(): string {
  return `${label}=${JSON.stringify(thisOwner())}`
}

/** Removes the containers of dead owners that still exist. Never fails, because it cleans up after other processes. */
export async function sweepContainers(engine: string, signal: AbortSignal): Promise<void> {
  const { stdout: ids } = await askEngine(engine, ['ps', '--all', '--quiet', '--filter', `label=${label}`], { signal })
  const found = ids.split('\n').filter(id => id !== '')
  if (found.length === 0) return
  const format = `{{.Id}} {{index .Config.Labels "${label}"}}`
  // If one of the containers ends meanwhile, the command fails. It still prints the others.
  const { stdout } = await askEngine(engine, ['inspect', '--format', format, ...found], { signal })
  const left = stdout.split('\n').flatMap(line => {
    const [, id, owner] = /^(\S+) (.*)$/.exec(line) ?? []
    return id !== undefined && owner !== undefined && isLeft(owner) ? [id] : []
  })
  if (left.length === 0) return
  // podman's `rm --force` would first wait for each container to shut down.
  await askEngine(engine, ['kill', ...left], { signal })
  await askEngine(engine, ['rm', '--force', ...left], { signal })
}

function isLeft(text: string): boolean {
  const owner = parseOwner(text)
  return owner !== undefined && isOwnerGone(owner)
}
