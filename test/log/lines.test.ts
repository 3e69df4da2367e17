import { describe, expect, test } from 'vitest'
import { LineSplitter, longestLine, shortenLine } from '../../src/log/lines.ts'

function linesOf(chunks: readonly (string | Buffer)[]): string[] {
  const lines: string[] = []
  const splitter = new LineSplitter(line => lines.push(line))
  for (const chunk of chunks) splitter.take(Buffer.from(chunk))
  splitter.end()
  return lines
}

describe('lines are made of chunks', () => {
  test.each<{ what: string; chunks: (string | Buffer)[]; lines: string[] }>([
    { what: 'in one', chunks: ['a\nb\r\n\nc\n'], lines: ['a', 'b', 'c'] },
    { what: 'byte by byte', chunks: [...'a\nb\r\n\nc'], lines: ['a', 'b', 'c'] },
    { what: 'across chunks', chunks: ['a', 'b', 'c\nd', 'e\n', '\n', 'f'], lines: ['abc', 'de', 'f'] },
    { what: 'across a character', chunks: [Buffer.from([0xc3]), Buffer.from([0xa4, 10])], lines: ['ä'] },
    { what: 'of nothing', chunks: ['', '\n', '\r\n'], lines: [] },
    { what: 'behind a hole', chunks: ['\0\0a\0b\n\0\0c'], lines: ['a\0b', 'c'] },
  ])('$what', ({ chunks, lines }) => {
    expect(linesOf(chunks)).toEqual(lines)
  })

  test('a long line ends where nobody reads on, and the next one is whole', () => {
    const [long = '', next] = linesOf(['x'.repeat(longestLine - 1), 'ä'.repeat(10), 'yyy\nnext\n'])
    expect(long.slice(longestLine - 3)).toBe('xx … (23 more bytes)')
    expect(next).toBe('next')
  })
})

test.each([
  ['short', 10, 'short'],
  ['0123456789', 10, '0123456789'],
  ['0123456789a', 10, '01234 … (1 characters) … 6789a'],
])('%s as an error shows it', (line, longest, shown) => {
  expect(shortenLine(line, longest)).toBe(shown)
})
