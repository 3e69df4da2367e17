import { writeFile } from 'node:fs/promises'
import { defineConfig, type UserConfig } from 'tsdown'

const common: UserConfig = {
  platform: 'node',
  target: 'node20.19',
  dts: true,
  fixedExtension: false,
  logLevel: 'warn',
}

const modules: UserConfig = {
  ...common,
  format: 'esm',
  entry: {
    index: 'src/index.ts',
    'instance/sync/worker': 'src/instance/sync/worker.ts',
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

// What Jest loads into its workers, and what tests import there. There is one copy of it, so that a test's classes and the
// hooks' are the same: for ES modules it only has another name.
const commonJs: UserConfig = {
  ...common,
  format: 'cjs',
  clean: false,
  outDir: 'dist/jest',
  // Jest cannot import() without a flag of Node's.
  outputOptions: { dynamicImportInCjs: false },
  entry: {
    index: 'src/jest/index.ts',
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

// What Jest's main process requires, where import() works: a way into the ES modules.
const required: UserConfig = {
  ...common,
  format: 'cjs',
  clean: false,
  outDir: 'dist/jest',
  external: [/^\.\/(setup|teardown)\.js$/],
  // The setup has a default export and a named one, which Jest and TypeScript take as such.
  inputOptions: { checks: { mixedExports: false } },
  entry: {
    setup: 'src/jest/setup-required.ts',
    teardown: 'src/jest/teardown-required.ts',
  },
}

const config: UserConfig[] = defineConfig([modules, commonJs, required]) as UserConfig[]

export default config
