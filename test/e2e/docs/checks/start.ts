import { expect } from 'vitest'
import { type CodeBlock, filesOf } from '../../support/code-blocks.ts'
import {
  blocksUnder,
  jest,
  manifest,
  type PageChecks,
  passes,
  passingWith,
  runProject,
  shared,
  vitest,
} from './projects.ts'
import { commandsOf, shownText } from './text.ts'

const textOf = (blocks: readonly CodeBlock[]): CodeBlock => {
  const block = blocks.find(({ language }) => language === 'text')
  if (!block) throw new Error('there is no text')
  return block
}

const readmeTests = filesOf(blocksUnder('README.md', 'Vitest'))

// The same tests, as somebody with Jest writes them.
const jestTests = (readmeTests['test/users.test.ts'] ?? '')
  .replace(/import (\{.*\}) from '(.*)\/vitest'/, "const $1 = require('$2/jest')")
  .replace(/import .* from 'vitest'/, '')

export const readme: PageChecks = {
  'tarantool-fixture': async blocks => {
    const tests = (readmeTests['test/users.test.ts'] ?? '').replace('ann@', 'ann.')
    const { output, exitCode } = await runProject(vitest, { ...shared, ...readmeTests, 'test/users.test.ts': tests })
    expect(output).toMatch(shownText(textOf(blocks)))
    expect(exitCode).toBe(1)
  },
  'A first test': async blocks => {
    expect(commandsOf(blocks)).toEqual([`npm i -D ${manifest.name}`])
    expect(Object.keys(filesOf(blocks))).toEqual(['app.lua'])
  },
  Vitest: async (blocks, context) => {
    expect(commandsOf(blocks)).toEqual(['npx vitest'])
    await passingWith(2)(blocks, context)
  },
  Jest: async blocks => {
    const { 'app.lua': app = '' } = shared
    await passes(jest, { 'app.lua': app, ...filesOf(blocks), 'test/users.test.js': jestTests }, 2)
  },
}

const startTests = filesOf(blocksUnder('docs/getting-started.md', 'With Vitest'))
const startTestsOfJest = filesOf(blocksUnder('docs/getting-started.md', 'With Jest'))

const usersTest = (files: Record<string, string>, name: string): Record<string, string> => ({
  [name]: files[name] ?? '',
})

export const gettingStarted: PageChecks = {
  'Getting started': async blocks => {
    expect(commandsOf(blocks)).toEqual([`npm i -D ${manifest.name}`])
    expect(filesOf(blocks)).toEqual(filesOf(blocksUnder('README.md', 'A first test')))
  },
  'With Vitest': async (blocks, context) => {
    expect(commandsOf(blocks)).toEqual(['npx vitest'])
    await passingWith(1)(blocks, context)
  },
  'With Jest': async blocks => {
    expect(commandsOf(blocks)).toEqual(['npx jest'])
    const { 'app.lua': app = '' } = shared
    await passes(jest, { 'app.lua': app, ...filesOf(blocks) }, 1)
  },
  'Other ways to get the server in Vitest': passingWith(2),
  'Other setups for Vitest': passingWith(1, usersTest(startTests, 'test/users.test.ts')),
  'Other setups for Jest': async blocks => {
    const { 'app.lua': app = '' } = shared
    const tests = usersTest(startTestsOfJest, 'test/users.test.js')
    await passes(jest, { 'app.lua': app, ...tests, ...filesOf(blocks) }, 1)
  },
}

export const driver: PageChecks = {
  'Your driver': async (blocks, context) => {
    expect(commandsOf(blocks)).toEqual(['npm i tarantool-driver'])
    await passingWith(2)(blocks, context)
  },
  'With the handle': passingWith(1),
  "With isolation 'restart' or 'process'": passingWith(2),
}
