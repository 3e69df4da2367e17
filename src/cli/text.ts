/** Rows of texts as lines, with the columns below each other. */
export function aligned(rows: readonly (readonly string[])[], indent = ''): string {
  const widths = rows.reduce<number[]>((found, row) => {
    row.forEach((cell, column) => {
      found[column] = Math.max(found[column] ?? 0, cell.length)
    })
    return found
  }, [])
  return rows
    .map(row => `${indent}${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd())
    .map(line => `${line}\n`)
    .join('')
}
