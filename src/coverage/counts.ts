import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** How often each line of a file ran, by the line's number; and how often each function on one line, by `callsAt`. */
export type LineCounts = ReadonlyMap<number, number>

/** The counts of all servers of a run. */
export interface Counts {
  /** By the real path of the file. */
  readonly files: ReadonlyMap<string, LineCounts>
  /** The number of servers that counted. */
  readonly servers: number
  /** The number of servers that found no room for some lines. */
  readonly full: number
  /** The number of servers in which the application or a test called debug.sethook. */
  readonly hooked: number
}

// The layout of a file of counts: fixtures/coverage/count-lines.lua.
const slotsOfPage = 512
const firstSlot = 2
const calls = 2 ** 20

/** The number under which the calls of the functions on one line are counted. */
export const callsAt = (line: number): number => line + calls

// A call of a function on one line is also a run of this line.
const linesOf = (line: number): number[] => (line > calls ? [line, line - calls] : [line])

interface Source {
  path: string | undefined
  readonly lines: [number, number][]
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path)
  } catch {
    // A file that is gone has no lines to report.
    return undefined
  }
}

function pathOf(page: Float64Array, began: number): string | undefined {
  const bytes = Buffer.from(page.buffer, page.byteOffset + firstSlot * 8, (slotsOfPage - firstSlot) * 8)
  const [directory = '', name = ''] = bytes.toString('utf8').split('\0')
  const path = realPath(resolve(directory, name))
  if (path === undefined) return undefined
  const changed = statSync(path).mtimeMs
  // The server ran other lines than the ones that are in the file now.
  return changed > began && changed <= Date.now() ? undefined : path
}

function readSources(pages: readonly Float64Array[], began: number): Map<number, Source> {
  const sources = new Map<number, Source>()
  for (const page of pages) {
    const [number = 0, firstLine = 0] = page
    // The server is about to fill the page.
    if (number === 0) continue
    const source = sources.get(number) ?? { path: undefined, lines: [] }
    sources.set(number, source)
    if (firstLine === 0) {
      source.path = pathOf(page, began)
    } else {
      page.subarray(firstSlot).forEach((count, index) => {
        if (count > 0) source.lines.push([firstLine + index, count])
      })
    }
  }
  return sources
}

function pagesOf(file: string): Float64Array[] {
  const bytes = readFileSync(file)
  const aligned = new Uint8Array(bytes).buffer
  const count = Math.floor(aligned.byteLength / (slotsOfPage * 8))
  return Array.from({ length: count }, (_, index) => new Float64Array(aligned, index * slotsOfPage * 8, slotsOfPage))
}

/**
 * Reads the counts of all servers that have counted in a directory, whether they still run or not. Lines of files that have
 * changed since the server began do not count.
 */
export function readCounts(directory: string): Counts {
  const files = new Map<string, Map<number, number>>()
  let [servers, full, hooked] = [0, 0, 0]
  for (const name of readdirSync(directory)) {
    if (!name.endsWith('.counts')) continue
    const [head, ...pages] = pagesOf(join(directory, name))
    if (!head) continue
    const [noRoom = 0, hooks = 0, began = 0] = head
    servers++
    if (noRoom > 0) full++
    if (hooks > 0) hooked++
    for (const { path, lines } of readSources(pages, began * 1000).values()) {
      if (path === undefined) continue
      const counts = files.get(path) ?? new Map<number, number>()
      files.set(path, counts)
      for (const [place, count] of lines) {
        for (const line of linesOf(place)) counts.set(line, (counts.get(line) ?? 0) + count)
      }
    }
  }
  return { files, servers, full, hooked }
}
