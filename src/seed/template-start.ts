import {
  BoxCfgError,
  ClusterConfigError,
  InitScriptError,
  SeedError,
  ServerExitedError,
  ServerKilledError,
  StartTimeoutError,
  type TarantoolFixtureError,
} from '../errors.ts'
import type { Template, TemplateOrigin, TemplateReport, TemplateStore } from './template-store.ts'
import { removeSnapshot, TemplateGoneError } from './template-store.ts'
import { takeTurn } from './turns.ts'

/** Source of a server's data. */
export type DataSource =
  | { readonly kind: 'seed'; readonly makeTemplate: boolean }
  | { readonly kind: 'copy'; readonly template: Template; readonly isTrial: boolean }

/** A start that can use a template. */
export interface TemplateStart<Ready extends { readonly template?: TemplateReport }> {
  readonly store: TemplateStore
  /** Computes the origin. It is called again after a template was made, since files may have changed meanwhile. */
  readonly origin: () => Promise<TemplateOrigin>
  /** The server's directory. */
  readonly directory: string
  /** Aborts the start. */
  readonly signal: AbortSignal
  /** The longest wait for another server that is making the template, in milliseconds. */
  readonly patience: number
  /** Starts the server. If it rejects, no server runs. */
  readonly launch: (source: DataSource) => Promise<Ready>
  /** True if a later start in the same directory may find the snapshot that the template was made from. */
  readonly keepsSnapshot: (ready: Ready) => boolean
  /** Called with the template that was made from the data of the server. */
  readonly onMade?: (template: Template) => void
  /** Ends the server that was launched last. */
  readonly end: () => Promise<void>
  /** Called with the reason why the seed runs at each start. */
  readonly tell: (reason: string) => void
}

const seed = { kind: 'seed', makeTemplate: false } as const

// By name: why this process does not use a template, in case the refusal could not be written to the cache.
const useless = new Map<string, string>()

/**
 * Starts a server from the template of its seed. Without a template, the server seeds itself and its snapshot becomes
 * the template. If several servers start at the same time, one of them seeds, and the others wait for its snapshot.
 */
export async function startWithTemplate<Ready extends { readonly template?: TemplateReport }>(
  start: TemplateStart<Ready>,
): Promise<Ready> {
  const { weakness } = start.store
  if (weakness !== undefined) {
    start.tell(`templates are not kept where others could change them (${weakness})`)
    return await start.launch(seed)
  }
  const origin = await start.origin()
  const name = `${start.store.root}\n${origin.key}`
  // A second round replaces a template that turned out to be damaged.
  for (let round = 1; round <= 2; round++) {
    const turn = await takeTurn(name, start.signal, start.patience)
    if (!turn) return await start.launch(seed)
    // A retry with this server would fail after the same time.
    if ('failure' in turn) throw turn.failure
    const { release } = turn
    try {
      const reason = useless.get(name)
      const template = reason === undefined ? await start.store.find(origin) : undefined
      if (reason !== undefined || template?.manifest.state === 'refused') {
        release()
        start.tell(reason ?? template?.manifest.reason ?? 'its template was refused')
        return await start.launch(seed)
      }
      if (!template) return await makeTemplate(start, origin, name)
      if (template.manifest.state === 'untried') return await tryTemplate(start, template, name)
      release()
      const ready = await useTemplate(start, template)
      if (ready) return ready
    } catch (error) {
      if (error instanceof StartTimeoutError) release(error)
      throw error
    } finally {
      release()
    }
  }
  return await start.launch(seed)
}

async function makeTemplate<Ready extends { readonly template?: TemplateReport }>(
  start: TemplateStart<Ready>,
  origin: TemplateOrigin,
  name: string,
): Promise<Ready> {
  const ready = await start.launch({ kind: 'seed', makeTemplate: true })
  const report = ready.template
  const isCurrent = async (): Promise<boolean> => (await start.origin()).key === origin.key
  try {
    // No template: the server was a replica, or found data that was seeded before.
    if (report?.flaw !== undefined) throw new Error(report.flaw)
    const made = report && (await start.store.keep(origin, report, start.directory, isCurrent))
    if (made) start.onMade?.(made)
    if (report && !start.keepsSnapshot(ready)) await removeSnapshot(report, start.directory)
  } catch (error) {
    const reason = `no template could be made (${(error as Error).message})`
    useless.set(name, reason)
    start.tell(reason)
  }
  return ready
}

/**
 * Starts a server from a template for the first time. Later starts use the template only if this server has the same
 * data.
 */
async function tryTemplate<Ready extends { readonly template?: TemplateReport }>(
  start: TemplateStart<Ready>,
  template: Template,
  name: string,
): Promise<Ready> {
  const refuse = async (reason: string): Promise<void> => {
    start.tell(reason)
    await start.store.refuse(template, reason).catch(() => useless.set(name, reason))
  }
  let ready: Ready
  try {
    ready = await start.launch({ kind: 'copy', template, isTrial: true })
  } catch (error) {
    if (start.signal.aborted) throw error
    if (isVerdict(error)) await refuse(`no server starts from its template: ${withoutInstance(error.summary)}`)
    ready = await start.launch(seed)
    if (error instanceof StartTimeoutError) {
      // The machine may have been busy, so another process tries again. Here, a second trial could cost as much time.
      const reason = `a server that starts from its template ${withoutInstance(error.summary)}`
      useless.set(name, reason)
      start.tell(reason)
    }
    return ready
  }
  const difference = differenceOf(template, ready.template)
  if (difference === undefined) {
    await start.store.prove(template).catch(() => {})
    return ready
  }
  await start.end()
  await refuse(difference)
  return await start.launch(seed)
}

async function useTemplate<Ready extends { readonly template?: TemplateReport }>(
  start: TemplateStart<Ready>,
  template: Template,
): Promise<Ready | undefined> {
  try {
    return await start.launch({ kind: 'copy', template, isTrial: false })
  } catch (error) {
    const isGone = error instanceof TemplateGoneError
    if (start.signal.aborted || !(isGone || isVerdict(error))) throw error
    await start.store.discard(template)
    return undefined
  }
}

const verdicts = [InitScriptError, BoxCfgError, ClusterConfigError, SeedError, ServerExitedError]

// True if an error concerns the template, and not the machine.
const isVerdict = (error: unknown): error is TarantoolFixtureError =>
  !(error instanceof ServerKilledError) && verdicts.some(kind => error instanceof kind)

// The reason is kept for later servers, which have other names.
const withoutInstance = (summary: string): string =>
  summary.replace(
    /^Tarantool(?: [\w.-]+){0,2}\[.*?\] (?:did not start: )?| \(Tarantool(?: [\w.-]+){0,2}\[.*?\] did not start\)$/g,
    '',
  )

function differenceOf({ manifest }: Template, report: TemplateReport | undefined): string | undefined {
  if (report?.digest === manifest.digest) return undefined
  if (!report || report.flaw !== undefined) return `the data could not be compared: ${report?.flaw ?? 'no report'}`
  const names = new Set([...Object.keys(manifest.parts), ...Object.keys(report.parts)])
  const different = [...names].filter(part => manifest.parts[part] !== report.parts[part]).sort()
  return `a server that starts from the template has other data than the seeded server, in ${different.join(', ')}`
}
