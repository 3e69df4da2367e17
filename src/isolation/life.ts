import type { Death } from './server.ts'

/** What a worker knows of its server's process. */
export type Life =
  | { readonly is: 'up' }
  /** A request broke off: it may be dying, or only the connection is gone. */
  | { readonly is: 'suspect' }
  /** The connection that watches it has ended, and nobody has said why. */
  | { readonly is: 'down' }
  /** A test took it down, or froze it: no crash. */
  | { readonly is: 'stopped' }
  /** It died by itself, and somebody has been told. */
  | { readonly is: 'crashed'; readonly death: Death }

export type LifeEvent =
  /** A request did not get its reply, since its connection ended. */
  | 'broke-off'
  /** The connection that watches the server has ended. */
  | 'ended'
  /** A test, or a replacement, takes it down; or freezes it. */
  | 'taken-down'
  /** What was frozen goes on. */
  | 'resumed'
  /** Its owner says that it runs. */
  | 'lives'
  /** A process runs in its place, which the worker watches. */
  | 'runs'
  /** Its owner says how it ended. */
  | { readonly died: Death }

type Known = Exclude<Life['is'], 'crashed'>

// What is not in here changes nothing.
const transitions: Record<Life['is'], Partial<Record<LifeEvent & string, Known>>> = {
  up: { 'broke-off': 'suspect', ended: 'down', 'taken-down': 'stopped' },
  suspect: { ended: 'down', 'taken-down': 'stopped', lives: 'up', runs: 'up' },
  down: { 'taken-down': 'stopped', lives: 'up', runs: 'up' },
  stopped: { resumed: 'up', runs: 'up' },
  // Whatever a test does to a server that has crashed, the crash is why the next process is another one.
  crashed: { runs: 'up' },
}

/** What is known after an event. */
export function after(life: Life, event: LifeEvent): Life {
  if (typeof event === 'object') return life.is === 'stopped' ? life : { is: 'crashed', death: event.died }
  const is = transitions[life.is][event]
  return is === undefined ? life : { is }
}

/** Whether another process has to come before anything can be asked. */
export function isGone({ is }: Life): boolean {
  return is === 'down' || is === 'stopped' || is === 'crashed'
}
