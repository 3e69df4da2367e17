import { readFileSync } from 'node:fs'
import { checkPackage, createPackageFromTarballData, type Problem } from '@arethetypeswrong/core'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { expect, test } from 'vitest'
import { packPackage } from './packed.ts'

const { tarball } = await packPackage()

test('publint finds nothing', async () => {
  const { buffer } = Uint8Array.from(readFileSync(tarball))
  const { messages, pkg } = await publint({ pkgDir: 'package', pack: { tarball: buffer }, strict: true })
  expect(messages.map(message => formatMessage(message, pkg, { color: false }))).toEqual([])
})

test('are the types wrong? No, in any module resolution', async () => {
  // Files that a config of Jest's names: no program of TypeScript's imports them.
  const excludeEntrypoints = ['./jest/worker', './jest-preset']
  const result = await checkPackage(createPackageFromTarballData(readFileSync(tarball)), { excludeEntrypoints })
  const problems: readonly Problem[] = result.types ? result.problems : []
  expect(result.types).toMatchObject({ kind: 'included' })
  expect(problems).toEqual([])
})
