import * as v from 'valibot'
import { checkOptions } from '../config/check.ts'

// A wait of 0 ms only looks.
const timeout = v.optional(
  v.pipe(v.number(), v.minValue(0, 'must be at least 0 (milliseconds)'), v.maxValue(2 ** 31 - 1)),
)
const name = v.optional(v.string())

const waits: Readonly<Record<'leader' | 'waitForLeader' | 'waitForFullMesh' | 'waitForVclock', v.ObjectEntries>> = {
  leader: { timeout },
  waitForLeader: { not: v.optional(v.any()), replicaset: name, timeout },
  waitForFullMesh: { timeout, onlyRunning: v.optional(v.boolean()) },
  waitForVclock: { timeout },
}

/** Checks the options of a wait. @throws UnknownOptionError, InvalidOptionError */
export function checkWait(wait: keyof typeof waits, options: unknown): void {
  checkOptions(`${wait}()`, waits[wait], options)
}
