import { SetupError } from '../errors.ts'
import { type CachedTemplate, clearTemplates, listTemplates, templatesRoot } from '../seed/template-cache.ts'
import { pathWeakness } from '../trusted-path.ts'

function root(): string {
  const found = templatesRoot()
  const weakness = found && pathWeakness(found)
  if (weakness) throw new SetupError(`the cache ${found} is not used, since others could change it: ${weakness}`)
  if (found !== undefined) return found
  throw new SetupError('there is no cache, since there is no home directory', {
    hint: 'TARANTOOL_FIXTURE_CACHE names a directory for it.',
  })
}

const size = (bytes: number): string =>
  bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`

const states = { untried: 'not used yet', proven: 'used', refused: 'of no use' } as const

function line({ manifest, bytes, lastUsed }: CachedTemplate): string {
  const { seed, tarantool, state, reason } = manifest
  const when = lastUsed.toISOString().slice(0, 16).replace('T', ' ')
  const columns = [size(bytes).padStart(7), when, states[state].padEnd(12), `${seed} (Tarantool ${tarantool})`]
  return `  ${columns.join('  ')}${reason === undefined ? '' : `\n           ${reason}`}`
}

const count = (number: number): string => `${number} template${number === 1 ? '' : 's'}`

/** Lists the templates of the cache, the last used first. */
export async function showCache(): Promise<string> {
  const directory = root()
  const templates = await listTemplates(directory)
  const bytes = templates.reduce((sum, template) => sum + template.bytes, 0)
  const lines = [`${directory}: ${count(templates.length)}, ${size(bytes)}`, ...templates.map(line)]
  return `${lines.join('\n')}\n`
}

/** Removes the templates of the cache. An installed Tarantool stays. */
export async function clearCache(): Promise<string> {
  const directory = root()
  return `${directory}: removed ${count(await clearTemplates(directory))}\n`
}
