import type { CoverageMapData, FileCoverageData } from 'istanbul-lib-coverage'
import type { Code } from './code.ts'
import type { LineCounts } from './counts.ts'

/** A file of the report in istanbul's form: each line with code is a statement. There are no branches. */
export function fileCoverage(path: string, { lines, functions, widths }: Code, counts: LineCounts): FileCoverageData {
  const wholeLine = (line: number): FileCoverageData['statementMap'][string] => ({
    start: { line, column: 0 },
    end: { line, column: widths[line - 1] ?? 0 },
  })
  const countOf = (line: number): number => counts.get(line) ?? 0
  const byNumber = <Item, Value>(items: readonly Item[], value: (item: Item) => Value): Record<string, Value> =>
    Object.fromEntries(items.map((item, index) => [String(index), value(item)]))
  return {
    path,
    statementMap: byNumber(lines, wholeLine),
    s: byNumber(lines, countOf),
    fnMap: byNumber(functions, ({ name, firstLine, lastLine }) => ({
      ...{ name, line: firstLine, decl: wholeLine(firstLine) },
      loc: { start: { line: firstLine, column: 0 }, end: wholeLine(lastLine).end },
    })),
    f: byNumber(functions, ({ entryLine }) => countOf(entryLine)),
    branchMap: {},
    b: {},
  }
}

/** Puts the files of a report together. */
export const coverageMap = (files: readonly FileCoverageData[]): CoverageMapData =>
  Object.fromEntries(files.map(file => [file.path, file]))
