import { InvalidOptionError } from '../errors.ts'

function unsendableKind(value: unknown): string | undefined {
  if (typeof value === 'bigint') return 'a bigint'
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value)
  if (value instanceof Uint8Array) return 'a Uint8Array'
  return value instanceof RegExp ? 'a regular expression' : undefined
}

const otherWay =
  "Name the server in the run's config (servers: { … }), and use it by its name; or write the row in Lua."

/**
 * Refuses options that would not reach the main process unchanged, because a test file's options go there as JSON.
 * Decimal, Uuid, Datetime and Date become the text that a seed accepts for them.
 *
 * @param call the call of the test that has the options, for errors
 * @throws InvalidOptionError
 */
export function checkSendable(call: string, options: unknown): void {
  JSON.stringify(options, function (this: Record<string, unknown>, key: string, value: unknown) {
    // The value before its toJSON.
    const given = this[key]
    const kind = unsendableKind(given)
    if (kind === undefined) return value
    const what = key === '' ? `${kind} is given` : `'${key}' is ${kind}`
    throw new InvalidOptionError(`${call}: ${what}, which cannot be sent from a test file`, {
      hint: call === 'useTarantool' ? otherWay : undefined,
    })
  })
}
