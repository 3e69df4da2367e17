import { defineConfig, type UserConfig } from 'tsdown'

const config: UserConfig = defineConfig({
  // One build, so that all entries share one copy of each class.
  entry: {
    index: 'src/index.ts',
    'vitest/index': 'src/vitest/index.ts',
    'vitest/worker': 'src/vitest/worker.ts',
    'vitest/setup': 'src/vitest/setup.ts',
    'vitest/plugin': 'src/vitest/plugin.ts',
    'vitest/plugin-setup': 'src/vitest/plugin-setup.ts',
  },
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  dts: true,
  fixedExtension: false,
}) as UserConfig

export default config
