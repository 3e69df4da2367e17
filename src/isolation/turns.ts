const turns = new Map<string, Promise<void>>()

/**
 * Waits until nobody else in this process has the turn of a name, and takes it.
 *
 * @returns what gives it back; undefined when the signal was aborted first, or the patience (milliseconds) was at its end
 */
export async function takeTurn(name: string, signal: AbortSignal, patience: number): Promise<(() => void) | undefined> {
  const giveUp = AbortSignal.any([signal, AbortSignal.timeout(patience)])
  for (;;) {
    if (signal.aborted) return undefined
    const others = turns.get(name)
    if (!others) break
    if (giveUp.aborted) return undefined
    await settled(others, giveUp)
  }
  let release = (): void => {}
  const mine = new Promise<void>(resolve => {
    release = () => {
      if (turns.get(name) === mine) turns.delete(name)
      resolve()
    }
  })
  turns.set(name, mine)
  return release
}

async function settled(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  await new Promise<void>(resolve => {
    const finish = (): void => {
      signal.removeEventListener('abort', finish)
      resolve()
    }
    signal.addEventListener('abort', finish, { once: true })
    void promise.then(finish)
    if (signal.aborted) finish()
  })
}
