/** A start of a server's process that has ended. */
export interface ObservedStart {
  /** The server's name in messages. */
  readonly instance: string
  /** When the start began, in milliseconds since 1970. */
  readonly at: number
  /** In milliseconds. */
  readonly took: number
  /** The process waits with its application loaded, until it replaces another one. */
  readonly isSpare: boolean
  readonly pid?: number | undefined
  readonly version?: string | undefined
  /** The time that the seed took in milliseconds; undefined if it did not run. */
  readonly seedTook?: number | undefined
  /** The reason why the start failed. */
  readonly error?: string | undefined
}

/** The end of a server's process that nobody asked for. */
export interface ObservedDeath {
  readonly instance: string
  /** In milliseconds since 1970. */
  readonly at: number
  readonly exitCode?: number | undefined
  readonly signal?: string | undefined
}

/** Is told about the processes of a server. */
export interface ProcessObserver {
  started(start: ObservedStart): void
  died(death: ObservedDeath): void
}
