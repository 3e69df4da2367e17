import { DownloadError } from '../../errors.ts'
import { hasReadableSecrets } from './failure.ts'

/** The proxies of an environment. An empty address means: no proxy. */
export interface Proxies {
  readonly httpProxy: string
  readonly httpsProxy: string
  /** Hosts that are reached without a proxy: `example.org, 10.0.0.1:8080`, or `*`. */
  readonly noProxy: string
}

function address(env: NodeJS.ProcessEnv, name: string): string {
  const variable = [name.toLowerCase(), name].find(variable => env[variable])
  const text = (variable && env[variable]?.trim()) || ''
  if (text === '') return ''
  const url = /^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `http://${text}`
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new DownloadError(`${variable} is not the address of an HTTP proxy`, {
      hint: 'It has the form http://proxy.example.org:3128.',
    })
  }
  if (hasReadableSecrets(new URL(url))) return url
  throw new DownloadError(`${variable} has a user's name or password that cannot be read`, {
    hint: 'Write a % in them as %25.',
  })
}

/**
 * Reads `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`. The lower-case name counts first, unless it is empty. An address
 * without a scheme is an HTTP address.
 *
 * @throws DownloadError if a proxy is not an HTTP address
 */
export function proxiesOf(env: NodeJS.ProcessEnv): Proxies {
  return {
    httpProxy: address(env, 'HTTP_PROXY'),
    httpsProxy: address(env, 'HTTPS_PROXY'),
    noProxy: env.no_proxy || env.NO_PROXY || '',
  }
}

const withoutBrackets = (host: string): string => host.replace(/^\[(.*)\]$/, '$1').toLowerCase()

function covers(entry: string, { protocol, hostname, port }: URL): boolean {
  if (entry === '*') return true
  // An IPv6 address contains colons, too. A port follows only after brackets.
  const [, before = entry, ofPort] = /^(\[.*\]|[^:]*):(\d+)$/.exec(entry) ?? []
  if (ofPort !== undefined && ofPort !== (port || (protocol === 'https:' ? '443' : '80'))) return false
  const host = withoutBrackets(hostname)
  const excepted = withoutBrackets(before.replace(/^\*?\./, ''))
  return excepted !== '' && (host === excepted || host.endsWith(`.${excepted}`))
}

/** The proxy for a request; empty if it goes to the server itself. */
export function proxyFor(url: URL, { httpProxy, httpsProxy, noProxy }: Proxies): string {
  if (noProxy.split(/[,\s]+/).some(entry => covers(entry, url))) return ''
  return url.protocol === 'https:' ? httpsProxy : httpProxy
}
