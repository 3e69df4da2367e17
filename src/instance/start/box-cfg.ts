import type { BoxCfgValue } from '../../config/options.ts'
import { type ResolvedOptions, walModeOf } from '../../config/resolve.ts'
import { InvalidOptionError } from '../../errors.ts'

/** What the named options make of box.cfg. boot.lua lays extraBoxCfg and boxCfg over it and knows the renamed options. */
export function namedBoxCfg(
  options: ResolvedOptions,
  at: { listen: string; title: string; workDir: string; replicationSource: string | readonly string[] | undefined },
): Record<string, BoxCfgValue> {
  return {
    listen: at.listen,
    custom_proc_title: at.title,
    memtx_memory: options.memtxMemory,
    wal_mode: walModeOf(options, at.replicationSource),
    log_level: options.logLevel,
    work_dir: options.specifyWorkDir ? at.workDir : undefined,
    replication: at.replicationSource,
  }
}

/** The options that 1.7.4 renamed. Both names of one value are an error to box.cfg. */
export const renamedOptions: Readonly<Record<string, string>> = {
  logger: 'log',
  logger_nonblock: 'log_nonblock',
  panic_on_snap_error: 'force_recovery',
  panic_on_wal_error: 'force_recovery',
  replication_source: 'replication',
  rows_per_wal: 'wal_max_rows',
  slab_alloc_arena: 'memtx_memory',
  slab_alloc_minimal: 'memtx_min_tuple_size',
  slab_alloc_maximal: 'memtx_max_tuple_size',
  snap_dir: 'memtx_dir',
  snapshot_count: 'checkpoint_count',
  snapshot_period: 'checkpoint_interval',
}

/**
 * Refuses a boxCfg that has one value under its old and its new name, which box.cfg would refuse less clearly.
 *
 * @throws InvalidOptionError
 */
export function checkBoxCfg(boxCfg: Readonly<Record<string, BoxCfgValue>>): void {
  for (const [old, current] of Object.entries(renamedOptions)) {
    if (boxCfg[old] !== undefined && boxCfg[current] !== undefined) {
      throw new InvalidOptionError(`option 'boxCfg' has both '${old}' and '${current}', two names of one value`, {
        hint: `Keep '${current}'.`,
      })
    }
  }
}
