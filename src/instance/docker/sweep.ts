import { isOwnerGone, parseOwner, thisOwner } from '../owner/owner.ts'
import { askEngine } from './engine.ts'

/** The label that says who owns a container. */
const label = 'tarantool-fixture'

/** What a container of this process is labelled with. */
export function ownerLabel(): string {
  return `${label}=${JSON.stringify(thisOwner())}`
}

/** Removes the containers whose owners have died, and nothing has ended them. Never fails: it is for what others left. */
export async function sweepContainers(engine: string, signal: AbortSignal): Promise<void> {
  const { stdout: ids } = await askEngine(engine, ['ps', '--all', '--quiet', '--filter', `label=${label}`], { signal })
  const found = ids.split('\n').filter(id => id !== '')
  if (found.length === 0) return
  const format = `{{.Id}} {{index .Config.Labels "${label}"}}`
  // One that ends meanwhile makes the command fail, and the others are told of all the same.
  const { stdout } = await askEngine(engine, ['inspect', '--format', format, ...found], { signal })
  const left = stdout.split('\n').flatMap(line => {
    const [, id, owner] = /^(\S+) (.*)$/.exec(line) ?? []
    return id !== undefined && owner !== undefined && isLeft(owner) ? [id] : []
  })
  if (left.length === 0) return
  // podman's `rm --force` would first wait for each to shut down.
  await askEngine(engine, ['kill', ...left], { signal })
  await askEngine(engine, ['rm', '--force', ...left], { signal })
}

function isLeft(text: string): boolean {
  const owner = parseOwner(text)
  return owner !== undefined && isOwnerGone(owner)
}
