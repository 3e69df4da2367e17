import type { FileCoverageData } from 'istanbul-lib-coverage'
import type { ResolvedCoverage } from '../config/coverage.ts'
import type { ResolvedServer } from '../config/fixture-config.ts'
import { makeDirectory, newDirectoryPath, removeDirectory } from '../instance/place/directory.ts'
import { defaultPlace } from '../instance/place/place.ts'
import { lineCountsVariable } from '../instance/start/line-counts.ts'
import { sharedValue } from '../shared-value.ts'
import { readCode } from './code.ts'
import { type Counts, readCounts } from './counts.ts'
import { coverageMap, fileCoverage } from './coverage-map.ts'
import { includedFiles } from './included-files.ts'
import { writeReports } from './reports.ts'

/** A setup that counts lines. */
export interface Participant {
  readonly coverage: ResolvedCoverage
  /** One of its servers, which names the Tarantool. */
  readonly server: ResolvedServer
}

const complain = (text: string): void => console.error(`tarantool-fixture: coverage: ${text}`)

/**
 * Counts the lines that the servers of a process and of its workers run, from the first setup that counts to the end of
 * the last. Setups with the same directory of reports share their reports.
 */
export class CoverageSession {
  readonly #directory: string
  /** Setups that have left are in the report, too. */
  readonly #participants = new Map<object, Participant>()
  readonly #present = new Set<object>()
  #report: Promise<boolean> | undefined

  constructor() {
    this.#directory = newDirectoryPath(defaultPlace())
    makeDirectory(this.#directory, { keep: false })
    process.env[lineCountsVariable] = this.#directory
  }

  /** @param key identifies the setup. If it joins again, its new options count. */
  join(key: object, participant: Participant): void {
    this.#participants.set(key, participant)
    this.#present.add(key)
  }

  /** Makes the reports of the servers so far. Calls at the same time, and calls before the next run, share one. */
  report(): Promise<boolean> {
    this.#report ??= this.#makeReports()
    return this.#report
  }

  /** Called before a rerun in watch mode, which has reports of its own. */
  beginRun(): void {
    this.#report = undefined
  }

  /** Leaves a setup out of the reports, because it has run no tests. It still has to leave. */
  withdraw(key: object): void {
    this.#participants.delete(key)
  }

  /** The last setup that leaves makes the reports, unless it has made them after its last run. */
  async leave(key: object): Promise<void> {
    if (!this.#present.delete(key) || this.#present.size > 0) return
    const isMade = this.#report !== undefined
    delete process.env[lineCountsVariable]
    held.session = undefined
    try {
      const isEnough = await this.report()
      if (!(isMade || isEnough)) failProcess()
    } finally {
      removeDirectory(this.#directory)
    }
  }

  async #makeReports(): Promise<boolean> {
    if (this.#participants.size === 0) return true
    const counts = readCounts(this.#directory)
    for (const line of remarks(counts)) complain(line)
    let isEnough = true
    for (const group of byDirectory(this.#participants.values())) {
      try {
        isEnough = (await reportOf(group, counts)) && isEnough
      } catch (error) {
        complain(`no report could be made: ${(error as Error).message}`)
        isEnough = !missesUnmeasured(group) && isEnough
      }
    }
    return isEnough
  }
}

const held = sharedValue('coverage', (): { session: CoverageSession | undefined; isFailed: boolean } => ({
  session: undefined,
  isFailed: false,
}))

/** The session of this process. */
export function coverageSession(): CoverageSession {
  held.session ??= new CoverageSession()
  return held.session
}

// A runner may call process.exit(0) after the teardown.
function failProcess(): void {
  process.exitCode = 1
  if (held.isFailed) return
  held.isFailed = true
  process.once('exit', () => {
    process.exitCode ||= 1
  })
}

function byDirectory(participants: Iterable<Participant>): Participant[][] {
  const groups = new Map<string, Participant[]>()
  for (const participant of participants) {
    const { reportsDirectory } = participant.coverage
    groups.set(reportsDirectory, [...(groups.get(reportsDirectory) ?? []), participant])
  }
  return [...groups.values()]
}

function remarks({ full, hooked }: Counts): string[] {
  const servers = (count: number): string => (count === 1 ? '1 server' : `${count} servers`)
  return [
    ...(full > 0 ? [`${servers(full)} had no room for the counts of some lines. Is the disk full?`] : []),
    ...(hooked > 0 ? [`${servers(hooked)} called debug.sethook. Lines that ran under another hook are missing.`] : []),
  ]
}

// A threshold must not be met because nothing was measured.
function missesUnmeasured([first]: readonly Participant[]): boolean {
  const { lines, functions } = first?.coverage.thresholds ?? {}
  if (lines === undefined && functions === undefined) return false
  complain('coverage.thresholds cannot be checked, so the run fails')
  return true
}

async function reportOf(group: readonly Participant[], counts: Counts): Promise<boolean> {
  const [first] = group
  if (!first) return true
  const ran = new Set(counts.files.keys())
  const paths = new Map<string, string>()
  for (const { coverage } of group) {
    const found = await includedFiles(coverage, ran)
    if (found.size === 0) {
      complain(`coverage.include matches no Lua file in ${coverage.baseDir}: ${coverage.include.join(', ')}`)
    }
    for (const [real, path] of found) paths.set(real, path)
  }
  const { codes, isWhole } = await readCode([...paths.keys()], counts.files, first.server, complain)
  const files: FileCoverageData[] = []
  for (const [real, path] of paths) {
    const its = codes.get(real)
    if (its) files.push(fileCoverage(path, its, counts.files.get(real) ?? new Map()))
  }
  const isEnough = await writeReports(coverageMap(files), first.coverage, complain)
  return (isWhole || !missesUnmeasured(group)) && isEnough
}
