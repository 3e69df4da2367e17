/** Tells the person at the terminal something. stdout is for the output of scripts. */
export function warn(text: string): void {
  process.stderr.write(`tarantool-fixture: ${text}\n`)
}
