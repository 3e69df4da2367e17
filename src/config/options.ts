/** User and password of the account that a test talks to the server with. */
export interface Credentials {
  /** The user's name; the server makes it where there is none. */
  user: string
  /** The password, in the clear. */
  password: string
}

/**
 * When an instance's directory stays on disk after the server has gone: never, only after a failed start or a crash, or
 * always.
 */
export type Keep = 'never' | 'on-failure' | 'always'

/** Gets each line that the server logs, as it is written. */
export type Logger = (line: string) => void

/** A value of `boxCfg`, rendered as a Lua literal. */
export type BoxCfgValue =
  | string
  | number
  | bigint
  | boolean
  | undefined
  | readonly BoxCfgValue[]
  | { readonly [name: string]: BoxCfgValue }

/** The container that a server runs in. */
export interface DockerOptions {
  /** Default `'tarantool/tarantool'`. It is pulled where the engine does not have it. */
  image?: string | undefined
  /** Default: the option `version`, else `'3.8'`; none for an image that is named with its tag or digest. */
  tag?: string | undefined
  /** `'docker'`, `'podman'`, or the path of a program that takes Docker's command line. Default `'docker'`. */
  engine?: string | undefined
  /** Whom the server runs as; that user has to be able to write the instance's directory. Default: you. */
  user?: string | undefined
  /** Further arguments of `docker run`, before the image: `['--network', 'shop', '--memory', '1g']`. */
  args?: readonly string[] | undefined
}

/** A row of a seed: a tuple, or an object by the names of the space's format. */
export type SeedRow = readonly unknown[] | { readonly [field: string]: unknown }

/** Rows by the name of their space. */
export interface SeedRows {
  readonly [space: string]: readonly SeedRow[]
}

/**
 * What an instance is made from. Names and defaults are those of Python's `asynctnt.instance`, in camelCase, unless an
 * option says otherwise.
 */
export interface InstanceOptions {
  /** Address to listen on; `'unix/'` makes `port` the path of a unix socket. Default `'127.0.0.1'`. */
  host?: string | undefined
  /**
   * Port to listen on, or a socket path with `host: 'unix/'`. Default: a free port (asynctnt: 3301), or a socket in the
   * instance's directory with `host: 'unix/'`. The fixture takes the free port from outside the system's ephemeral range
   * and reserves it among your processes. If another process takes the port before the server first binds it, the fixture
   * chooses another port. A later start waits up to `timeout` for a port that another process has taken.
   */
  port?: number | string | undefined
  /** Address of the console; `'unix/'` makes `consolePort` a socket path. Default `'unix/'` (asynctnt: `host`). */
  consoleHost?: string | undefined
  /** Port or socket path of the console. Default: a socket in the instance's directory, which only you can reach. */
  consolePort?: number | string | undefined
  /**
   * Where to replicate from: one URI or several, the `uri` of other instances. Can be set between starts, too. What is
   * replicated from needs `walMode: 'write'`. Default: none.
   *
   * A server with data of its own that finds no source at a restart is ready as an orphan, read-only, after half of
   * `timeout` (or `boxCfg.replication_connect_timeout`, which is in seconds): `status()` says so.
   */
  replicationSource?: string | readonly string[] | undefined
  /** `custom_proc_title`. Default `tnt[host:port]`. */
  title?: string | undefined
  /** Called with each line of the server's log; what it throws becomes a warning of Node's. Default: none. */
  logger?: Logger | undefined
  /** `log_level`, 0 (fatal) to 7 (debug). Default 5 (info). */
  logLevel?: number | undefined
  /** Memory for memtx in GB; not together with `memtxMemory`. Default 0.1. */
  slabAllocArena?: number | undefined
  /** Memory for memtx in bytes (`memtx_memory`). */
  memtxMemory?: number | undefined
  /**
   * `wal_mode`. Default `'none'`: fast, nothing survives a restart; vinyl refuses DDL, nobody can replicate from it. With a
   * `replicationSource` the default is `'write'`.
   */
  walMode?: 'none' | 'write' | 'fsync' | undefined
  /**
   * Directory in which the instance makes its own directory. If other users can write to the root, as to /tmp, the
   * fixture makes the directory in `tnt-<uid>`, which only you can enter. The fixture does not use a root that other
   * users could replace, and logs a line that says so. Default: the system's temporary directory, or /tmp if socket paths
   * would get too long there.
   */
  root?: string | undefined
  /** Whether `box.cfg.work_dir` is set to the instance's directory. It is the working directory either way. Default true. */
  specifyWorkDir?: boolean | undefined
  /** `false` is the same as `keep: 'always'`. Default true. */
  cleanup?: boolean | undefined
  /** When the instance's directory stays after the server has gone. Default `'never'`. */
  keep?: Keep | undefined
  /**
   * The init script, or the path of a `.lua` file that holds it: Mustache with the tags `<% value as Lua literal %>`,
   * `<%& raw text %>`, sections `<%# name %>…<%/ name %>` and `<%^ name %>…<%/ name %>`. The names: host, port, listen,
   * boxCfg, title, memtxMemory, slabAllocArena, walMode, logLevel, workDir, replicationSource, extraBoxCfg, user, password,
   * appLua. Default: `fixtures/init.lua` of this package.
   */
  initLuaTemplate?: string | undefined
  /** The application: Lua source, or the path of a `.lua` file. It runs after `box.cfg`. Default: none. */
  appLua?: string | undefined
  /**
   * Directory whose Lua modules (and those of its `.rocks`) the application may `require`. Default: the one that `appLua`
   * stands in, where that is a path.
   */
  appDir?: string | undefined
  /**
   * Lua that fills the database: source, or the path of a `.lua` file. It runs after `appLua`, when the database is new:
   * not at a start with `recreate: false` that finds its data again, and not for a server that starts from a template,
   * which has the data already. Default: none.
   */
  seedLua?: string | undefined
  /**
   * Rows without Lua, inserted after `seedLua` has run: an object of rows by space, the path of a file, or a list of these.
   * A `.json` file holds such an object, or a list of rows of the space that it is named after; a `.ndjson` (or `.jsonl`)
   * file one row a line of the space that it is named after. A row is a tuple, or an object by the names of the space's
   * format. A text becomes what the format says: a decimal, a uuid, a datetime. In code, a row may also hold bigint,
   * Uint8Array, Date, Decimal, Uuid, Datetime and Interval. Default: none.
   *
   * A row that does not fit is a SeedError with its file, line and field.
   *
   * @example { users: [{ id: 1, name: 'ann' }, [2, 'bob']] }
   * @example ['./seed/users.ndjson', './seed/orders.json']
   */
  seed?: string | SeedRows | readonly (string | SeedRows)[] | undefined
  /**
   * Whether the seeded data is kept in the cache as a template, which further servers start from, in this run and in later
   * ones: they run `appLua` and no seed. `false` for a seed that is to run at each start, since it depends on the time or
   * on another server. Default true.
   */
  seedTemplate?: boolean | undefined
  /** Lua text between the braces of `box.cfg{…}`: `"too_long_threshold = 0.5"`. Wins over the named options. */
  extraBoxCfg?: string | undefined
  /** How long the server may take until it is ready, from the start of its process, in milliseconds. Default 5000, in a container 30000. */
  timeout?: number | undefined
  /** How long a stop waits between SIGTERM and SIGKILL, in milliseconds. Default 5000. */
  stopTimeout?: number | undefined
  /**
   * The version of Tarantool to run: a series (`'3'`), a minor version (`'2.11'`), a release (`'3.8.0'`) or `'latest'`.
   * TARANTOOL_BIN and PATH count if they fit; else the vendor's release is taken from the cache, or downloaded into it as
   * any user. A `commandToRun` has to be of that version. With `docker` it is the image's tag. Default:
   * TARANTOOL_FIXTURE_VERSION; without it, any Tarantool of the machine, else the newest release of series 3.
   */
  version?: string | undefined
  /**
   * Says nothing about which Tarantool is used and how its download goes. Default false: one line in each run, unless it is
   * the `tarantool` on PATH, and the progress of a download.
   */
  quiet?: boolean | undefined
  /** The Tarantool to run: a path, or a name on PATH. Default: TARANTOOL_BIN, PATH, the cache, a release of the vendor's. */
  commandToRun?: string | undefined
  /**
   * Runs the server in a container: `{}` for Tarantool's own image. Its port (and that of a console on TCP) is published on
   * 127.0.0.1 only; its directory, `appDir` and the seed's files are mounted at their own paths. Default: none.
   *
   * @example { image: 'registry.example/tarantool', tag: '2.11' }
   */
  docker?: DockerOptions | undefined
  /** Arguments before the init script, for a `commandToRun` that is a wrapper: `['-u', 'tarantool', 'tarantool']`. */
  commandArgs?: readonly string[] | undefined
  /**
   * Options of `box.cfg` by Tarantool's own names; they override all other options. `listen`, `background` and `log`
   * cannot be set: a test's server listens on `host` and `port`, and logs to its `logFile`. `log_format: 'json'` is
   * allowed.
   */
  boxCfg?: { readonly [name: string]: BoxCfgValue } | undefined
  /**
   * Environment variables for the server. The owner's own are passed on, but for TT_*, which would configure it; not into a
   * container.
   */
  env?: { readonly [name: string]: string } | undefined
  /**
   * An account with the role `super`; guest then has no rights. `'random'` makes one up. Default: none, and guest has the
   * role `super`, unless the server cannot tell users apart: see `access` (asynctnt: read, write, execute).
   */
  credentials?: Credentials | 'random' | undefined
  /**
   * Other users of the machine who can connect over TCP. A list of user ids admits services that run as other users;
   * `'any'` admits everybody. Default: only you and root.
   *
   * On Linux, a server on 127.0.0.1, ::1 or localhost asks the kernel who owns a connection. It refuses other users
   * before they can authenticate. A server cannot ask in a container, on another address, on macOS, or in a sandbox that
   * forbids netlink. Such a server has an account with a random password, unless `credentials` name an account, and the
   * fixture gives guest no rights.
   *
   * @example { uids: [1001] }
   */
  access?: 'any' | { readonly uids: readonly number[] } | undefined
  /**
   * Lets `reset()` bring the server back to how it was when its application had been loaded, at the price of what was
   * changed since: triggers keep the old version of each row that is touched. Default false. A read-only replica has its
   * master's data, and records none: a reset of the master reaches it.
   */
  recordChanges?: boolean | undefined
}
