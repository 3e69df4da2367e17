import type { Readable } from 'node:stream'

/** The time limits of a download, in milliseconds. */
export interface Patience {
  /** The limit for a connection. */
  readonly connect: number
  /** The limit for the first byte of an answer. */
  readonly answer: number
  /** The limit for the next bytes of an answer. */
  readonly stall: number
}

/** A server's answer to a request, after all redirects. */
export interface Answer {
  readonly status: number
  /** The address that answered, after redirects, without a password. */
  readonly url: string
  /** The proxy of the answer; empty if the answer came from the server itself. */
  readonly proxy: string
  readonly headers: Readonly<Record<string, string | undefined>>
  /** Fails if the server sends nothing for `stall`, or ends the connection too early. */
  readonly body: Readable
}

export const defaultPatience: Patience = { connect: 10_000, answer: 30_000, stall: 30_000 }
