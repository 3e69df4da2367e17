import type { BoxCfgValue } from '../../config/options.ts'
import { type OptionsWithAccount, walModeOf } from '../../config/resolve.ts'

/**
 * The options of box.cfg that follow from the named options. boot.lua lays extraBoxCfg and boxCfg over them, and knows
 * the renamed options.
 */
export function namedBoxCfg(
  options: OptionsWithAccount,
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
