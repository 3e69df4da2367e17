import type { Dispatcher } from 'undici'
import { DownloadError } from '../../errors.ts'
import { type Answer, defaultPatience, type Patience } from './answer.ts'
import { answerOf, hasReadableSecrets, networkFailure, withoutSecrets } from './failure.ts'
import { proxiesOf, proxyFor } from './proxies.ts'

/** A client of HTTP that honours the environment's proxies and follows redirects. */
export interface Client {
  /** @throws DownloadError if there is no answer. A status such as 404 is an answer. */
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
  const { Agent, ProxyAgent, request } = await import('undici')
  const { connect, answer: headersTimeout, stall: bodyTimeout } = patience
  const proxies = proxiesOf(env)
  const common = { connect: { timeout: connect } }
  const agents = new Map<string, Dispatcher>()
  const agentFor = (proxy: string): Dispatcher => {
    const known = agents.get(proxy)
    if (known) return known
    const limits = { ...common, proxyTls: common.connect, requestTls: common.connect }
    // Proxies often allow tunnels to port 443 only.
    const agent = proxy === '' ? new Agent(common) : new ProxyAgent({ ...limits, uri: proxy, proxyTunnel: false })
    agents.set(proxy, agent)
    return agent
  }

  const once = async (url: URL, headers: Record<string, string>, signal?: AbortSignal): Promise<Answer> => {
    const { username, password } = url
    const plain = new URL(url)
    plain.username = ''
    plain.password = ''
    const proxy = proxyFor(url, proxies)
    const secret = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
    try {
      const response = await request(plain, {
        dispatcher: agentFor(proxy),
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
        proxy,
        headers: Object.fromEntries(fields),
        body: response.body,
      }
    } catch (error) {
      signal?.throwIfAborted()
      throw networkFailure(error, url, patience, proxy)
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
        if (!next || !/^https?:$/.test(next.protocol) || !hasReadableSecrets(next)) {
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
      await Promise.all([...agents.values()].map(agent => agent.destroy()))
    },
  }
}
