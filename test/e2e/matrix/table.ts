import { count, isEmpty, type Result } from '../../support/results.ts'
import { type Cell, nodeVersion, titleOf } from './cells.ts'

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
