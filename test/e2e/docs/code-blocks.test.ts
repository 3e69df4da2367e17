import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { repository } from '../../support/npm.ts'
import { codeBlocksOf } from '../support/code-blocks.ts'
import { checks } from './checks/index.ts'
import { blocksUnder } from './checks/projects.ts'

describe.each(Object.entries(checks))('%s', (page, ofPage) => {
  test.for(Object.entries(ofPage))('the code under "%s"', async ([heading, check], context) => {
    const blocks = blocksUnder(page, heading)
    expect(blocks).not.toEqual([])
    await check(blocks, context)
  })
})

test('every code block of the documentation is in one of these tests', () => {
  const pages = ['README.md', 'CONTRIBUTING.md', ...readdirSync(join(repository, 'docs')).map(name => `docs/${name}`)]
  for (const page of pages.filter(name => name.endsWith('.md'))) {
    expect([page, ...codeBlocksOf(page).keys()]).toEqual([page, ...Object.keys(checks[page] ?? {})])
  }
})
