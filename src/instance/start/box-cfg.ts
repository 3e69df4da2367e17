import type { BoxCfgValue } from '../../config/options.ts'
import { logLevelOf, memtxMemoryOf, type OptionsWithAccount, walModeOf } from '../../config/resolve.ts'
import type { Membership } from './membership.ts'

type BoxCfg = Readonly<Record<string, BoxCfgValue>>

/**
 * The options of box.cfg in layers. A later layer wins. The options of the application's own box.cfg come after
 * `defaults`, and those of extraBoxCfg after `named`. fixtures/boot/box-cfg.lua puts the layers together, and knows the
 * renamed options.
 */
export interface BoxCfgLayers {
  /** Defaults of the fixture's options. */
  readonly defaults: BoxCfg
  /** The values that the fixture needs, and those of options that the user named. */
  readonly named: BoxCfg
  /** The option `boxCfg`. */
  readonly last: BoxCfg
}

/** Makes the layers from the options. */
export function boxCfgLayers(
  options: OptionsWithAccount,
  at: {
    listen: string | readonly string[]
    title: string
    workDir: string
    replicationSource: string | readonly string[] | undefined
    /** Set for a member of a replica set. */
    membership: Membership | undefined
  },
): BoxCfgLayers {
  return {
    defaults: {
      memtx_memory: memtxMemoryOf(options),
      wal_mode: walModeOf(options, at.replicationSource),
      log_level: logLevelOf(options),
      ...at.membership?.defaults,
    },
    named: {
      listen: at.listen,
      custom_proc_title: at.title,
      work_dir: options.specifyWorkDir ? at.workDir : undefined,
      replication: at.replicationSource,
      ...at.membership?.boxCfg,
      memtx_memory: options.memtxMemory,
      wal_mode: options.walMode,
      log_level: options.logLevel,
    },
    last: options.boxCfg,
  }
}
