import { relative, sep } from 'node:path'

/** Numbers the test files of a report. Files below the working directory are named by their relative paths. */
export class FileNames {
  readonly all: string[] = []
  readonly #numbers = new Map<string, number>()

  numberOf(file: string | undefined): number | undefined {
    if (file === undefined) return undefined
    const known = this.#numbers.get(file)
    if (known !== undefined) return known
    const path = relative(process.cwd(), file)
    const number = this.all.push(path === '..' || path.startsWith(`..${sep}`) ? file : path) - 1
    this.#numbers.set(file, number)
    return number
  }
}
