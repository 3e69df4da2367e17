import { types } from 'node:util'
import { InvalidOptionError } from '../errors.ts'

const deepest = 100
const int64Min = -(2n ** 63n)
const int64Max = 2n ** 63n - 1n
const uint64Max = 2n ** 64n - 1n

/**
 * A JavaScript value as a Lua literal on one line, exact to the last bit and byte.
 *
 * | JavaScript | Lua |
 * | --- | --- |
 * | string | string, in UTF-8 |
 * | Uint8Array, Buffer | string of these bytes |
 * | finite number | number |
 * | bigint | `…LL`, or `…ULL` from 2^63 on |
 * | boolean | boolean |
 * | null, undefined | nil (so such a property is left out) |
 * | array, plain object | table |
 *
 * @throws InvalidOptionError for values without an exact literal: NaN, infinities, a bigint outside int64..uint64,
 *   functions, symbols, dates, maps and other class instances, strings with half a surrogate pair, cycles.
 *
 * @example
 * luaLiteral({ listen: '127.0.0.1:0', memtx_memory: 2 ** 25 })
 * // '{["listen"]="127.0.0.1:0",["memtx_memory"]=33554432}'
 */
export function luaLiteral(value: unknown): string {
  return render(value, 'value', 0)
}

function render(value: unknown, path: string, depth: number): string {
  if (depth > deepest) refuse(path, 'is nested too deep, or contains itself')
  switch (typeof value) {
    case 'string':
      return quote(value, path)
    case 'number':
      if (!Number.isFinite(value)) refuse(path, `is ${value}, which Lua has no literal for`)
      return String(value)
    case 'bigint':
      return renderBigInt(value, path)
    case 'boolean':
      return String(value)
    case 'undefined':
      return 'nil'
    case 'object':
      return renderObject(value, path, depth)
    default:
      return refuse(path, `is a ${typeof value}`)
  }
}

function renderBigInt(value: bigint, path: string): string {
  if (value < int64Min || value > uint64Max) refuse(path, 'is an integer of more than 64 bits')
  return value > int64Max ? `${value}ULL` : `${value}LL`
}

function renderObject(value: object | null, path: string, depth: number): string {
  if (value === null) return 'nil'
  if (types.isUint8Array(value)) return quoteBytes(value)
  if (Array.isArray(value)) {
    // Array.from visits holes, too. A hole is nil.
    const items = Array.from(value, (item: unknown, index) => render(item, `${path}[${index}]`, depth + 1))
    return `{${items.join(',')}}`
  }
  if (!isPlain(value)) refuse(path, `is a ${value.constructor?.name ?? 'class instance'}`)
  const entries: string[] = []
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined || item === null) continue
    entries.push(`[${quote(key, path)}]=${render(item, `${path}.${key}`, depth + 1)}`)
  }
  return `{${entries.join(',')}}`
}

// Not `=== Object.prototype`: a test runner's sandbox has its own Object.prototype.
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return (
    Object.prototype.toString.call(value) === '[object Object]' &&
    (prototype === null || Object.getPrototypeOf(prototype) === null)
  )
}

const specialCharacters = /[\\"\p{Cc}]/gu

function quote(text: string, path: string): string {
  if (/\p{Surrogate}/u.test(text)) refuse(path, 'holds half a surrogate pair, which has no UTF-8 form')
  return `"${text.replace(specialCharacters, escapeCharacter)}"`
}

function escapeCharacter(character: string): string {
  if (character === '\\' || character === '"') return `\\${character}`
  // C1 controls are two bytes of UTF-8.
  return Array.from(Buffer.from(character), escapeByte).join('')
}

function quoteBytes(bytes: Uint8Array): string {
  const parts = Array.from(bytes, byte => {
    const printable = byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c
    return printable ? String.fromCharCode(byte) : escapeByte(byte)
  })
  return `"${parts.join('')}"`
}

// Always three digits: Lua would read a following digit as part of a shorter number.
function escapeByte(byte: number): string {
  return `\\${String(byte).padStart(3, '0')}`
}

function refuse(path: string, why: string): never {
  throw new InvalidOptionError(`No Lua literal can be made: ${path} ${why}`)
}
