import { join } from 'node:path'
import process from 'node:process'

/** An address of this machine where nobody answers. */
export const deadMirror = 'http://127.0.0.1:9/'

// Tests and benches ask nothing outside of this machine, and their child processes inherit that.
process.env.TARANTOOL_FIXTURE_MIRROR = deadMirror

const proxies = ['http_proxy', 'https_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY']
const loopback = 'localhost,127.0.0.1,::1'

/** Variables with which apt has no sources. */
export const noSources: Record<string, string> = { APT_CONFIG: join(import.meta.dirname, 'no-sources.conf') }

/** Variables with which a request to another machine ends at a proxy where nobody answers. */
export function deadProxies(env: NodeJS.ProcessEnv = process.env): Record<string, string> {
  return {
    ...Object.fromEntries(proxies.map(name => [name, /^no/i.test(name) ? loopback : deadMirror])),
    // npm asks the registry of packages, through the proxies that were set before.
    TEST_PROXIES: env.TEST_PROXIES ?? JSON.stringify(Object.fromEntries(proxies.map(name => [name, env[name] ?? '']))),
  }
}

/** The proxies of the user who runs the tests. Empty where `deadProxies` does not apply. */
export const usersProxies = (): Record<string, string> =>
  JSON.parse(process.env.TEST_PROXIES ?? '{}') as Record<string, string>
