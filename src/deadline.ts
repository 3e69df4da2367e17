import { clearTimeout, setImmediate, setTimeout } from './node-builtins.ts'

/**
 * Calls back when a time is over. Node may have been busy until then, for example with a large import. So Node first reads
 * the input that came meanwhile, and an answer that came in time counts.
 *
 * @returns the function that calls it off
 */
export function afterTime(milliseconds: number, callback: () => void): () => void {
  let isCalledOff = false
  const end = (): void => {
    if (!isCalledOff) callback()
  }
  const timer = setTimeout(() => setImmediate(end), milliseconds)
  return () => {
    isCalledOff = true
    clearTimeout(timer)
  }
}
