import * as v from 'valibot'
import { InvalidOptionError, UnknownOptionError } from '../errors.ts'
import { awaitAdvice, shownValue } from '../shown-value.ts'
import { nearestName } from './nearest-name.ts'

const articles: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  boolean: 'a boolean',
  Object: 'an object',
  Array: 'an array',
}

/** Says where an option belongs. Undefined if it belongs nowhere. */
export type Elsewhere = (option: string) => string | undefined

// An instance of a class that has no options, such as a server in the place of the options. A prototype without a prototype is
// that of a plain object, also of another realm.
function isOtherThing(given: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(given)
  return Object.keys(given).length === 0 && prototype !== null && Object.getPrototypeOf(prototype) !== null
}

/** @throws InvalidOptionError for options that are no object */
export function checkIsObject(what: string, given: unknown): asserts given is object {
  if (given !== null && typeof given === 'object' && !Array.isArray(given) && !isOtherThing(given)) return
  throw new InvalidOptionError(`${what}: the options must be an object, not ${shownValue(given)}`, {
    hint: awaitAdvice(given).trim() || undefined,
  })
}

/**
 * Checks what a user passed against a table of options.
 *
 * @param what the name of the whole in messages: `'TarantoolInstance'`
 * @param elsewhere says where an option belongs that is not in the table
 * @throws UnknownOptionError naming the option and the nearest one that exists
 * @throws InvalidOptionError naming the option, what it must be, and what it was
 */
export function checkOptions(what: string, entries: v.ObjectEntries, given: unknown, elsewhere?: Elsewhere): void {
  checkIsObject(what, given)
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(entries, name)) continue
    const near = nearestName(name, Object.keys(entries))
    throw new UnknownOptionError(`${what}: unknown option '${name}'`, {
      hint:
        elsewhere?.(name) ?? (near ? `Did you mean '${near}'?` : `Options: ${Object.keys(entries).sort().join(', ')}.`),
    })
  }
  const result = v.safeParse(v.object(entries), given, { abortEarly: true })
  if (result.success) return
  const [issue] = result.issues
  const path = v.getDotPath(issue) ?? ''
  const must = issue.message.startsWith('must')
    ? issue.message
    : `must be ${articles[issue.expected ?? ''] ?? issue.expected ?? 'valid'}`
  const instead = must.startsWith('must not') ? '' : `, not ${shownValue(issue.input)}`
  throw new InvalidOptionError(`${what}: option '${path}' ${must}${instead}`)
}
