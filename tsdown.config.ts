import { defineConfig, type UserConfig } from 'tsdown'

const config: UserConfig = defineConfig({
  entry: ['src/index.ts'],
  format: 'esm',
  // One output file per source file: the Lua in fixtures/ stands at the same relative path from src/ and from dist/.
  unbundle: true,
  platform: 'node',
  target: 'node20.19',
  dts: true,
  fixedExtension: false,
}) as UserConfig

export default config
