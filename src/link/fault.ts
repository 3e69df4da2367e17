import { InvalidOptionError } from '../errors.ts'
import { shownValue } from '../shown-value.ts'

/** The state of a link, which holds until another fault or `heal`. */
export type Condition =
  | { readonly is: 'sound' }
  | { readonly is: 'cut' }
  | { readonly is: 'hanging' }
  | { readonly is: 'delayed'; readonly milliseconds: number }
  | { readonly is: 'limited'; readonly bytesPerSecond: number }

/** An act on a link: a new condition, or an end of all connections that leaves the condition as it is. */
export type Fault = Condition | { readonly is: 'reset' }

/** An instance of a cluster: a handle, or the name. */
export type NamedInstance = { readonly name: string } | string

/**
 * The link before a server's address. In a cluster, a call with two instances gives the link from the first to the second:
 * the connections that the first opens to the second.
 */
export interface LinkOfServer extends Link {
  /**
   * @param from an instance, or its name
   * @param to an instance, or its name
   */
  (from: NamedInstance, to: NamedInstance): Link
}

/** A link of a cluster: from an instance to another, or before the address of an instance. */
export interface LinkPlace {
  /** Undefined for the link before the address. */
  readonly from?: string | undefined
  readonly to: string
}

/** A link of a cluster in messages: `the link from 'a' to 'b'`. */
export const linkText = ({ from, to }: LinkPlace): string =>
  from === undefined ? `the link of '${to}'` : `the link from '${from}' to '${to}'`

/** Says in messages what a link does: `is cut`. */
export function conditionText(condition: Condition): string {
  switch (condition.is) {
    case 'sound':
      return 'is sound'
    case 'cut':
      return 'is cut'
    case 'hanging':
      return 'hangs'
    case 'delayed':
      return `is delayed by ${condition.milliseconds} ms`
    case 'limited':
      return `is limited to ${condition.bytesPerSecond} bytes per second`
  }
}

/** The names of the methods of a link. */
const faultNames = ['cut', 'delay', 'limit', 'hang', 'reset', 'heal'] as const

export type FaultName = (typeof faultNames)[number]

/** A link between two ends, for tests that need faults of a network. Each method resolves when the fault holds. */
export interface Link {
  /** Ends all connections, and refuses new ones. */
  cut(): Promise<void>
  /**
   * Lets data arrive later. A round trip takes twice the time, because both directions are delayed.
   *
   * @param milliseconds from 0 on
   * @throws InvalidOptionError
   */
  delay(milliseconds: number): Promise<void>
  /**
   * Limits the speed of each connection, in each direction.
   *
   * @param bytesPerSecond above 0
   * @throws InvalidOptionError
   */
  limit(bytesPerSecond: number): Promise<void>
  /** Accepts connections and keeps the open ones, but passes nothing on. The data passes after `heal()`. */
  hang(): Promise<void>
  /** Ends all open connections with RST. Later connections are accepted, unless the link is cut. */
  reset(): Promise<void>
  /** Ends the fault. Connections that `cut` or `reset` has ended do not come back. */
  heal(): Promise<void>
}

// A timer of Node's cannot wait longer.
const longestDelay = 2 ** 31 - 1

// A test may have meant a duration.
function takesNothing(name: FaultName, value: unknown): void {
  if (value === undefined) return
  throw new InvalidOptionError(`link.${name}() takes no argument, and ${shownValue(value)} was given`, {
    hint:
      name === 'cut' || name === 'hang'
        ? `The fault holds until heal(). link.delay(milliseconds) lets data arrive later.`
        : undefined,
  })
}

/**
 * The fault that a method of a link makes.
 *
 * @throws InvalidOptionError
 */
export function faultOf(name: FaultName, value?: unknown): Fault {
  if (name !== 'delay' && name !== 'limit') takesNothing(name, value)
  switch (name) {
    case 'cut':
      return { is: 'cut' }
    case 'hang':
      return { is: 'hanging' }
    case 'reset':
      return { is: 'reset' }
    case 'heal':
      return { is: 'sound' }
    case 'delay':
      if (typeof value !== 'number' || !(value >= 0 && value <= longestDelay)) {
        throw new InvalidOptionError(
          `link.delay() takes milliseconds from 0 to ${longestDelay}, not ${shownValue(value)}`,
          {
            hint: 'heal() ends a delay.',
          },
        )
      }
      return { is: 'delayed', milliseconds: value }
    case 'limit':
      if (typeof value !== 'number' || !(value > 0 && value < Number.POSITIVE_INFINITY)) {
        throw new InvalidOptionError(`link.limit() takes bytes per second above 0, not ${shownValue(value)}`, {
          hint: 'heal() ends a limit. hang() passes nothing on.',
        })
      }
      return { is: 'limited', bytesPerSecond: value }
  }
}

/**
 * A link that is no method. The handle of a test has a link that also takes two instances, so a call of this one gets an
 * error with advice.
 */
export const uncallable = (link: Link, refusal: () => Error): Link =>
  Object.assign(() => {
    throw refusal()
  }, link)

/** Makes the methods of a link from one function. */
export function linkOf(act: (fault: Fault) => Promise<void>): Link {
  const methods = faultNames.map(name => [name, async (value?: unknown) => await act(faultOf(name, value))])
  return Object.fromEntries(methods) as Link
}
