import { type Cell, nodeVersion, titleOf } from './cells.ts'
import { isEmpty, type Result } from './results.ts'

/** `43 passed, 1 failed`. */
export function count({ passed, failures, skipped }: Result): string {
  const parts = [`${passed} passed`]
  if (failures.length > 0) parts.push(`**${failures.length} failed**`)
  if (skipped > 0) parts.push(`${skipped} skipped`)
  return parts.join(', ')
}

/** The table in Markdown: runners down, Nodes across; and why cells are empty. */
export function tableOf(cells: readonly Cell[], resultOf: (cell: Cell) => Result): string {
  const nodes = [...new Set(cells.map(({ node }) => node))]
  const runners = [...new Set(cells.map(({ runner }) => runner))]
  const textOf = (cell: Cell): string => {
    const result = resultOf(cell)
    return cell.refusal !== undefined || isEmpty(result) ? '—' : count(result)
  }
  const rows = [
    ['', ...nodes.map(node => `Node ${nodeVersion(node)}`)],
    ['---', ...nodes.map(() => '---')],
    ...runners.map(runner => [titleOf(runner), ...cells.filter(cell => cell.runner === runner).map(textOf)]),
  ]
  const refusals = [...new Set(cells.flatMap(({ refusal }) => refusal ?? []))]
  return [...rows.map(row => `| ${row.join(' | ')} |`), '', ...refusals.map(refusal => `—: ${refusal}.`)].join('\n')
}
