import * as v from 'valibot'
import { InvalidOptionError, UnknownOptionError } from '../errors.ts'
import { nearestName } from './nearest-name.ts'

function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'bigint') return `${value}n`
  if (value === null || typeof value !== 'object') return String(value)
  return Array.isArray(value) ? 'an array' : 'an object'
}

const articles: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  boolean: 'a boolean',
  Object: 'an object',
  Array: 'an array',
}

/** Says where an option belongs. Undefined if it belongs nowhere. */
export type Elsewhere = (option: string) => string | undefined

/** @throws InvalidOptionError for options that are no object */
export function checkIsObject(what: string, given: unknown): asserts given is object {
  if (given !== null && typeof given === 'object' && !Array.isArray(given)) return
  throw new InvalidOptionError(`${what}: the options must be an object, not ${show(given)}`)
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
  throw new InvalidOptionError(`${what}: option '${path}' ${must}, not ${show(issue.input)}`)
}
