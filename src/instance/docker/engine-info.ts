import { engineSilent } from '../failure/engine-failure.ts'
import { askEngine } from './engine.ts'

/** The facts about an engine that a start needs. */
export interface EngineInfo {
  readonly kind: 'docker' | 'podman'
  /** True if the containers' root is the user who runs the engine. */
  readonly isRootless: boolean
}

// The parts that the fixture reads of Docker's answer and of podman's.
interface Info {
  ServerVersion?: string
  SecurityOptions?: string[]
  ServerErrors?: string[]
  host?: { security?: { rootless?: boolean } }
}

/**
 * Asks an engine for its properties.
 *
 * @throws ContainerEngineError if there is no engine, or if it does not answer
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
