/** How a process ended: one of the two is set. */
export interface ProcessExit {
  /** The exit code; undefined after a signal. */
  readonly exitCode: number | undefined
  /** The signal that ended it. */
  readonly signal: NodeJS.Signals | undefined
}

/** Waits for an exit. Undefined if the process still runs after a time in milliseconds. */
export async function exitWithin(exited: Promise<ProcessExit>, milliseconds: number): Promise<ProcessExit | undefined> {
  let timer: NodeJS.Timeout | undefined
  const goesOn = new Promise<undefined>(resolve => {
    timer = setTimeout(resolve, milliseconds, undefined)
  })
  try {
    return await Promise.race([exited, goesOn])
  } finally {
    clearTimeout(timer)
  }
}
