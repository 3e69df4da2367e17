import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'

/**
 * The user's cache, for installed Tarantools and templates: TARANTOOL_FIXTURE_CACHE, or `tarantool-fixture` in the
 * user's cache directory. Undefined if the user has no home directory.
 */
export function cacheRoot(
  env: NodeJS.ProcessEnv,
  cwd: string,
  platform: string = process.platform,
): string | undefined {
  if (env.TARANTOOL_FIXTURE_CACHE) return resolve(cwd, env.TARANTOOL_FIXTURE_CACHE)
  // The XDG specification says that relative paths are ignored.
  const xdg = env.XDG_CACHE_HOME
  if (xdg && isAbsolute(xdg) && platform !== 'darwin') return join(xdg, 'tarantool-fixture')
  const home = env.HOME || homeOfUser()
  if (!home) return undefined
  return join(home, platform === 'darwin' ? 'Library/Caches' : '.cache', 'tarantool-fixture')
}

function homeOfUser(): string | undefined {
  try {
    return homedir()
  } catch {
    return undefined
  }
}
