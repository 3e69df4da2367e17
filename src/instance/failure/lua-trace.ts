import { fixturesDirectory } from '../../package-files.ts'
import type { LineMap } from '../start/init-template.ts'

/**
 * Reads the frames of a Lua traceback, innermost first, and keeps the places in the user's own code. The rendered init
 * script is not the user's file, and the default init script is the fixture's.
 */
export function readTrace(trace: string | undefined, lineMap: LineMap): string[] {
  const lines = (trace ?? '').split('\n').map(line => line.trim())
  return lines.filter(line => line !== '' && line !== 'stack traceback:').flatMap(frame => place(frame, lineMap))
}

function place(frame: string, lineMap: LineMap): string[] {
  const [, line, rest] = /^init\.lua:(\d+):(.*)$/.exec(frame) ?? []
  if (line === undefined) return [frame]
  const origin = lineMap(Number(line))
  if (!origin || origin.file.startsWith(fixturesDirectory)) return []
  return [`${origin.file}:${origin.line}:${rest}`]
}
