import { describe, expect, test } from 'vitest'
import { pages, proseOf, writtenPages } from './pages.ts'

// Pages for users. What else is written in the repository has its own readers.
const forUsers = writtenPages.filter(page => /^(README|SECURITY|CONTRIBUTING|CHANGELOG)\.md$|^docs\//.test(page))

const mostWords = 25

// A reader has to read these twice.
const unclear =
  /\b(?:there is not|there are not|that there (?:is|are)|which there (?:is|are)|as well does|in a way that|may so|may thus|in the place of|whoever|will do\b(?! not)|what is there|is gone|are gone|as (?:he|she) who)\b/i
const unclearBeginning = /^(?:What (?!is|are|does|do)|Who(?:ever)? |Whom |Of the |Beside that)/

const unclearHeading = /^#+ (?:What|Who(?:ever|m)?|Whether|Where|Of the) (?!.*\?$)/

/** The paragraphs, items and cells of a page. */
function partsOf(page: string): string[] {
  return proseOf(page)
    .replaceAll(/<!--.*?-->/g, '')
    .split('\n\n')
    .flatMap(paragraph =>
      paragraph.startsWith('|') ? paragraph.split(/\n|(?<!\\)\|/) : paragraph.split(/\n(?=\s*(?:-|\d+\.) )/),
    )
    .map(part => part.replaceAll(/\s+/g, ' ').trim())
    .filter(part => part !== '' && !part.startsWith('#'))
}

const withoutMarkup = (part: string): string =>
  part
    .replace(/^(?:-|\d+\.) /, '')
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replaceAll(/`[^`]*`/g, 'Code')
    .replaceAll(/[*_]{1,2}(\S.*?\S)[*_]{1,2}/g, '$1')

const sentencesOf = (page: string): string[] =>
  partsOf(page).flatMap(part => withoutMarkup(part).split(/(?<=[.?!])\s+(?=[A-Z'"])/))

describe.each(forUsers)('%s', page => {
  test(`has sentences of at most ${mostWords} words`, () => {
    const long = sentencesOf(page).filter(sentence => sentence.split(/\s+/).length > mostWords)
    expect(long).toEqual([])
  })

  test('has no phrase that has to be read twice', () => {
    expect(sentencesOf(page).filter(sentence => unclear.test(sentence) || unclearBeginning.test(sentence))).toEqual([])
  })
})

test.each(writtenPages)('%s has headings that name a subject', page => {
  const headings = proseOf(page).match(/^#+ .*/gm) ?? []
  expect(headings).not.toEqual([])
  expect(headings.filter(heading => unclearHeading.test(heading))).toEqual([])
})

test('long and unclear sentences are found', () => {
  expect(pages.length).toBeGreaterThan(forUsers.length)
  expect(unclear.test('It is one of the names that there are.')).toBe(true)
  expect(unclearHeading.test('## What a run prints')).toBe(true)
  expect(unclearBeginning.test('What cannot be undone in place costs a new server.')).toBe(true)
})
