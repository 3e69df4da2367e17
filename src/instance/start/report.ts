import type { Readable } from 'node:stream'
import { readableText } from '../../readable-text.ts'
import type { TemplateReport } from '../../seed/template-store.ts'
import type { SeedFailure } from '../failure/seed-failure.ts'

/** The boot script's report of a failed start. */
export interface FailureReport {
  readonly stage: 'access' | 'console' | 'init' | 'app' | 'no_box_cfg' | 'moved' | 'log_moved' | 'seed_lua' | 'seed'
  readonly message: string
  /** The chunk's name in Lua: `@/path/app.lua`, `=appLua`. */
  readonly source?: string
  readonly line?: number
  /** True if the message begins with the place. */
  readonly named?: boolean
  readonly trace?: string
  readonly box_code?: number
  readonly box_type?: string
  readonly seed?: SeedFailure
  /** The named port that another process has. */
  readonly port?: string
  /** The use of `box` that made the fixture call box.cfg before the application did: `box.space`. */
  readonly early_use?: { readonly what: string; readonly source?: string; readonly line?: number }
}

/** The boot script's report after the last line of the init script. */
export interface ReadyReport {
  /** `_TARANTOOL`: `2.6.0-0-g47aa4e01e`. */
  readonly version: string
  /** `box.cfg.wal_mode`, which the application may have set. */
  readonly wal_mode: string
  /** The template that the server was to make or to compare with. */
  readonly template?: TemplateReport
  /** The time that the seed took in seconds; undefined if it did not run. */
  readonly seed_time?: number
  /** The instance of a cluster is read-only. */
  readonly is_read_only?: boolean
}

export type Report =
  | { readonly outcome: 'ready'; readonly ready: ReadyReport }
  | { readonly outcome: 'failed'; readonly failure: FailureReport }
  /** The line begins like a report but cannot be read. */
  | { readonly outcome: 'unreadable'; readonly text: string }

// Limit for one line, in bytes. A template's report names every file that the application has read.
const longestReport = 16 * 2 ** 20
const shownOfUnreadable = 1000

// fixtures/boot/report.lua writes each byte of a text as the character with that number.
function fromBytes(value: unknown): unknown {
  if (typeof value === 'string') return readableText(Buffer.from(value, 'latin1'))
  if (Array.isArray(value)) return value.map(fromBytes)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [fromBytes(name), fromBytes(item)]))
}

/** Reads a text of fixtures/boot/report.lua. A text that is none gives an empty object. */
export function parseObject(json: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = fromBytes(JSON.parse(json))
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

const isReady = ({ version }: Readonly<Record<string, unknown>>): boolean => typeof version === 'string'

const isFailure = ({ stage, message }: Readonly<Record<string, unknown>>): boolean =>
  [stage, message].every(text => typeof text === 'string')

/** Reads the rest of a line, after the nonce. */
function parseReport(text: string): Report {
  const [, outcome, json = ''] = /^ (ready|failed) (.*)$/s.exec(text) ?? []
  const data = parseObject(json)
  if (outcome === 'ready' && isReady(data)) return { outcome, ready: data as unknown as ReadyReport }
  if (outcome === 'failed' && isFailure(data)) return { outcome, failure: data as unknown as FailureReport }
  return {
    outcome: 'unreadable',
    text: readableText(Buffer.from(text.slice(0, shownOfUnreadable).trim(), 'latin1')),
  }
}

/** Searches the output for the report, line by line. */
class ReportSearch {
  readonly #nonce: string
  #chunks: Buffer[] = []
  #size = 0

  constructor(nonce: string) {
    this.#nonce = nonce
  }

  take(chunk: Buffer): Report | undefined {
    let from = 0
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      this.#chunks.push(chunk.subarray(from, end))
      from = end + 1
      const report = this.#read(parseReport)
      if (report) return report
    }
    this.#chunks.push(chunk.subarray(from))
    this.#size += chunk.length - from
    if (this.#size <= longestReport) return undefined
    return this.#read(text => ({ outcome: 'unreadable', text: `${text.slice(0, shownOfUnreadable).trim()} …` }))
  }

  // The nonce can be in the middle of a line, because a wrapper may have written before it.
  #read(parse: (text: string) => Report): Report | undefined {
    const line = Buffer.concat(this.#chunks)
    this.#chunks = []
    this.#size = 0
    const at = line.indexOf(this.#nonce)
    return at < 0 ? undefined : parse(line.toString('latin1', at + this.#nonce.length))
  }
}

/**
 * Reads a server's stdout until the line with the nonce.
 *
 * @returns the report; undefined if the stream ended without a report
 */
export function readReport(stdout: Readable, nonce: string): Promise<Report | undefined> {
  return new Promise(resolve => {
    const search = new ReportSearch(nonce)
    const settle = (report: Report | undefined): void => {
      stdout.off('data', onData)
      // The code reads and drops other output, for example of a wrapper around Tarantool, so that no writer has to
      // wait.
      stdout.resume()
      resolve(report)
    }
    const onData = (chunk: Buffer): void => {
      const report = search.take(chunk)
      if (report) settle(report)
    }
    stdout.on('data', onData)
    stdout.once('close', () => settle(undefined))
    stdout.once('error', () => settle(undefined))
  })
}
