import { InvalidOptionError } from '../errors.ts'

function unsendableKind(value: unknown): string | undefined {
  if (typeof value === 'bigint') return 'a bigint'
  if (value instanceof Uint8Array) return 'a Uint8Array'
  return value instanceof RegExp ? 'a regular expression' : undefined
}

/**
 * Refuses options that would not reach the main process unchanged, because a test file's config goes there as JSON.
 * Decimal, Uuid, Datetime and Date become the text that a seed accepts for them.
 *
 * @throws InvalidOptionError
 */
export function checkSendable(config: object): void {
  JSON.stringify(config, function (this: Record<string, unknown>, key: string, value: unknown) {
    // The value before its toJSON.
    const given = this[key]
    const kind = unsendableKind(given)
    if (kind === undefined) return value
    throw new InvalidOptionError(
      `useTarantool: '${key}' in the config is ${kind}, which cannot be sent from a test file`,
      {
        hint: "Name the server in the run's config (servers: { … }), and use it by its name; or write the row in Lua.",
      },
    )
  })
}
