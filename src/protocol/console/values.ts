import { ProtocolError } from '../../errors.ts'
import { decode } from '../values/codec.ts'
import { Decimal } from '../values/decimal.ts'
import type { ReadExtension } from '../values/decoder.ts'
import { fromExtension } from '../values/extensions.ts'

/** Decodes the value that `fixtures/agent/command.lua` sent. @throws ProtocolError */
export function readValue(bytes: Buffer, instance: string): unknown {
  return decode(bytes, { instance, readExtension })
}

/** Decodes the list of values that a command returned. @throws ProtocolError */
export function readValues(bytes: Buffer, instance: string): unknown[] {
  const values = readValue(bytes, instance)
  if (Array.isArray(values)) return values
  throw new ProtocolError(`${instance} sent a reply without a list of values`, { instance })
}

// The server has turned all other types into text, as its console writes them.
const readExtension: ReadExtension = (type, bytes, decodeInside) => {
  const value = fromExtension(type, bytes, decodeInside)
  return value instanceof Decimal ? toNumber(value.text) : value
}

/**
 * A number if a double can represent the value exactly, else the text: Tarantool's console writes decimals as numbers.
 */
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
