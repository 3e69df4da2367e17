/** A Tarantool that can be run. */
export interface Binary {
  /** The absolute path. */
  readonly path: string
  /** Variables that the process needs in its environment: the library path of an installed copy. Often empty. */
  readonly env: Readonly<Record<string, string>>
  /** The source in which the program was found. */
  readonly source: 'commandToRun' | 'TARANTOOL_BIN' | 'PATH' | 'cache' | 'installed'
  /**
   * The version that an installed copy reported when it was made. Absent if the fixture did not install the program.
   */
  readonly version?: string
}
