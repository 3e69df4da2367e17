import { ProtocolError } from '../../errors.ts'
import { decode } from '../values/codec.ts'
import { Decimal } from '../values/decimal.ts'
import type { ReadExtension } from '../values/decoder.ts'
import { fromExtension } from '../values/extensions.ts'

/** The value that `fixtures/agent/command.lua` has sent. @throws ProtocolError */
export function readValue(bytes: Buffer, instance: string): unknown {
  return decode(bytes, { instance, readExtension })
}

/** The list of what a command returned. @throws ProtocolError */
export function readValues(bytes: Buffer, instance: string): unknown[] {
  const values = readValue(bytes, instance)
  if (Array.isArray(values)) return values
  throw new ProtocolError(`${instance} sent a reply without a list of values`, { instance })
}

// Other types have become text in the server, as its console writes them.
const readExtension: ReadExtension = (type, bytes, decodeInside) => {
  const value = fromExtension(type, bytes, decodeInside)
  return value instanceof Decimal ? toNumber(value.text) : value
}

/** A number where a double says the same, else the text: Tarantool's console writes decimals as numbers. */
function toNumber(text: string): number | string {
  const number = Number(text)
  const isDouble = !/\.\d*0$/.test(text) && digits(text) === digits(String(number))
  return isDouble ? number : text
}

function digits(text: string): string {
  const [mantissa = '', exponent = '0'] = text.toLowerCase().split('e')
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.')
  const all = (whole + fraction).replace(/^0+/, '')
  const significant = all.replace(/0+$/, '')
  return `${significant}e${Number(exponent) - fraction.length + all.length - significant.length}`
}
