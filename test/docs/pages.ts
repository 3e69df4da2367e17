import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { repository } from '../support/npm.ts'

/** All pages of the repository, relative to it. */
export const pages: readonly string[] = execFileSync(
  'git',
  ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'],
  { cwd: repository, encoding: 'utf8' },
)
  .trim()
  .split('\n')

/** The pages that people write: the reference is generated. */
export const writtenPages: readonly string[] = pages.filter(page => !page.startsWith('docs/api/'))

export const textOf = (page: string): string => readFileSync(join(repository, page), 'utf8')

/** The text of a page without its code blocks. */
export const proseOf = (page: string): string => textOf(page).replaceAll(/^```[\s\S]*?^```$/gm, '')
