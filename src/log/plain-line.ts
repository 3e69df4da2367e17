const letters: Readonly<Record<string, string>> = {
  FATAL: 'F',
  SYSERROR: '!',
  ERROR: 'E',
  CRIT: 'C',
  WARN: 'W',
  INFO: 'I',
  VERBOSE: 'V',
  DEBUG: 'D',
}

interface JsonLine {
  level?: string
  message?: string
  error?: string
  cord_name?: string
  fiber_id?: number
  fiber_name?: string
  file?: string
  line?: number
}

/**
 * Converts a JSON log line to the form of `log_format: 'plain'`, for the fields that we read. Other lines stay unchanged.
 */
export function asPlainLine(line: string): string {
  if (!line.startsWith('{')) return line
  try {
    const said = JSON.parse(line) as JsonLine
    const letter = letters[said.level ?? '']
    if (letter === undefined) return line
    const fiber = [said.cord_name, said.fiber_id, said.fiber_name].join('/')
    return `${fiber} ${said.file}:${said.line} ${letter}> ${[said.message, said.error].filter(Boolean).join(': ')}`
  } catch {
    return line
  }
}
