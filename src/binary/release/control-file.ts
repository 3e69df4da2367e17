/** A paragraph of a control file: its fields, by their names in lower case. */
export type Paragraph = ReadonlyMap<string, string>

/** Reads the paragraphs of a control file such as `Release` or `Packages` (deb-control(5)). */
export function parseParagraphs(text: string): Paragraph[] {
  const paragraphs: Map<string, string>[] = []
  let fields: Map<string, string> | undefined
  let name = ''
  for (const line of text.split(/\r?\n/)) {
    if (line.trim() === '') {
      fields = undefined
      continue
    }
    if (/^[ \t]/.test(line)) {
      // The line continues the field above.
      if (fields?.has(name)) fields.set(name, `${fields.get(name)}\n${line.slice(1)}`)
      continue
    }
    const colon = line.indexOf(':')
    if (colon < 1) continue
    if (!fields) {
      fields = new Map()
      paragraphs.push(fields)
    }
    name = line.slice(0, colon).toLowerCase()
    fields.set(name, line.slice(colon + 1).trim())
  }
  return paragraphs
}

/** An index's entry for a file. */
export interface FileSum {
  readonly size: number
  readonly sha256: string
}

/** Reads a table of sums: lines of a SHA256, a size and a path. */
export function parseSums(table: string): Map<string, FileSum> {
  const sums = new Map<string, FileSum>()
  for (const line of table.split('\n')) {
    const [, sha256 = '', size, path = ''] = /^\s*([\da-f]{64})\s+(\d+)\s+(\S+)\s*$/i.exec(line) ?? []
    if (path !== '') sums.set(path, { size: Number(size), sha256: sha256.toLowerCase() })
  }
  return sums
}
