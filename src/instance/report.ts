import type { Readable } from 'node:stream'
import type { SeedFailure } from '../seed/seed-failure.ts'
import type { TemplateReport } from '../seed/template-store.ts'

/** What the boot script says of a failed start. */
export interface FailureReport {
  readonly stage: 'console' | 'init' | 'app' | 'no_box_cfg' | 'moved' | 'seed_lua' | 'seed'
  readonly message: string
  /** The chunk's name as Lua has it: `@/path/app.lua`, `=appLua`. */
  readonly source?: string
  readonly line?: number
  /** Whether the message begins with the place. */
  readonly named?: boolean
  readonly trace?: string
  readonly box_code?: number
  readonly box_type?: string
  readonly seed?: SeedFailure
}

/** What the boot script says when the last line of the init script has run. */
export interface ReadyReport {
  /** `_TARANTOOL`: `2.6.0-0-g47aa4e01e`. */
  readonly version: string
  /** The server's own pid; another one than the process's in a container, or behind a wrapper. */
  readonly pid: number
  readonly uuid: string
  /** `box.info.status`: `running`, or `orphan`. */
  readonly status: string
  /** Where the server was told to make or to try one. */
  readonly template?: TemplateReport
}

export type Report =
  | { readonly outcome: 'ready'; readonly ready: ReadyReport }
  | { readonly outcome: 'failed'; readonly failure: FailureReport }

function parseReport(line: string, nonce: string): Report | undefined {
  const at = line.indexOf(`${nonce} `)
  if (at < 0) return undefined
  const [, outcome, json] = /^(\w+) (.*)$/.exec(line.slice(at + nonce.length + 1)) ?? []
  if (json === undefined) return undefined
  const data: unknown = JSON.parse(json)
  return outcome === 'ready'
    ? { outcome, ready: data as ReadyReport }
    : { outcome: 'failed', failure: data as FailureReport }
}

/**
 * Reads a server's stdout until the line that begins with the nonce.
 *
 * @returns the report; undefined when the stream ended without one
 */
export function readReport(stdout: Readable, nonce: string): Promise<Report | undefined> {
  return new Promise(resolve => {
    let rest = ''
    const settle = (report: Report | undefined): void => {
      stdout.off('data', onData)
      // Whatever else comes (from a wrapper around Tarantool) is read and dropped, so that nobody has to wait.
      stdout.resume()
      resolve(report)
    }
    const onData = (chunk: string): void => {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        const report = parseReport(line, nonce)
        if (!report) continue
        settle(report)
        return
      }
    }
    stdout.setEncoding('utf8')
    stdout.on('data', onData)
    stdout.once('close', () => settle(undefined))
    stdout.once('error', () => settle(undefined))
  })
}
