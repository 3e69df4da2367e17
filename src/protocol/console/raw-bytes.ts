import { Buffer } from 'node:buffer'
import { type Document, parse, Scalar, visit } from 'yaml'
import { ByteString } from '../values/byte-string.ts'

// 3.x writes the bytes of a string that are not UTF-8 as "\xFF", and characters as themselves or as "\u00FF"; YAML takes
// both for the character. 2.x writes such a string as !!binary.
const rawByte = /(\\\\)|\\x([89A-F][0-9A-F])/gi

// Characters of the private use area, of which a text holds some or none: each byte gets one that this text has not.
const markers = [0xe000, 0xe100, 0xe200, 0xf000, 0xf700]

function decode(source: string): ByteString | undefined {
  const base = markers.find(first => {
    const used = new RegExp(`[\\u${first.toString(16)}-\\u${(first + 0xff).toString(16)}]`)
    return !used.test(source)
  })
  if (base === undefined) return undefined
  const marked = source.replace(rawByte, (_, backslash: string | undefined, hex: string) =>
    backslash ? backslash : String.fromCharCode(base + Number.parseInt(hex, 16)),
  )
  const pieces = Array.from(String(parse(marked)), character => {
    const code = character.codePointAt(0) ?? 0
    return code >= base && code <= base + 0xff ? Buffer.of(code - base) : Buffer.from(character)
  })
  return ByteString.from(Buffer.concat(pieces))
}

/** Puts a ByteString in the place of each string of a document that was written with bytes that are not UTF-8. */
export function restoreRawBytes(document: Document.Parsed): void {
  visit(document, {
    Scalar(_, node) {
      const source = node.type === Scalar.QUOTE_DOUBLE ? node.srcToken : undefined
      if (!source || !('source' in source)) return
      const hasRawByte = [...source.source.matchAll(rawByte)].some(([, backslash]) => backslash === undefined)
      if (hasRawByte) node.value = decode(source.source) ?? node.value
    },
  })
}
