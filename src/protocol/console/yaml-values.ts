import type { ScalarTag } from 'yaml'
import { ProtocolError } from '../../errors.ts'
import { ByteString, isUtf8 } from '../values/byte-string.ts'

/**
 * Reads the YAML list that Tarantool wrote for the values of a command.
 *
 * Neither YAML 1.1 nor 1.2 fits: Tarantool quotes what Lua would take for a number, `true`, `false` and `null`, but
 * leaves `yes`, `.inf`, `0o14`, `1:30` and even the empty string plain. So a plain scalar is a string unless it is one
 * of the few that Tarantool itself writes (`dump_node` in `third_party/lua-yaml/lyaml.cc`).
 *
 * @throws ProtocolError when the text cannot be read.
 */
export async function parseValues(text: string): Promise<unknown[]> {
  // libyaml breaks lines at these two, and indents what follows: the string could not be told from another.
  if (/[\u2028\u2029]/.test(text)) {
    throw new ProtocolError('The console cannot carry U+2028 and U+2029 without changing the text around them', {
      hint: 'Use eval() or call() for such values.',
    })
  }
  // Loaded on first use: test files import this module indirectly, and most of them never send a command.
  const [{ parseDocument }, { restoreRawBytes }] = await Promise.all([import('yaml'), import('./raw-bytes.ts')])
  try {
    const document = parseDocument(text, {
      schema: 'failsafe',
      customTags: tags => [...TAGS, ...tags],
      logLevel: 'error',
      keepSourceTokens: true,
    })
    const [error] = document.errors
    if (error) throw error
    restoreRawBytes(document)
    const values: unknown = document.toJS({ maxAliasCount: -1 })
    if (Array.isArray(values)) return values
  } catch (cause) {
    throw new ProtocolError(`The reply to a command cannot be read: ${describe(cause)}`, { cause })
  }
  throw new ProtocolError(`The reply to a command is not a list: ${text.slice(0, 100)}`)
}

function describe(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}

function plain(name: string, test: RegExp, resolve: (text: string) => unknown): ScalarTag {
  return { tag: `tag:tarantool.io,2018:${name}`, default: true, test, resolve }
}

const CONSTANTS: Readonly<Record<string, unknown>> = {
  null: null,
  true: true,
  false: false,
  nan: Number.NaN,
  '-nan': Number.NaN,
  inf: Number.POSITIVE_INFINITY,
  '-inf': Number.NEGATIVE_INFINITY,
}

const TAGS: readonly ScalarTag[] = [
  plain('constant', /^(?:null|true|false|-?nan|-?inf)$/, text => CONSTANTS[text]),
  plain('integer', /^-?(?:0|[1-9]\d*)$/, toInteger),
  plain('float', /^-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?$/, toNumber),
  { tag: 'tag:yaml.org,2002:binary', resolve: toBytes },
]

function toInteger(text: string): number | bigint {
  const number = Number(text)
  return Number.isSafeInteger(number) ? number : BigInt(text)
}

/** A decimal is written like a number: where a double would not say the same, its text is kept. */
function toNumber(text: string): number | string {
  const number = Number(text)
  // C's %g, which writes doubles, leaves no zero at the end of a fraction; `1.50` is a decimal.
  const isDouble = !/\.\d*0(?:e|$)/i.test(text) && digits(text) === digits(String(number))
  return isDouble ? number : text
}

function digits(text: string): string {
  const [mantissa = '', exponent = '0'] = text.toLowerCase().split('e')
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.')
  const all = (whole + fraction).replace(/^0+/, '')
  const significant = all.replace(/0+$/, '')
  return `${significant}e${Number(exponent) - fraction.length + all.length - significant.length}`
}

// Tarantool also writes strings so that hold valid UTF-8, but a character that YAML calls unprintable.
const UNPRINTABLE = /[^\0-\x7f\P{C}]/u

function toBytes(base64: string): ByteString | string {
  const bytes = Buffer.from(base64, 'base64')
  const text = isUtf8(bytes) ? bytes.toString('utf8') : ''
  return UNPRINTABLE.test(text) ? text : ByteString.from(bytes)
}
