import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { repository } from '../support/npm.ts'
import { temporaryDirectory } from './packed.ts'

const generated = temporaryDirectory()

function filesIn(directory: string): Record<string, string> {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort()
  const files = names.filter(name => statSync(join(directory, name)).isFile())
  return Object.fromEntries(files.map(name => [name, readFileSync(join(directory, name), 'utf8')]))
}

test('docs/api is what the doc comments say; npm run docs writes it anew', async () => {
  // Also fails where what is exported speaks of what is not.
  await execa('npx', ['typedoc', '--out', generated], { cwd: repository })
  expect(filesIn(join(repository, 'docs', 'api'))).toEqual(filesIn(generated))
})
