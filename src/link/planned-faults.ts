import { InvalidOptionError, UnknownOptionError } from '../errors.ts'
import { random } from '../node-builtins.ts'
import { shownValue } from '../shown-value.ts'
import type { LinkPlace } from './fault.ts'

/** A kind of fault in a sequence. `kill` and `pause` concern a process, `cut` and `delay` a link. */
export type SequenceFault = 'kill' | 'pause' | 'cut' | 'delay'

/** Options of a sequence of faults. */
export interface FaultsOptions {
  /**
   * A whole number from 0 on. The same seed gives the same sequence, for the same other options and the same instances.
   * Default: a random number. The error of a failure has it.
   */
  seed?: number | undefined
  /** The kinds of faults. Default: `kill` and `pause`, and with the option `links` also `cut` and `delay`. */
  kinds?: readonly SequenceFault[] | undefined
  /** The longest duration of a fault, and of the time between two faults, in milliseconds. Default 200. */
  longest?: number | undefined
  /** The longest delay of a link, in milliseconds. Default 50. */
  longestDelay?: number | undefined
}

/** Checked options of a sequence. */
export interface FaultTerms {
  readonly seed: number
  readonly kinds: readonly SequenceFault[]
  readonly longest: number
  readonly longestDelay: number
}

/** The name of a single server in the texts of faults. */
export const singleServer = 'the server'

/** The instances and links that can have faults. */
export interface FaultTargets {
  readonly instances: readonly string[]
  /** Empty without links. The link of a single server has no place. */
  readonly links: readonly (LinkPlace | undefined)[]
  /** Makes the error of a fault that needs a link, if there are none. */
  noLinks(): InvalidOptionError
}

/** A fault of a sequence. Times are in milliseconds. */
export type PlannedFault = {
  /** The time since the end of the fault before. */
  readonly after: number
  readonly lasts: number
} & (
  | { readonly kind: 'kill' | 'pause'; readonly instance: string }
  | { readonly kind: 'cut'; readonly link: LinkPlace | undefined }
  | { readonly kind: 'delay'; readonly link: LinkPlace | undefined; readonly milliseconds: number }
)

/** How `faults()` is called. */
export const faultsExample = 'Such as faults({ seed: 1 }, async () => { … }).'

const shown = (value: unknown): string => {
  if (typeof value === 'string') return `'${value}'`
  return Array.isArray(value) ? `[${value.map(shown).join(', ')}]` : shownValue(value)
}

const allKinds: readonly SequenceFault[] = ['kill', 'pause', 'cut', 'delay']
const longestTimer = 2 ** 31 - 1

function refuse(message: string, hint: string = faultsExample): never {
  throw new InvalidOptionError(message, { hint })
}

function positive(name: string, value: unknown, otherwise: number): number {
  if (value === undefined) return otherwise
  if (typeof value === 'number' && value > 0 && value <= longestTimer) return value
  return refuse(
    `faults(): option '${name}' takes milliseconds above 0, up to ${longestTimer}, not ${shown(value)}`,
    `Leave it out for ${otherwise} ms. Such as faults({ ${name}: ${2 * otherwise} }, async () => { … }).`,
  )
}

/** Checks the options of a sequence, and fills in the defaults. @throws InvalidOptionError, UnknownOptionError */
export function checkFaults(options: FaultsOptions, { links, noLinks }: FaultTargets): FaultTerms {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    refuse('faults() takes options and the code that runs under the faults')
  }
  const { seed = Math.floor(random() * 2 ** 31), longest, longestDelay, ...others } = options
  const { kinds = links.length > 0 ? allKinds : allKinds.slice(0, 2), ...unknown } = others
  const [name] = Object.keys(unknown)
  if (name !== undefined) {
    throw new UnknownOptionError(`faults(): unknown option '${name}'`, {
      hint: 'Options: kinds, longest, longestDelay, seed.',
    })
  }
  if (!Number.isSafeInteger(seed) || seed < 0) {
    const hint = 'Leave it out for a random one. The error of a failure shows the seed.'
    refuse(`faults(): option 'seed' takes a whole number from 0 on, not ${shown(seed)}`, hint)
  }
  const known = `Kinds: ${allKinds.join(', ')}.`
  if (!Array.isArray(kinds) || kinds.length === 0) {
    refuse(`faults(): option 'kinds' takes a list of at least one kind of fault, not ${shown(kinds)}`, known)
  }
  const stranger = kinds.findIndex(kind => !allKinds.includes(kind))
  if (stranger >= 0) refuse(`faults(): there is no kind ${shown(kinds[stranger])}`, known)
  const ofLinks = kinds.find(kind => kind === 'cut' || kind === 'delay')
  if (ofLinks && links.length === 0) {
    const { summary, hint } = noLinks()
    refuse(`faults(): '${ofLinks}' is a fault of a link, and ${summary}`, hint)
  }
  return {
    seed,
    kinds,
    longest: positive('longest', longest, 200),
    longestDelay: positive('longestDelay', longestDelay, 50),
  }
}

/** A source of numbers from 0 to 1 that the seed determines: mulberry32. */
function numbersOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The sequence of a seed. It has no end. */
export function* planFaults(
  { seed, kinds, longest, longestDelay }: FaultTerms,
  targets: FaultTargets,
): Generator<PlannedFault> {
  const next = numbersOf(seed)
  const upTo = (most: number): number => Math.ceil(next() * most)
  const oneOf = <Item>(items: readonly Item[]): Item => items[Math.floor(next() * items.length)] as Item
  for (;;) {
    const [kind, after, lasts] = [oneOf(kinds), upTo(longest), upTo(longest)]
    if (kind === 'kill' || kind === 'pause') yield { kind, after, lasts, instance: oneOf(targets.instances) }
    else if (kind === 'cut') yield { kind, after, lasts, link: oneOf(targets.links) }
    else yield { kind, after, lasts, link: oneOf(targets.links), milliseconds: upTo(longestDelay) }
  }
}

const linkText = (link: LinkPlace | undefined): string => {
  if (!link) return 'the link'
  return link.from === undefined ? `the link of ${link.to}` : `${link.from} → ${link.to}`
}

/** A fault as a text: `cut storage-1 → storage-2 for 120 ms`. */
export function faultText(fault: PlannedFault): string {
  const time = `for ${fault.lasts} ms`
  if (fault.kind === 'cut') return `cut ${linkText(fault.link)} ${time}`
  if (fault.kind === 'delay') return `delay ${linkText(fault.link)} by ${fault.milliseconds} ms ${time}`
  return `${fault.kind} ${fault.instance} ${time}`
}
