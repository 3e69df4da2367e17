/** A Tarantool that can be run. */
export interface Binary {
  /** Absolute. */
  readonly path: string
  /** Variables that its process needs in the environment: the library path of an installed copy. Mostly empty. */
  readonly env: Readonly<Record<string, string>>
  /** Where it was found. */
  readonly source: 'commandToRun' | 'TARANTOOL_BIN' | 'PATH' | 'cache' | 'installed'
  /** The version that an installed copy reported when it was made. Absent if the program was not installed by us. */
  readonly version?: string
}
