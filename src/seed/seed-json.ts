import { readFile } from 'node:fs/promises'
import { checkRowList, checkSeedRows } from '../config/seed-sources.ts'
import { SeedError } from '../errors.ts'

const lineAt = (text: string, offset: number): number => text.slice(0, offset).split('\n').length

/**
 * Reads what a .json file of a seed says: the names of its spaces, in their order, which Lua's tables do not keep;
 * undefined where the file is a list of rows. The server reads the rows itself: to it, an integer of 64 bits is exact.
 *
 * @throws SeedError when the file cannot be read, or is not rows by space, or a list of rows
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

// Of V8; a text that ends too early has no place but its end.
function lineOfSyntaxError(text: string, message: string): number {
  const offset = / at position (\d+)/.exec(message)?.[1]
  return lineAt(text.trimEnd(), offset === undefined ? text.length : Number(offset))
}

/** A place as editors know it: `users.json:12`. */
export function at(file: string, line: number | undefined): string {
  return line === undefined ? file : `${file}:${line}`
}

const tokens = /"(?:[^"\\]|\\.)*"|[[\]{}]/g

/** The line of a .json seed's text on which a row begins. */
export function lineOfRow(text: string, space: string, row: number): number | undefined {
  const isList = text.trimStart().startsWith('[')
  const rowDepth = isList ? 1 : 2
  let depth = 0
  let index = 0
  let isInSpace = isList
  for (const { 0: token, index: offset } of text.matchAll(tokens)) {
    if (token.startsWith('"')) {
      // At this depth of an object of lists every text is a space's name.
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
