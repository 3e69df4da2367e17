import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { repository } from '../../support/npm.ts'
import { codeBlocksOf } from '../support/code-blocks.ts'
import { type Compiler, compile, compilers } from '../support/compilers.ts'
import { Project } from '../support/project.ts'
import { type Runner, vitests } from '../support/runners.ts'

const pages = readdirSync(join(repository, 'docs/api'), { recursive: true, encoding: 'utf8' }).filter(
  page => page.endsWith('.md') && page !== 'README.md',
)

// What an entry exports has a heading of its own.
const namesOf = (page: string): string[] =>
  [...readFileSync(join(repository, 'docs/api', page), 'utf8').matchAll(/^### (\w+)/gm)].map(([, name = '']) => name)

/** An example as a module: it has what it uses of the entry that it stands with, and what a reader takes for granted. */
function moduleOf(text: string, entry: string, names: readonly string[]): string {
  const uses = (name: string): boolean => new RegExp(`\\b${name}\\b`).test(text)
  const declares = (name: string): boolean => new RegExp(`(const|let|import \\{) ${name}\\b`).test(text)
  const missing = (name: string): boolean => uses(name) && !declares(name)
  const imported = names.filter(name => name !== 'default' && missing(name))
  const blocking = !text.includes('await') && !text.includes('useTarantool')
  return [
    `import { ${imported.join(', ')} } from '${entry}'`,
    missing('afterEach') ? "import { afterEach } from 'vitest'" : '',
    missing('defineConfig') ? "import { defineConfig } from 'vitest/config'" : '',
    missing('tarantool') && !imported.includes('tarantool')
      ? `declare const tarantool: import('tarantool-fixture').${blocking ? 'TarantoolSyncInstance' : 'TarantoolInstance'}`
      : '',
    missing('instance') ? "declare const instance: import('tarantool-fixture').TarantoolInstance" : '',
    text,
    'export {}',
  ].join('\n')
}

test('the examples of the reference compile, each where it stands', async () => {
  const files: Record<string, string> = {}
  for (const page of pages) {
    const names = namesOf(page)
    const blocks = [...codeBlocksOf(`docs/api/${page}`).values()].flat().filter(({ language }) => language === 'ts')
    for (const [index, { text }] of blocks.entries()) {
      files[`${page.replace('.md', '').replaceAll('/', '-')}-${index}.ts`] = moduleOf(
        text,
        page.replace('.md', ''),
        names,
      )
    }
  }
  expect(Object.keys(files).length).toBeGreaterThan(25)
  const project = new Project(vitests[1] as Runner, {
    ...files,
    'package.json': '{ "private": true, "type": "module" }',
    'tsconfig.json': JSON.stringify({
      compilerOptions: {
        module: 'nodenext',
        target: 'es2023',
        lib: ['es2023', 'esnext.disposable', 'dom'],
        types: ['node'],
        typeRoots: [join(repository, 'node_modules', '@types')],
        strict: true,
        noEmit: true,
        skipLibCheck: true,
      },
    }),
  })
  expect(await compile(compilers.at(-1) as Compiler, project.directory)).toBe('')
})
