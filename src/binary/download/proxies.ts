import { DownloadError } from '../../errors.ts'

/** The proxies of an environment, in the form that the HTTP library takes. An empty address means: no proxy. */
export interface Proxies {
  readonly httpProxy: string
  readonly httpsProxy: string
  readonly noProxy: string
}

function address(env: NodeJS.ProcessEnv, name: string): string {
  const variable = [name.toLowerCase(), name].find(variable => env[variable])
  const text = (variable && env[variable]?.trim()) || ''
  if (text === '') return ''
  // As for curl, an address without a scheme is one of HTTP.
  const url = /^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `http://${text}`
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url
  throw new DownloadError(`${variable} is not the address of an HTTP proxy`, {
    hint: 'It has the form http://proxy.example.org:3128.',
  })
}

/**
 * Reads `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`. As for curl, the lower-case name wins.
 *
 * @throws DownloadError if a proxy is not an address of HTTP
 */
export function proxiesOf(env: NodeJS.ProcessEnv): Proxies {
  return {
    httpProxy: address(env, 'HTTP_PROXY'),
    httpsProxy: address(env, 'HTTPS_PROXY'),
    noProxy: env.no_proxy ?? env.NO_PROXY ?? '',
  }
}
