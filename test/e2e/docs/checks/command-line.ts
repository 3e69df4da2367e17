import { join } from 'node:path'
import { execa } from 'execa'
import { expect } from 'vitest'
import { repository } from '../../../support/npm.ts'
import type { Check, PageChecks } from './projects.ts'
import { commandsOf } from './text.ts'

// The commands need servers that run, or directories that were kept: test/cli runs them. Here their names and options are
// compared with what the program knows.
const isKnown: Check = async blocks => {
  for (const command of commandsOf(blocks)) {
    const [, rest = ''] = command.split('npx tarantool-fixture ')
    const [name = '', ...args] = rest.split(' ')
    const { stdout } = await execa('node', [join(repository, 'dist/cli/index.js'), name, '--help'])
    expect(stdout).toContain(`Usage: tarantool-fixture ${name}`)
    for (const option of args.filter(arg => /^--?[a-z]/.test(arg)))
      expect(stdout).toMatch(new RegExp(`(^|[ ,])${option}\\b`, 'm'))
  }
}

export const commandLine: PageChecks = { start: isKnown, console: isKnown, ps: isKnown, open: isKnown }
