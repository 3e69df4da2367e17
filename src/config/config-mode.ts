/** The part of an instance in a template: to make it from the data, or to compare the data with it. */
export interface TemplateDuty {
  readonly duty: 'make' | 'try'
  /** The user whose password differs from cluster to cluster. */
  readonly ignorePasswordOf: string | undefined
}

/** The terms of an instance that Tarantool 3 starts from a config: one instance of a cluster. */
export interface ConfigMode {
  /** The instance's name in the config. */
  readonly name: string
  /** The path of the config, with the addresses and directories of this cluster. */
  readonly configFile: string
  /** The instance's own directory. */
  readonly directory: string
  /** The application's directory, from which relative paths of the config start. */
  readonly appDir: string
  /** The path of the socket on which the other instances reach this instance. */
  readonly peerSocket: string
  /** The path of the socket behind the link of the address for tests. */
  readonly serverSocket: string
  /** The path of the console's socket that only the fixture uses. */
  readonly agentSocket: string
  /** The other instances of the replica set that run, and replicate with this instance. Asked at each start. */
  readonly peers: () => readonly string[]
  /** The UUID that the instance has to begin with again. Asked at each start. Undefined: the config or Tarantool chooses it. */
  readonly uuid: () => string | undefined
  /** True if not all other instances of the replica set run and can be reached. Asked at each start. */
  readonly lacksPeers: () => boolean
  /** True if this instance may find no leader that is elected. Asked at each start. */
  readonly mayLackLeader: () => boolean
  /** Only this instance knows of the replication. */
  readonly isAnonymous: boolean
  /** The instance is a router of vshard. */
  readonly isRouter: boolean
  /** Lua that has to return a true value before the instance counts as ready. */
  readonly ready: string | undefined
  /** The instance's part in a template of the cluster. Asked at each start. */
  readonly templateDuty: () => TemplateDuty | undefined
}
