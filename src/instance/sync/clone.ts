import { errorClassOf } from '../../errors-by-name.ts'
import { ByteString } from '../../protocol/values/byte-string.ts'
import { Datetime } from '../../protocol/values/datetime.ts'
import { Decimal } from '../../protocol/values/decimal.ts'
import { ErrorValue } from '../../protocol/values/error-value.ts'
import { Interval } from '../../protocol/values/interval.ts'
import { UnknownExtension } from '../../protocol/values/unknown-extension.ts'
import { Uuid } from '../../protocol/values/uuid.ts'
import { TarantoolVersion } from '../../version/tarantool-version.ts'

// The structured clone between threads keeps dates, big integers, maps, expressions and cycles. It does not keep
// classes.
const valueClasses = { Datetime, Decimal, ErrorValue, Interval, UnknownExtension, Uuid }
const builtinErrors = new Map(
  [EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map(each => [each.name, each]),
)

/** The key that marks a value that is not an object of the user's. */
const classKey = '\0class'

type Tagged = { [classKey]: string; content: unknown }
type Seen = Map<object, unknown>

const tagged = (name: string, content: unknown): Tagged => ({ [classKey]: name, content })

type Property = [name: string, value: unknown, enumerable: boolean]

function propertiesOf(error: Error, seen: Seen): Property[] {
  return Object.entries(Object.getOwnPropertyDescriptors(error)).map(([name, { enumerable, value }]) => [
    name,
    name === 'stack' ? error.stack : wrap(value, seen),
    enumerable === true,
  ])
}

function wrap(value: unknown, seen: Seen): unknown {
  if (typeof value === 'function') return tagged('Function', String(value))
  if (typeof value === 'symbol') return tagged('Symbol', value.description)
  if (typeof value !== 'object' || value === null) return value
  const known = seen.get(value)
  if (known !== undefined) return known
  const keep = <Copy>(copy: Copy): Copy => {
    seen.set(value, copy)
    return copy
  }
  if (value instanceof TarantoolVersion) return keep(tagged('TarantoolVersion', value.text))
  // The code makes a copy: a small Buffer would take its whole pool along.
  if (value instanceof ByteString) return keep(tagged('ByteString', new Uint8Array(value)))
  if (value instanceof Uint8Array) return keep(new Uint8Array(value))
  if (value instanceof Error) {
    const made = keep(tagged(`Error:${value.name}`, undefined))
    made.content = propertiesOf(value, seen)
    return made
  }
  if (value instanceof Map) return keep(tagged('Map', wrapEntries([...value], seen)))
  for (const [name, Class] of Object.entries(valueClasses)) {
    if (value instanceof Class) return keep(tagged(name, wrapEntries(Object.entries(value), seen)))
  }
  if (Array.isArray(value)) {
    const copy = keep([] as unknown[])
    copy.length = value.length
    for (const [at, item] of value.entries()) copy[at] = wrap(item, seen)
    return copy
  }
  if (ArrayBuffer.isView(value) || /^\[object (?!Object)/.test(Object.prototype.toString.call(value))) return value
  const entries = Object.entries(value)
  if (Object.hasOwn(value, classKey)) return keep(tagged('Object', wrapEntries(entries, seen)))
  const copy = keep(Object.create(null) as Record<string, unknown>)
  for (const [name, item] of entries) copy[name] = wrap(item, seen)
  return copy
}

function wrapEntries(entries: [unknown, unknown][], seen: Seen): [unknown, unknown][] {
  return entries.map(([name, item]) => [wrap(name, seen), wrap(item, seen)])
}

function define(target: object, entries: [unknown, unknown][], seen: Seen): object {
  for (const [name, item] of entries) {
    const property = { value: unwrap(item, seen), writable: true, configurable: true, enumerable: true }
    Object.defineProperty(target, String(name), property)
  }
  return target
}

function unwrapTagged(value: Tagged, seen: Seen): unknown {
  const { [classKey]: name, content } = value
  const keep = <Made>(made: Made): Made => {
    seen.set(value, made)
    return made
  }
  // The text is for the message of the code that refuses the value.
  if (name === 'Function') return Object.assign(() => {}, { toString: () => content })
  if (name === 'Symbol') return Symbol(content as string | undefined)
  if (name === 'TarantoolVersion') return keep(TarantoolVersion.of(content as string))
  if (name === 'ByteString') return keep(new ByteString(content as Uint8Array))
  const entries = content as [unknown, unknown][]
  if (name === 'Map') {
    const map = keep(new Map())
    for (const [key, item] of entries) map.set(unwrap(key, seen), unwrap(item, seen))
    return map
  }
  if (name.startsWith('Error:')) {
    const error = keep(new Error())
    const own = name.slice('Error:'.length)
    Object.setPrototypeOf(error, (errorClassOf(own) ?? builtinErrors.get(own) ?? Error).prototype)
    for (const [property, item, enumerable] of content as Property[]) {
      Object.defineProperty(error, property, {
        value: unwrap(item, seen),
        writable: true,
        configurable: true,
        enumerable,
      })
    }
    return error
  }
  if (name === 'Object') return define(keep({}), entries, seen)
  const { prototype } = valueClasses[name as keyof typeof valueClasses]
  return define(keep(Object.create(prototype) as object), entries, seen)
}

function unwrap(value: unknown, seen: Seen): unknown {
  if (typeof value !== 'object' || value === null) return value
  const known = seen.get(value)
  if (known !== undefined) return known
  if (Object.hasOwn(value, classKey)) return unwrapTagged(value as Tagged, seen)
  if (!Array.isArray(value) && Object.prototype.toString.call(value) !== '[object Object]') return value
  // The clone belongs to this thread alone.
  seen.set(value, value)
  for (const [name, item] of Object.entries(value)) {
    if (typeof item === 'object' && item !== null) {
      Object.defineProperty(value, name, {
        value: unwrap(item, seen),
        writable: true,
        configurable: true,
        enumerable: true,
      })
    }
  }
  return value
}

/** A value in a form for another thread, with marks for the parts that a clone would lose. */
export function toClone(value: unknown): unknown {
  return wrap(value, new Map())
}

/**
 * Restores the value with its own classes. Functions become functions that do nothing, because no server returns
 * functions.
 */
export function fromClone(value: unknown): unknown {
  return unwrap(value, new Map())
}
