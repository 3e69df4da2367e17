import type { Death } from './server.ts'

/** A worker's knowledge of its server's process. */
export type Life =
  | { readonly is: 'up' }
  /** A request broke off. Either the server is dying, or only the connection has ended. */
  | { readonly is: 'suspect' }
  /** The watching connection has ended, and the cause is unknown. */
  | { readonly is: 'down' }
  /** A test stopped the server, so this is no crash. */
  | { readonly is: 'stopped' }
  /** A test froze the server. */
  | { readonly is: 'paused' }
  /** The server died by itself, and a test or a hook was told. */
  | { readonly is: 'crashed'; readonly death: Death }

export type LifeEvent =
  /** The connection of a request ended before the reply. */
  | 'broke-off'
  /** The connection that watches the server has ended. */
  | 'ended'
  /** A test or a replacement stops the server. */
  | 'taken-down'
  /** A test freezes the server. */
  | 'paused'
  /** A frozen server was resumed. */
  | 'resumed'
  /** The broker says that the server runs. */
  | 'lives'
  /** A replacement process runs, and the worker watches it. */
  | 'runs'
  /** The broker says how the server ended. */
  | { readonly died: Death }

type Known = Exclude<Life['is'], 'crashed'>

// Events that are not listed change nothing.
const transitions: Record<Life['is'], Partial<Record<LifeEvent & string, Known>>> = {
  up: { 'broke-off': 'suspect', ended: 'down', 'taken-down': 'stopped', paused: 'paused' },
  suspect: { ended: 'down', 'taken-down': 'stopped', paused: 'paused', lives: 'up', runs: 'up' },
  down: { 'taken-down': 'stopped', paused: 'stopped', lives: 'up', runs: 'up' },
  stopped: { runs: 'up' },
  paused: { ended: 'stopped', 'taken-down': 'stopped', resumed: 'up', runs: 'up' },
  // A test may still stop a crashed server. The crash remains the reason for the next process.
  crashed: { runs: 'up' },
}

/** The worker's knowledge after an event. */
export function after(life: Life, event: LifeEvent): Life {
  if (typeof event === 'object') return isByTest(life) ? life : { is: 'crashed', death: event.died }
  const is = transitions[life.is][event]
  return is === undefined ? life : { is }
}

/** True if a test has stopped or frozen the server. */
export const isByTest = ({ is }: Life): boolean => is === 'stopped' || is === 'paused'

/** True if the server needs another process, or has to be resumed, before it can answer. */
export function isGone({ is }: Life): boolean {
  return is !== 'up' && is !== 'suspect'
}
