import type { Readable } from 'node:stream'

/** How long a download waits, in milliseconds. */
export interface Patience {
  /** For a connection. */
  readonly connect: number
  /** For the first byte of an answer. */
  readonly answer: number
  /** For the next bytes of an answer. */
  readonly stall: number
}

/** A server's answer to a request that was followed to its end. */
export interface Answer {
  readonly status: number
  /** The address that answered, after redirects; without a password. */
  readonly url: string
  /** The proxy that the answer came through; empty if it came from the server itself. */
  readonly proxy: string
  readonly headers: Readonly<Record<string, string | undefined>>
  /** Fails if the server sends nothing for `stall`, or ends the connection too early. */
  readonly body: Readable
}

export const defaultPatience: Patience = { connect: 10_000, answer: 30_000, stall: 30_000 }
