import { readFileSync } from 'node:fs'
import { availableParallelism, freemem, release, totalmem } from 'node:os'
import { currentSystem } from '../../binary/system.ts'
import { cacheRoot } from '../../cache/root.ts'
import { engineInfo } from '../../instance/docker/engine-info.ts'
import { isOwnerGone } from '../../instance/owner/owner.ts'
import { defaultPlace } from '../../instance/place/place.ts'
import { pathWeakness } from '../../trusted-path.ts'
import { markedDirectories } from '../running.ts'
import { type Finding, problem } from './finding.ts'

const gigabytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GB`

export function checkSystem(): Finding {
  const { name, architecture, platform } = currentSystem()
  const memory = `${gigabytes(freemem())} of ${gigabytes(totalmem())} of memory free`
  const says = `${name}, ${architecture}, kernel ${release()}; ${availableParallelism()} cores, ${memory}`
  return platform === 'linux'
    ? { subject: 'System', state: 'ok', says }
    : { subject: 'System', state: 'note', says, advice: 'tarantool-fixture was tested on Linux only.' }
}

// A server has some 20 descriptors, and each worker some more.
const fewFiles = 1024

export function checkOpenFiles(): Finding | undefined {
  try {
    const [, soft = ''] = /^Max open files\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
    const says = `${soft} per process`
    if (soft === 'unlimited' || Number(soft) >= fewFiles) return { subject: 'Open files', state: 'ok', says }
    return { subject: 'Open files', state: 'note', says, advice: `Raise the limit: ulimit -n ${fewFiles}` }
  } catch {
    return undefined
  }
}

export function checkPlace(): Finding {
  const place = defaultPlace()
  const weakness = pathWeakness(place)
  return weakness === undefined
    ? { subject: 'Directories', state: 'ok', says: `servers have theirs in ${place}` }
    : { subject: 'Directories', state: 'problem', says: weakness, advice: 'Set TMPDIR to a directory of your own.' }
}

export function checkCache(): Finding {
  const root = cacheRoot(process.env, process.cwd())
  if (root === undefined) {
    const advice =
      'Set TARANTOOL_FIXTURE_CACHE to a directory. Without it, nothing is downloaded, and each run seeds anew.'
    return { subject: 'Cache', state: 'note', says: 'none, because the user has no home directory', advice }
  }
  const weakness = pathWeakness(root)
  return weakness === undefined
    ? { subject: 'Cache', state: 'ok', says: `${root} (\`tarantool-fixture cache\` lists it)` }
    : {
        subject: 'Cache',
        state: 'problem',
        says: `${root} is not used: ${weakness}`,
        advice: 'Remove the write permission of others.',
      }
}

export async function checkEngine(): Promise<Finding> {
  for (const engine of ['docker', 'podman']) {
    try {
      const { kind, isRootless } = await engineInfo(engine, AbortSignal.timeout(5000))
      return { subject: 'Containers', state: 'ok', says: `${kind}${isRootless ? ', rootless' : ''}` }
    } catch {
      // Most projects need no engine.
    }
  }
  const says = 'no engine answers; only the option docker needs one'
  return { subject: 'Containers', state: 'ok', says }
}

export function checkLeftovers(): Finding {
  const found = markedDirectories()
  const kept = found.filter(({ marker }) => marker.keep).length
  const abandoned = found.filter(({ marker }) => !marker.keep && isOwnerGone(marker)).length
  const parts = [
    ...(kept > 0 ? [`${kept} kept director${kept === 1 ? 'y' : 'ies'} of failed tests`] : []),
    ...(abandoned > 0 ? [`${abandoned} of ended runs, which the next start removes`] : []),
  ]
  return { subject: 'Leftovers', state: 'ok', says: parts.join('; ') || 'none' }
}

export function checkVariables(): Finding {
  const names = Object.keys(process.env).filter(name => /^(?:TARANTOOL_|TT_)/.test(name))
  const secret = /PASSWORD|URI/
  const says = names.sort().map(name => `${name}=${secret.test(name) ? '…' : process.env[name]}`)
  return { subject: 'Variables', state: 'ok', says: says.join(' ') || 'none that change a run' }
}

/** Runs a check that may fail. */
export async function attempt(subject: string, check: () => Promise<Finding>): Promise<Finding> {
  try {
    return await check()
  } catch (error) {
    return problem(subject, error)
  }
}
