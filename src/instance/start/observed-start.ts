import type { ProcessObserver } from '../../config/process-observer.ts'
import { wallClock } from '../../wall-clock.ts'
import type { TarantoolProcess } from '../process.ts'
import type { ReadyReport } from './report.ts'

/** The end of a start: a server that is ready, or the reason why there is none. */
interface StartEnd {
  readonly instance: string
  readonly process: TarantoolProcess | undefined
  readonly report?: ReadyReport
  readonly error?: Error
}

/** Measures a start from now on. Returns the function that tells the observer of the end. */
export function observeStart(observer: ProcessObserver | undefined, isSpare: boolean): (end: StartEnd) => void {
  if (!observer) return () => {}
  const at = wallClock()
  return ({ instance, process, report, error }) => {
    const { version, seed_time } = report ?? {}
    observer.started({
      ...{ instance, at, took: wallClock() - at, isSpare, version },
      pid: process?.serverPid,
      seedTook: seed_time === undefined ? undefined : seed_time * 1000,
      error: error?.message,
    })
  }
}
