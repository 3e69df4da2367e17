import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { repository } from '../support/npm.ts'
import { commentsIn } from './comments.ts'

// A comment begins with its subject. After one of these, a reader has to look for it.
const unclear =
  /^(?:-+ )?(?:What(?:ever)?|Who(?:m|se|ever)?|Whether|Where|Of (?:the|those|these|a|an|two)|(?:For|By|In|To) which) |^@(?:param \S+|returns|throws) (?:what|who|whom|whoever|whether) /

const unclearSentences = (source: string): string[] =>
  commentsIn(source)
    .flatMap(({ line, text }) => text.split(/(?<=[.;?!]) +| (?=@\w+ )/).map(sentence => ({ line, sentence })))
    .filter(({ sentence }) => unclear.test(sentence))
    .map(({ line, sentence }) => `${line}: ${sentence}`)

const sources = execFileSync('git', ['ls-files', 'src', 'fixtures', 'examples'], { cwd: repository, encoding: 'utf8' })
  .split('\n')
  .filter(file => /\.(?:ts|js|lua)$/.test(file))

test('no comment leaves its subject for later', () => {
  const found = sources.flatMap(file =>
    unclearSentences(readFileSync(join(repository, file), 'utf8')).map(sentence => `${file}:${sentence}`),
  )
  expect(found).toEqual([])
})

test('comments are found in TypeScript and Lua', () => {
  const typescript = [
    '/** What it is. */',
    'const a = 1 // What else',
    '/**',
    ' * The name. What',
    ' * not.',
    ' * @param name what it is',
    ' */',
  ]
  expect(unclearSentences(typescript.join('\n'))).toEqual([
    '1: What it is.',
    '3: What not.',
    '3: @param name what it is',
  ])
  const lua = ['-- Of the', '-- two.', '', '    -- ---- Whether any ----', 'local text = [[ -- What ]]']
  expect(unclearSentences(lua.join('\n'))).toEqual(['1: Of the two.', '4: ---- Whether any ----'])
  expect(sources.length).toBeGreaterThan(300)
})
