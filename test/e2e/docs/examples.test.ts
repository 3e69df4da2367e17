import { cpSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import { skipWithout } from '../../support/features.ts'
import { repository } from '../../support/npm.ts'
import { Project } from '../support/project.ts'
import { jests, vitests } from '../support/runners.ts'

const runnerOf = {
  vitest: 'vitest-4.1',
  'vitest-plugin': 'vitest-4.1',
  'own-box-cfg': 'vitest-4.1',
  cluster: 'vitest-4.1',
  'replica-set': 'vitest-4.1',
  jest: 'jest-30',
}

// In a clone they use what was built there; here they are a user's projects, with what npm would install.
test.for(Object.entries(runnerOf))('examples/%s passes with the packed package', async ([example, name], context) => {
  if (example === 'cluster') skipWithout('a config file', context)
  const runner = [...vitests, ...jests].find(one => one.name === name)
  if (!runner) throw new Error(`no ${name}`)
  const project = new Project(runner, {})
  cpSync(join(repository, 'examples'), join(project.directory, 'examples'), {
    recursive: true,
    filter: path => basename(path) !== 'node_modules',
  })
  const { exitCode, output } = await project.run(undefined, { at: join('examples', example) })
  expect(exitCode, output).toBe(0)
  expect(project.servers()).toEqual([])
  expect(project.leftBehind()).toEqual([])
})
