// Matches one well-formed UTF-8 sequence in a text with one character per byte. The group matches a byte that belongs to
// no sequence.
const sequence =
  /[^\x80-\xff]+|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|\xed[\x80-\x9f][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}|([\x80-\xff])/g

/**
 * Makes a server's text readable: decodes UTF-8, and writes each byte that is not UTF-8 as `\xff`.
 *
 * Use it for text that is shown: messages, names, log lines. Data keep their bytes (`ByteString`).
 *
 * @example
 * readableText(Buffer.from('caf\xe9', 'latin1')) // 'caf\\xe9'
 */
export function readableText(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const text = buffer.toString('utf8')
  // U+FFFD replaces bytes that could not be decoded, but the text can also contain U+FFFD itself.
  if (!text.includes('\ufffd')) return text
  const escaped = buffer
    .toString('latin1')
    .replace(sequence, (all, lone: string | undefined) =>
      lone === undefined ? all : `\\x${lone.charCodeAt(0).toString(16)}`,
    )
  return Buffer.from(escaped, 'latin1').toString('utf8')
}
