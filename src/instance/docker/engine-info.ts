import { engineSilent } from '../failure/engine-failure.ts'
import { askEngine } from './engine.ts'

/** What has to be known of an engine. */
export interface EngineInfo {
  readonly kind: 'docker' | 'podman'
  /** Its containers' root is the user who runs it. */
  readonly isRootless: boolean
}

// As far as we read them: Docker's answer, and podman's.
interface Info {
  ServerVersion?: string
  SecurityOptions?: string[]
  ServerErrors?: string[]
  host?: { security?: { rootless?: boolean } }
}

/**
 * Asks an engine what it is.
 *
 * @throws ContainerEngineError when there is none, or when it does not answer
 */
export async function engineInfo(engine: string, signal?: AbortSignal): Promise<EngineInfo> {
  const { exitCode, stdout, stderr } = await askEngine(engine, ['info', '--format', '{{json .}}'], { signal })
  signal?.throwIfAborted()
  if (exitCode === undefined) throw engineSilent(engine, 'it said nothing for 20 s')
  const info = parse(stdout)
  if (info?.host) return { kind: 'podman', isRootless: info.host.security?.rootless === true }
  if (info?.ServerVersion) {
    const isRootless = info.SecurityOptions?.some(option => option.includes('rootless')) === true
    return { kind: 'docker', isRootless }
  }
  const said = [...(info?.ServerErrors ?? []), stderr.trim(), stdout.trim()].find(text => text !== '')
  throw engineSilent(engine, said?.split('\n').at(-1) ?? 'it said nothing')
}

function parse(text: string): Info | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}
