import { constants } from 'node:os'

/** The name of a signal by its number. */
export function signalOfNumber(number: number): NodeJS.Signals | undefined {
  const found = Object.entries(constants.signals).find(([, value]) => value === number)
  return found?.[0] as NodeJS.Signals | undefined
}
