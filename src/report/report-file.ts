import { relative } from 'node:path'
import type { RunReport } from '../broker/run-options.ts'
import { sharedValue } from '../shared-value.ts'
import { dataOf } from './data-of.ts'
import { RunRecord } from './run-record.ts'
import { checkWritable, writeWhole } from './write.ts'

// Setups with the same path share a report: Vitest runs a setup for each project, and versions have runs of their own.
const files = sharedValue('reports', () => new Map<string, ReportFile>())

/** Opens the report of a run. A path that cannot be written is told at once: the run goes on. */
export async function openReportFile(path: string, title: string | undefined): Promise<RunReport> {
  const file = files.get(path) ?? new ReportFile(path)
  files.set(path, file)
  return await file.open(title)
}

const tell = (problem: string): void => console.error(`tarantool-fixture: ${problem}`)

/** The report at one path: of all runs of this process that name the path. */
class ReportFile {
  readonly #path: string
  #records: RunRecord[] = []
  #written: Promise<void> = Promise.resolve()
  /** The person knows that these runs have a report. */
  #isTold = false

  constructor(path: string) {
    this.#path = path
  }

  async open(title: string | undefined): Promise<RunReport> {
    // All runs so far have ended, so these are the first of another one: Jest in watch mode.
    if (this.#records.every(({ isOver }) => isOver)) {
      this.#records = []
      this.#isTold = false
      await this.#try('the report cannot be written; the tests run all the same', () => checkWritable(this.#path))
    }
    const record = new RunRecord(title)
    this.#records.push(record)
    return {
      record: (lane, event) => record.add(lane, event),
      beginRun: () => {
        record.beginAnew()
        this.#isTold = false
      },
      write: async () => await this.#write(),
      end: async () => {
        record.isOver = true
        await this.#write()
      },
    }
  }

  async #write(): Promise<void> {
    this.#written = this.#written.then(() => this.#writeUnlessEmpty())
    await this.#written
  }

  // A run without servers must not replace the report that somebody looks at.
  async #writeUnlessEmpty(): Promise<void> {
    if (this.#records.every(({ isEmpty }) => isEmpty)) return
    await this.#try('the report was not written', async () => {
      await this.#writeFiles(JSON.stringify(dataOf(this.#records)))
      if (this.#isTold) return
      this.#isTold = true
      tell(`report: ${relative(process.cwd(), this.#path)}`)
    })
  }

  async #writeFiles(json: string): Promise<void> {
    if (this.#path.endsWith('.json')) return await writeWhole(this.#path, json)
    const { pageOf } = await import('./page-of.ts')
    await writeWhole(this.#path, pageOf(json))
    await writeWhole(this.#path.replace(/\.html$/, '.json'), json)
  }

  async #try(what: string, act: () => Promise<void>): Promise<void> {
    try {
      await act()
    } catch (error) {
      tell(`${what}: ${this.#path}: ${(error as Error).message}`)
    }
  }
}
