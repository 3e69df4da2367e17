import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { repository } from './npm.ts'

export type LoadingRunner = 'vitest' | 'jest'

/** The built files that a runner loads for each test file, besides the files that these import. */
const entries: Readonly<Record<LoadingRunner, readonly string[]>> = {
  vitest: ['vitest/index.js', 'vitest/worker.js'],
  jest: ['jest/index.cjs', 'jest/worker.cjs', 'jest/hooks.cjs'],
}

// An `import()` or `require()` within a function is a module that is loaded on first use.
const atOnce = /^(?:(?:import|export)\b[^'"\n]*|(?:const \w+ = )?require\()["']([^'"]+)["']/gm

/** All that a test file with this package loads at once: the sizes in bytes of the built files, and the other modules. */
export function loadedBy(runner: LoadingRunner): { files: Map<string, number>; modules: Set<string> } {
  const files = new Map<string, number>()
  const modules = new Set<string>()
  const follow = (file: string): void => {
    if (files.has(file)) return
    const text = readFileSync(file, 'utf8')
    files.set(file, Buffer.byteLength(text))
    for (const [, name = ''] of text.matchAll(atOnce)) {
      if (name.startsWith('.')) follow(resolve(dirname(file), name))
      else modules.add(name)
    }
  }
  for (const entry of entries[runner]) follow(join(repository, 'dist', entry))
  return { files, modules }
}

/** The sum of the files' sizes, in kB. */
export const kilobytesOf = (files: ReadonlyMap<string, number>): number =>
  [...files.values()].reduce((sum, size) => sum + size, 0) / 1000
