import { createHash } from 'node:crypto'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { defineConfig, type UserConfig } from 'tsdown'

const common: UserConfig = {
  platform: 'node',
  target: 'node20.19',
  dts: true,
  fixedExtension: false,
  logLevel: 'warn',
  // The types have the documentation.
  outputOptions: { comments: { jsdoc: false } },
  // The names of source files would be a twentieth of what a test file loads.
  inputOptions: { experimental: { attachDebugInfo: 'none' } },
}

interface ModuleGraph {
  getModuleInfo(id: string): { readonly isEntry: boolean; readonly importedIds: readonly string[] } | null
}

interface Chunk {
  readonly name: (id: string, graph: ModuleGraph) => string | null
}

/**
 * One file for some modules and all that they import, except for entries. Test files load it: Node takes longer to find and
 * read a file than to compile the code in it.
 */
function chunkOf(name: string, roots: readonly string[], mayBelong = (_id: string): boolean => true): Chunk {
  let members: Set<string> | undefined
  const collect = (graph: ModuleGraph): Set<string> => {
    const found = new Set(roots.map(root => resolve(root)))
    for (const id of found) for (const imported of graph.getModuleInfo(id)?.importedIds ?? []) found.add(imported)
    return found
  }
  return {
    name: (id, graph) => {
      members ??= collect(graph)
      return members.has(id) && mayBelong(id) && !graph.getModuleInfo(id)?.isEntry ? name : null
    },
  }
}

// The main process loads that file, too, and may have no Vitest.
const knowsNoRunner = (id: string): boolean => !id.startsWith(resolve('src/vitest'))

// A test's first request loads these modules.
const protocols: Chunk = chunkOf('protocols', ['src/protocol/protocols.ts'])

interface SyntaxNode {
  readonly type: string
  readonly start: number
  readonly end: number
}

// The places in texts that stand in the code, where white space counts.
function* templateElements(node: unknown): Generator<SyntaxNode> {
  if (typeof node !== 'object' || node === null) return
  if ((node as SyntaxNode).type === 'TemplateElement') yield node as SyntaxNode
  else for (const child of Object.values(node)) yield* templateElements(child)
}

// Indentation would be a twentieth of what a test file loads. Lines stay, for the traces of errors.
const withoutIndentation: UserConfig['plugins'] = {
  name: 'without-indentation',
  generateBundle(_, bundle) {
    for (const chunk of Object.values(bundle)) {
      if (chunk.type !== 'chunk' || !/test-file|protocols/.test(chunk.fileName)) continue
      const texts = [...templateElements(this.parse(chunk.code))]
      const isText = (at: number): boolean => texts.some(({ start, end }) => start <= at && at < end)
      chunk.code = chunk.code.replace(/^\t+/gm, (tabs, at: number) => (isText(at) ? tabs : ''))
    }
  },
}

const modules: UserConfig = {
  ...common,
  format: 'esm',
  plugins: withoutIndentation,
  outputOptions: {
    ...common.outputOptions,
    minifyInternalExports: false,
    codeSplitting: {
      groups: [
        chunkOf('test-file', ['src/vitest/index.ts', 'src/vitest/worker.ts'], knowsNoRunner),
        chunkOf('test-file-hooks', ['src/vitest/test-file-hooks.ts']),
        protocols,
      ],
    },
  },
  entry: {
    index: 'src/index.ts',
    values: 'src/values.ts',
    'instance/sync/worker': 'src/instance/sync/worker.ts',
    'link/worker': 'src/link/worker.ts',
    'cli/index': 'src/cli/index.ts',
    'vitest/index': 'src/vitest/index.ts',
    'vitest/worker': 'src/vitest/worker.ts',
    'vitest/setup': 'src/vitest/setup.ts',
    'vitest/plugin': 'src/vitest/plugin.ts',
    'vitest/plugin-setup': 'src/vitest/plugin-setup.ts',
    'jest/setup': 'src/jest/setup.ts',
    'jest/teardown': 'src/jest/teardown.ts',
  },
}

const getter =
  /^Object\.defineProperty\(exports, "(\w+)", \{\n\s*enumerable: true,\n\s*get: function\(\) \{\n\s*return \1;\n\s*\}\n\}\);$/gm

// A getter for each export of a shared file would be a tenth of what a test file loads. No such export changes later.
const plainExports: UserConfig['plugins'] = {
  name: 'plain-exports',
  generateBundle(_, bundle) {
    for (const chunk of Object.values(bundle)) {
      if (chunk.type === 'chunk' && !chunk.isEntry) chunk.code = chunk.code.replace(getter, 'exports.$1 = $1;')
    }
  },
}

// What Jest loads into its workers, and what tests import there. There is one copy of it, so that a test's classes and the
// hooks' are the same: for ES modules it only has another name.
const commonJs: UserConfig = {
  ...common,
  format: 'cjs',
  clean: false,
  outDir: 'dist/jest',
  plugins: [plainExports, withoutIndentation],
  // Jest cannot import() without a flag of Node's.
  outputOptions: {
    ...common.outputOptions,
    dynamicImportInCjs: false,
    codeSplitting: {
      groups: [chunkOf('test-file', ['src/jest/index.ts', 'src/jest/worker.ts', 'src/jest/hooks.ts']), protocols],
    },
  },
  entry: {
    index: 'src/jest/index.ts',
    values: 'src/values.ts',
    worker: 'src/jest/worker.ts',
    hooks: 'src/jest/hooks.ts',
    preset: 'src/jest/preset.ts',
    'es-module-only': 'src/jest/es-module-only.ts',
  },
  hooks: {
    'build:done': async () => {
      const text = "export * from './index.cjs'\n"
      await Promise.all(['js', 'd.ts'].map(extension => writeFile(`dist/jest/index.${extension}`, text)))
    },
  },
}

// The other entries for a CommonJS module: Node's require() loads the ES modules, but compilers believe it only of a module
// that says it is CommonJS. Under Jest's require(), which does not, index.ts and vitest/index.ts are es-module-only.cjs.
const commonJsFaces: UserConfig = {
  ...common,
  format: 'cjs',
  cjsDefault: false,
  clean: false,
  entry: {
    index: 'src/index.ts',
    'vitest/index': 'src/vitest/index.ts',
    'vitest/setup': 'src/vitest/setup.ts',
    'vitest/plugin': 'src/vitest/plugin.ts',
  },
  plugins: {
    name: 'faces-of-es-modules',
    generateBundle(_, bundle) {
      for (const [file, chunk] of Object.entries(bundle)) {
        if (chunk.type !== 'chunk' || !file.endsWith('.cjs')) continue
        if (chunk.isEntry && !file.endsWith('index.cjs')) chunk.code = faceOf(file, chunk.exports)
        else delete bundle[file]
      }
    },
  },
}

function faceOf(file: string, names: readonly string[]): string {
  return [
    "Object.defineProperty(exports, '__esModule', { value: true })",
    `const module_ = require('./${basename(file, '.cjs')}.js')`,
    ...names.map(name => `exports.${name} = module_.${name}`),
    '',
  ].join('\n')
}

// What Jest's main process requires, where import() works: a way into the ES modules.
const required: UserConfig = {
  ...common,
  format: 'cjs',
  clean: false,
  outDir: 'dist/jest',
  external: [/^\.\/(setup|teardown)\.js$/],
  // The setup has a default export and a named one, which Jest and TypeScript take as such.
  inputOptions: { ...common.inputOptions, checks: { mixedExports: false } },
  entry: {
    setup: 'src/jest/setup-required.ts',
    teardown: 'src/jest/teardown-required.ts',
  },
}

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

// The page of a report is one file. Its policy allows nothing but its own style and script.
const reportPage: UserConfig = {
  logLevel: 'warn',
  platform: 'browser',
  target: 'es2022',
  format: 'iife',
  clean: false,
  minify: true,
  dts: false,
  outDir: 'dist/report',
  outputOptions: { entryFileNames: 'page.js' },
  entry: { page: 'src/report/page/main.ts' },
  hooks: {
    'build:done': async () => {
      const [html, style, script] = await Promise.all(
        ['src/report/page/page.html', 'src/report/page/page.css', 'dist/report/page.js'].map(file =>
          readFile(file, 'utf8'),
        ),
      )
      const compact = (style ?? '').replaceAll(/\s+/g, ' ').replaceAll(/ ?([{};,]) ?/g, '$1')
      const parts: Readonly<Record<string, string>> = {
        policy: `default-src 'none'; style-src ${hashOf(compact)}; script-src ${hashOf(script ?? '')}; img-src data:`,
        style: compact,
        script: script ?? '',
      }
      const page = (html ?? '').replaceAll(/\{\{(\w+)\}\}/g, (tag, name: string) => parts[name] ?? tag)
      await writeFile('dist/report/page.html', page)
      await rm('dist/report/page.js')
    },
  },
}

const config: UserConfig[] = defineConfig([modules, commonJs, commonJsFaces, required, reportPage]) as UserConfig[]

export default config
