import { type CachedTarantool, clearTarantools, listTarantools } from '../binary/release/store.ts'
import { cacheRoot } from '../cache/root.ts'
import { SetupError } from '../errors.ts'
import { type CachedTemplate, clearTemplates, listTemplates, templatesRoot } from '../seed/template-cache.ts'
import { pathWeakness } from '../trusted-path.ts'

interface Cache {
  readonly root: string
  readonly templates: string
}

function openCache(): Cache {
  const root = cacheRoot(process.env, process.cwd())
  const templates = templatesRoot()
  if (root === undefined || templates === undefined) {
    throw new SetupError('there is no cache, because the user has no home directory', {
      hint: 'Set TARANTOOL_FIXTURE_CACHE to a directory.',
    })
  }
  const weakness = pathWeakness(templates) ?? pathWeakness(root)
  if (weakness) throw new SetupError(`the cache ${root} is not used, because other users could change it: ${weakness}`)
  return { root, templates }
}

const size = (bytes: number): string =>
  bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`

const total = (entries: readonly { bytes: number }[]): string =>
  size(entries.reduce((sum, { bytes }) => sum + bytes, 0))

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`

const line = (bytes: number, lastUsed: Date, state: string, what: string): string =>
  ['', size(bytes).padStart(7), lastUsed.toISOString().slice(0, 16).replace('T', ' '), state.padEnd(12), what].join(
    '  ',
  )

const states = { untried: 'not used yet', proven: 'used', refused: 'of no use' } as const

function templateLine({ manifest, bytes, lastUsed }: CachedTemplate): string {
  const { seed, tarantool, state, reason } = manifest
  const text = line(bytes, lastUsed, states[state], `${seed} (Tarantool ${tarantool})`)
  return reason === undefined ? text : `${text}\n           ${reason}`
}

const tarantoolLine = ({ name, version, bytes, lastUsed, isInUse }: CachedTarantool): string =>
  line(
    bytes,
    lastUsed,
    isInUse ? 'in use' : '',
    `${version === undefined ? 'a damaged Tarantool' : `Tarantool ${version}`} (${name})`,
  )

/** Lists the contents of the cache, the last used first. */
export async function showCache(): Promise<string> {
  const { root, templates: directory } = openCache()
  const templates = await listTemplates(directory)
  const tarantools = await listTarantools(root)
  const lines = [
    `${directory}: ${count(templates.length, 'template')}, ${total(templates)}`,
    ...templates.map(templateLine),
    `${root}: ${count(tarantools.length, 'Tarantool')}, ${total(tarantools)}`,
    ...tarantools.map(tarantoolLine),
  ]
  return `${lines.join('\n')}\n`
}

/** Removes the templates and the Tarantools of the cache. A Tarantool that a process uses stays. */
export async function clearCache(): Promise<string> {
  const { root, templates: directory } = openCache()
  const templates = await clearTemplates(directory)
  const { removed, inUse } = await clearTarantools(root)
  const rest = inUse > 0 ? `, and kept ${inUse} in use` : ''
  return `${directory}: removed ${count(templates, 'template')}\n${root}: removed ${count(removed, 'Tarantool')}${rest}\n`
}
