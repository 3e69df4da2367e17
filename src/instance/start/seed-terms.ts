import { basename } from 'node:path'
import type { ResolvedOptions } from '../../config/resolve.ts'

/** True if an instance takes part in replication. Servers with the same uuid cannot replicate. */
export function isReplicated(options: ResolvedOptions, source: string | readonly string[] | undefined): boolean {
  if (source !== undefined) return true
  if (options.boxCfg.replication !== undefined || options.boxCfg.replication_source !== undefined) return true
  return /\breplication(?:_source)?\s*=/.test(options.extraBoxCfg ?? '')
}

/** The name of an instance's seed in a list of templates. */
export function nameOfSeed({ seedLua, seed }: ResolvedOptions): string {
  const lua = seedLua ? ['file' in seedLua ? basename(seedLua.file) : 'seedLua'] : []
  return [...lua, ...seed.map(source => ('file' in source ? basename(source.file) : source.name))].join(', ')
}
