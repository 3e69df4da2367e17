/** A turn. `failure`: the previous holder could not do the work that both wanted. */
export type Turn = { readonly release: (failure?: Error) => void } | { readonly failure: Error }

const turns = new Map<string, Promise<Error | undefined>>()

/**
 * Waits until nobody else in this process holds the turn of that name, then takes the turn.
 *
 * @returns undefined if the signal was aborted first, or the patience (milliseconds) ran out
 */
export async function takeTurn(name: string, signal: AbortSignal, patience: number): Promise<Turn | undefined> {
  let giveUp: AbortSignal | undefined
  for (let others = turns.get(name); others; others = turns.get(name)) {
    giveUp ??= AbortSignal.any([signal, AbortSignal.timeout(patience)])
    const failure = await settled(others, giveUp)
    if (failure) return { failure }
    if (giveUp.aborted) return undefined
  }
  if (signal.aborted) return undefined
  let settle = (_: Error | undefined): void => {}
  const mine = new Promise<Error | undefined>(resolve => {
    settle = resolve
  })
  turns.set(name, mine)
  const release = (failure?: Error): void => {
    if (turns.get(name) === mine) turns.delete(name)
    settle(failure)
  }
  return { release }
}

async function settled(promise: Promise<Error | undefined>, signal: AbortSignal): Promise<Error | undefined> {
  return await new Promise(resolve => {
    const onAbort = (): void => resolve(undefined)
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    void promise.then(failure => {
      signal.removeEventListener('abort', onAbort)
      resolve(failure)
    })
  })
}
