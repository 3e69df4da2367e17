import { defineConfig } from 'tsdown'

export default defineConfig({
  entry: ['src/index.ts'],
  format: 'esm',
  // One output file per source file: the Lua in fixtures/ stands at the same relative path from src/ and from dist/.
  unbundle: true,
  platform: 'node',
  target: 'node20.19',
  dts: true,
  sourcemap: false,
})
