import { DownloadError } from '../../errors.ts'
import type { Answer, Patience } from './answer.ts'

const seconds = (milliseconds: number): string => `${milliseconds / 1000} s`

/** An address for messages, without a user's name and password. */
export function withoutSecrets(url: URL | string): string {
  const shown = new URL(url)
  shown.username = ''
  shown.password = ''
  return shown.href
}

/** True if the user's name and password in an address are encoded correctly. */
export function hasReadableSecrets({ username, password }: URL): boolean {
  try {
    return typeof decodeURIComponent(username + password) === 'string'
  } catch {
    return false
  }
}

/** The first words about an answer that cannot be used: `http://…/Release answers 404`. */
export function answerOf({ url, status }: Pick<Answer, 'url' | 'status'>): string {
  return `${url} answers ${status}`
}

/** The innermost error of a chain or bundle of errors, with the system's code. */
function rootOf(error: unknown): Error & { code?: string } {
  const { cause, errors } = error as { cause?: unknown; errors?: unknown[] }
  const below = cause ?? errors?.[0]
  return below instanceof Error ? rootOf(below) : (error as Error & { code?: string })
}

const refused: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ENETUNREACH: 'the network is unreachable',
  EHOSTUNREACH: 'the host is unreachable',
  EADDRNOTAVAIL: 'no address of this machine leads there',
  ETIMEDOUT: 'the connection timed out',
  EACCES: 'the connection is forbidden',
  EPERM: 'the connection is forbidden',
}

const certificates = /^(CERT_|DEPTH_|SELF_SIGNED|UNABLE_TO_|ERR_TLS_CERT|ERR_SSL|EPROTO)/

/**
 * An error for a request that got no answer. The network's own answer comes first, because the advice depends on it.
 *
 * @param proxy the proxy of the request; empty if the request went to the server itself
 */
export function networkFailure(error: unknown, url: URL, patience: Patience, proxy: string): DownloadError {
  const { code = '', message } = rootOf(error)
  const server = withoutSecrets(new URL('/', url)).replace(/\/$/, '')
  const via = proxy === '' ? '' : ` (proxy: ${withoutSecrets(proxy).replace(/\/$/, '')})`
  const report = (what: string, hint?: string): DownloadError => new DownloadError(what, { hint, cause: error })
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return report(`could not connect to ${server}${via}: its name could not be resolved (${code})`)
  }
  if (code in refused) return report(`could not connect to ${server}${via}: ${refused[code]} (${message})`)
  if (code === 'UND_ERR_CONNECT_TIMEOUT') {
    return report(`could not connect to ${server}${via} within ${seconds(patience.connect)}`)
  }
  if (code === 'UND_ERR_HEADERS_TIMEOUT') {
    return report(`${server}${via} did not answer within ${seconds(patience.answer)}`)
  }
  if (code === 'UND_ERR_BODY_TIMEOUT') {
    return report(`${server}${via} sent nothing for ${seconds(patience.stall)}`)
  }
  if (certificates.test(code)) {
    const hint = 'Set NODE_EXTRA_CA_CERTS to a file with further certificates, such as those of your company.'
    return report(`could not connect to ${server}${via}: its certificate was not accepted (${code}: ${message})`, hint)
  }
  const status = /Proxy (?:response|Authentication Required) \((\d+)\)/.exec(message)?.[1]
  if (status) return report(`could not connect to ${server}${via}: the proxy answers ${status}`)
  if (code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE') {
    return report(`${server}${via} ended the connection (${message})`)
  }
  return report(`could not connect to ${server}${via}: ${message}`)
}
