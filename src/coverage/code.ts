import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ResolvedServer } from '../config/fixture-config.ts'
import { TarantoolInstance } from '../instance/instance.ts'
import { fixturesDirectory } from '../package-files.ts'
import type { LineCounts } from './counts.ts'

/** A function of a Lua file. */
interface CodeFunction {
  readonly name: string
  readonly firstLine: number
  readonly lastLine: number
  /** The line whose count is the number of calls; for a function on one line, `callsAt` this line. */
  readonly entryLine: number
}

/** The lines of a Lua file that have code, and its functions. */
export interface Code {
  readonly lines: readonly number[]
  readonly functions: readonly CodeFunction[]
  /** The number of characters of each line of the file. */
  readonly widths: readonly number[]
}

/** The code of the files of a report. */
export interface FoundCode {
  readonly codes: ReadonlyMap<string, Code>
  /** False if no Tarantool found the lines that did not run. */
  readonly isWhole: boolean
}

/** Says why a file is not in the report. */
export type Complaint = (text: string) => void

// LuaJIT puts the end of a function or a block on such a line, which no reader would call code.
const isPunctuation = (line: string): boolean =>
  /^(?:\s|\b(?:do|else|end|repeat|then)\b|[()[\]{},;])*$/.test(line.replace(/--.*$/, ''))

function nameOf(line: string, number: number): string {
  const [, stated] = /\bfunction\s+([\w.:]+)\s*\(/.exec(line) ?? []
  const [, assigned] = /([\w.]+)\s*=\s*function\b/.exec(line) ?? []
  return stated ?? assigned ?? `(anonymous_${number})`
}

function codeOf(text: string, lines: readonly number[], functions: readonly (readonly number[])[]): Code {
  const ofFile = text.split('\n')
  const lineAt = (number: number): string => ofFile[number - 1] ?? ''
  return {
    lines: lines.filter(number => number > 0 && number <= ofFile.length && !isPunctuation(lineAt(number))),
    functions: functions.map(([firstLine = 0, lastLine = 0, entryLine = 0], index) => ({
      ...{ name: nameOf(lineAt(firstLine), index), firstLine, lastLine, entryLine },
    })),
    widths: ofFile.map(line => line.length),
  }
}

// A server of the same program, with nothing of the user's.
const plain = (server: ResolvedServer): ResolvedServer => ({
  ...server,
  host: server.docker ? server.host : 'unix/',
  ...{ port: undefined, ports: {}, consolePort: undefined, replicationSource: undefined, title: undefined },
  ...{ logger: undefined, keep: 'never', initLuaTemplate: undefined, appLua: undefined, appDir: undefined },
  ...{ seedLua: undefined, seed: [], extraBoxCfg: undefined, boxCfg: {}, env: {}, credentials: undefined },
  // A zygote would live on.
  ...{ recordChanges: false, walMode: 'none', quiet: true, prefork: false },
  ...{ application: undefined, replicaSet: undefined },
})

/**
 * Finds the code of Lua files, with a Tarantool that compiles them and does not run them.
 *
 * @param counts of the files that ran. If no Tarantool starts, only lines that ran are known
 * @param server a server of the run, which names the Tarantool
 */
export async function readCode(
  files: readonly string[],
  counts: ReadonlyMap<string, LineCounts>,
  server: ResolvedServer,
  complain: Complaint,
): Promise<FoundCode> {
  const codes = new Map<string, Code>()
  let isWhole = true
  const compiler = TarantoolInstance.of(plain(server))
  const lua = readFileSync(join(fixturesDirectory, 'coverage', 'code-lines.lua'), 'utf8')
  try {
    await compiler.start()
    for (const file of files) {
      const text = readFileSync(file, 'utf8')
      const [lines, found] = await compiler.eval<[number[] | null, number[][] | string]>(lua, text, file)
      if (lines === null) complain(`${file} does not compile, so it is not in the report: ${found}`)
      else codes.set(file, codeOf(text, lines, found as number[][]))
    }
  } catch (error) {
    isWhole = false
    complain(`only lines that ran are reported, since no Tarantool finds the others: ${(error as Error).message}`)
    for (const file of files) {
      const ran = [...(counts.get(file)?.keys() ?? [])].sort((one, other) => one - other)
      if (!codes.has(file) && ran.length > 0) codes.set(file, codeOf(readFileSync(file, 'utf8'), ran, []))
    }
  } finally {
    await compiler.stop().catch(() => {})
  }
  return { codes, isWhole }
}
