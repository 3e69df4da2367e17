import { readFile } from 'node:fs/promises'
import { checkRowList, checkSeedRows } from '../config/seed-sources.ts'
import { SeedError } from '../errors.ts'

const lineAt = (text: string, offset: number): number => text.slice(0, offset).split('\n').length

/**
 * Reads the names of the spaces in a .json seed file, in their order, which Lua's tables do not keep. Undefined if the
 * file is a list of rows. The server reads the rows itself, because it keeps integers of 64 bits exact.
 *
 * @throws SeedError if the file cannot be read, or is neither rows by space nor a list of rows
 */
export async function readJsonSeed(file: string, space: string): Promise<string[] | undefined> {
  let text = ''
  let parsed: unknown
  try {
    text = await readFile(file, 'utf8')
    parsed = JSON.parse(text)
  } catch (cause) {
    const { message } = cause as Error
    const line = cause instanceof SyntaxError ? lineOfSyntaxError(text, message) : undefined
    throw new SeedError(`seed: ${at(file, line)}: ${message}`, { file, line, cause })
  }
  const refuse = (place: string, message: string): never => {
    const [, name, row] = /^(.*?)(?:\[(\d+)\])?$/s.exec(place) ?? []
    throw new SeedError(`seed: ${file}: ${place} ${message}`, { file, space: name, row: row ? Number(row) : undefined })
  }
  if (Array.isArray(parsed)) {
    checkRowList(space, parsed, refuse)
    return undefined
  }
  if (parsed === null || typeof parsed !== 'object')
    return refuse(space, 'must be a list of rows, or an object of lists')
  checkSeedRows(parsed, refuse)
  return Object.keys(parsed)
}

// V8's message names the position. If a text ends too early, V8 names no position, and the last line is meant.
function lineOfSyntaxError(text: string, message: string): number {
  const offset = / at position (\d+)/.exec(message)?.[1]
  return lineAt(text.trimEnd(), offset === undefined ? text.length : Number(offset))
}

/** Formats a place as editors do: `users.json:12`. */
export function at(file: string, line: number | undefined): string {
  return line === undefined ? file : `${file}:${line}`
}

const tokens = /"(?:[^"\\]|\\.)*"|[[\]{}]/g

/** The line on which a row begins in the text of a .json seed. */
export function lineOfRow(text: string, space: string, row: number): number | undefined {
  const isList = text.trimStart().startsWith('[')
  const rowDepth = isList ? 1 : 2
  let depth = 0
  let index = 0
  let isInSpace = isList
  for (const { 0: token, index: offset } of text.matchAll(tokens)) {
    if (token.startsWith('"')) {
      // In an object of lists, every text at this depth is a space's name.
      if (!isList && depth === 1) {
        isInSpace = JSON.parse(token) === space
        index = 0
      }
    } else if (token === ']' || token === '}') {
      depth--
    } else {
      if (depth === rowDepth && isInSpace && index++ === row) return lineAt(text, offset)
      depth++
    }
  }
  return undefined
}
