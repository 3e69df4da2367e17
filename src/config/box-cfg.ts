import { InvalidOptionError } from '../errors.ts'
import type { BoxCfgValue } from './options.ts'

/** The options of box.cfg that the fixture sets itself. The value is the advice to the user. */
export const ownOptions: Readonly<Record<string, string>> = {
  listen: 'use host and port',
  background: 'leave it out',
  log: 'leave it out; the server logs to its logFile, and the option logger gets each line',
  logger: 'leave it out; the server logs to its logFile, and the option logger gets each line',
}

/** The options that 1.7.4 renamed. box.cfg refuses a value that is given under both names. */
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
 * Refuses a boxCfg that names an option by its old and its new name. The error of box.cfg would be less clear.
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
