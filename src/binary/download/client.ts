import type { Dispatcher } from 'undici'
import { DownloadError } from '../../errors.ts'
import { type Answer, defaultPatience, type Patience } from './answer.ts'
import { answerOf, networkFailure, withoutSecrets } from './failure.ts'
import { proxiesOf } from './proxies.ts'

/** A client of HTTP that honours the environment's proxies and follows redirects. */
export interface Client {
  /**
   * @throws DownloadError if there is no answer. A status such as 404 is an answer.
   */
  get(url: string, options?: { headers?: Record<string, string>; signal?: AbortSignal | undefined }): Promise<Answer>
  close(): Promise<void>
}

const mostRedirects = 10

/**
 * Opens a client. It loads the HTTP library, so it is opened only for a download.
 *
 * @example
 * const client = await openClient(process.env)
 * const { body } = await client.get('https://download.tarantool.org/…/Release')
 */
export async function openClient(env: NodeJS.ProcessEnv, patience: Patience = defaultPatience): Promise<Client> {
  const { EnvHttpProxyAgent, request } = await import('undici')
  const { connect, answer: headersTimeout, stall: bodyTimeout } = patience
  const { httpProxy, httpsProxy, noProxy } = proxiesOf(env)
  // One per scheme, because a single one sends HTTPS through the proxy of HTTP if only that is set.
  const agent = (proxies: { httpProxy: string; httpsProxy: string }): Dispatcher =>
    new EnvHttpProxyAgent({
      ...proxies,
      noProxy,
      connect: { timeout: connect },
      proxyTls: { timeout: connect },
      requestTls: { timeout: connect },
      // Proxies often allow tunnels to port 443 only.
      proxyTunnel: false,
    })
  const agents = [agent({ httpProxy, httpsProxy: '' }), agent({ httpProxy: '', httpsProxy })] as const

  const once = async (url: URL, headers: Record<string, string>, signal?: AbortSignal): Promise<Answer> => {
    const { username, password } = url
    const plain = new URL(url)
    plain.username = ''
    plain.password = ''
    const secret = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
    try {
      const response = await request(plain, {
        dispatcher: agents[url.protocol === 'https:' ? 1 : 0],
        headers: {
          'user-agent': 'tarantool-fixture',
          'accept-encoding': 'identity',
          ...(username !== '' && { authorization: `Basic ${Buffer.from(secret).toString('base64')}` }),
          ...headers,
        },
        headersTimeout,
        bodyTimeout,
        ...(signal && { signal }),
      })
      const fields = Object.entries(response.headers).map(([name, value]) => [name, [value].flat().join(', ')])
      return {
        status: response.statusCode,
        url: withoutSecrets(url),
        headers: Object.fromEntries(fields),
        body: response.body,
      }
    } catch (error) {
      signal?.throwIfAborted()
      throw networkFailure(error, url, patience, url.protocol === 'https:' ? httpsProxy : httpProxy)
    }
  }

  return {
    async get(start, { headers = {}, signal } = {}) {
      let url = new URL(start)
      for (let redirects = 0; ; redirects++) {
        const answer = await once(url, headers, signal)
        const { location } = answer.headers
        if (![301, 302, 303, 307, 308].includes(answer.status) || location === undefined) return answer
        // The connection is used again when the body has been read.
        answer.body.on('error', () => {}).resume()
        const next = URL.canParse(location, url.href) ? new URL(location, url) : undefined
        if (next?.protocol !== 'http:' && next?.protocol !== 'https:') {
          throw new DownloadError(`${answerOf(answer)}, a redirect to ${JSON.stringify(location)}, which is no address`)
        }
        if (url.protocol === 'https:' && next.protocol === 'http:') {
          throw new DownloadError(`${answerOf(answer)}, a redirect to ${withoutSecrets(next)}, which is not encrypted`)
        }
        if (redirects === mostRedirects) {
          throw new DownloadError(
            `${withoutSecrets(new URL(start))} leads through more than ${mostRedirects} redirects`,
          )
        }
        if (next.origin === url.origin && next.username === '') {
          next.username = url.username
          next.password = url.password
        }
        url = next
      }
    },
    async close() {
      await Promise.all(agents.map(dispatcher => dispatcher.destroy()))
    },
  }
}
