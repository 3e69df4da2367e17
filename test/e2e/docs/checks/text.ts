import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { repository } from '../../../support/npm.ts'
import type { CodeBlock } from '../../support/code-blocks.ts'
import { type Check, manifest } from './projects.ts'

const escaped = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')

/**
 * What a page shows of a terminal, as an expression: `…` stands for any text. Addresses, times and process ids of the page
 * stand for any other.
 */
export function shownText({ text }: CodeBlock): RegExp {
  const pattern = escaped(text.trim())
    .replaceAll('…', '[\\s\\S]*?')
    .replaceAll(/127\\\.0\\\.0\\\.1:\d+/g, '127\\.0\\.0\\.1:\\d+')
    .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\\\.\d{3} \\\[\d+\\\] main\/\S+/g, '\\S+ \\S+ \\[\\d+\\] main/\\S+')
    .replaceAll('/project/', '\\S*?/')
    .replaceAll(/ *\n/g, ' *\\n')
  return new RegExp(pattern)
}

/** The commands of shell blocks, without the comments behind them. */
export function commandsOf(blocks: readonly CodeBlock[]): string[] {
  return blocks
    .filter(({ language }) => language === 'sh')
    .flatMap(({ text }) => text.trim().split('\n'))
    .map(line => line.replace(/ +#.*$/, ''))
}

/** Checks commands of a clone, which take too long to be run here: the scripts and files that they name exist. */
export const commandsOfClone: Check = async blocks => {
  const commands = commandsOf(blocks).flatMap(line => line.split(' && '))
  expect(commands).not.toEqual([])
  for (const command of commands) {
    const [, script] = /^npm (?:run )?(\S+)/.exec(command.replace(/^(\w+=\S+ )+/, '')) ?? []
    if (script && script !== 'ci') expect(Object.keys(manifest.scripts), command).toContain(script)
    for (const [path] of command.matchAll(/(?:test|examples)\/\S+/g)) {
      expect(existsSync(join(repository, path)), path).toBe(true)
    }
  }
}
