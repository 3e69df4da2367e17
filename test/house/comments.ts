/** A comment, and the number of its first line. */
export interface Comment {
  readonly line: number
  /** Without the marks of a comment and line breaks. */
  readonly text: string
}

const marks = /^\s*(?:\/\*\*?|\*\/|\*(?!\/)|\/\/|--(?:\[\[)?)?\s?|\s*\*\/\s*$/g

const textOf = (lines: readonly string[]): string =>
  lines
    .map(line => line.replaceAll(marks, '').trim())
    .join(' ')
    .trim()

/** The comments of a TypeScript or Lua source that have lines of their own. Successive lines are one comment. */
export function commentsIn(source: string): Comment[] {
  const lines = source.split('\n')
  const comments: Comment[] = []
  for (let line = 0; line < lines.length; line++) {
    const begin = line
    if (/^\s*\/\*/.test(lines[line] ?? '')) {
      while (line < lines.length && !lines[line]?.includes('*/')) line++
    } else if (/^\s*(?:\/\/|--)/.test(lines[line] ?? '')) {
      while (/^\s*(?:\/\/|--)/.test(lines[line + 1] ?? '')) line++
    } else continue
    comments.push({ line: begin + 1, text: textOf(lines.slice(begin, line + 1)) })
  }
  return comments
}
