import { clearTimeout, setImmediate, setTimeout } from './node-builtins.ts'

/**
 * Calls back after a time. Node may have been busy until then, for example with a large import. So Node first reads the
 * input that came meanwhile, and an answer that came in time counts.
 *
 * @returns the function that cancels the call
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
