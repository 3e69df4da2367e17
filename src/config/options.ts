/** User and password of the account with which a test connects to the server. */
export interface Credentials {
  /** The user's name. The server creates a user that does not exist. */
  user: string
  /** The password, as plain text. */
  password: string
}

/**
 * When an instance's directory stays on disk after the server has ended: never, only after a failed start or a crash,
 * or always.
 */
export type Keep = 'never' | 'on-failure' | 'always'

/** Receives each line that the server logs, as soon as the server has written it. */
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

/** The container in which a server runs. */
export interface DockerOptions {
  /** The image. Default `'tarantool/tarantool'`. An image that the engine does not have is pulled. */
  image?: string | undefined
  /**
   * The image's tag. Default: the option `version`, else `'3.8'`. An image that is named with its tag or digest has no
   * default.
   */
  tag?: string | undefined
  /** `'docker'`, `'podman'`, or the path of a program that takes Docker's command line. Default `'docker'`. */
  engine?: string | undefined
  /** The user that the server runs as. The user must be able to write to the instance's directory. Default: you. */
  user?: string | undefined
  /** Further arguments of `docker run`, before the image: `['--network', 'shop', '--memory', '1g']`. */
  args?: readonly string[] | undefined
}

/** A row of a seed: a tuple, or an object whose keys are the names of the space's format. */
export type SeedRow = readonly unknown[] | { readonly [field: string]: unknown }

/** Rows, by the name of their space. */
export interface SeedRows {
  readonly [space: string]: readonly SeedRow[]
}

/**
 * The options of an instance. Names and defaults are those of Python's `asynctnt.instance`, in camelCase, unless an
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
  /**
   * Names of further ports that the application binds: `['http', 'metrics']`. Each server has a free port of its own for
   * each name. The application reads it from TARANTOOL_HTTP_PORT, a test from `tarantool.ports.http`. A server that
   * replaces another has the same ports. Default: none.
   */
  ports?: readonly string[] | undefined
  /** Address of the console; `'unix/'` makes `consolePort` a socket path. Default `'unix/'` (asynctnt: `host`). */
  consoleHost?: string | undefined
  /** Port or socket path of the console. Default: a socket in the instance's directory, which only you can reach. */
  consolePort?: number | string | undefined
  /**
   * The sources of replication: one URI or several, the `uri` of other instances. The option can change between two
   * starts. A source needs `walMode: 'write'`. Default: none.
   *
   * A restarted server that has data and finds no source becomes ready as a read-only orphan, and `status()` says so.
   * It waits half of `timeout` first, or `boxCfg.replication_connect_timeout`, which is in seconds.
   */
  replicationSource?: string | readonly string[] | undefined
  /** `custom_proc_title`. Default `tnt[host:port]`. */
  title?: string | undefined
  /**
   * Called with each line of the server's log. In a cluster, a line begins with the name of its instance: `storage-001 | `.
   * An error that the function throws becomes a warning of Node's. Default: none.
   */
  logger?: Logger | undefined
  /** `log_level`, 0 (fatal) to 7 (debug). Default 5 (info). */
  logLevel?: number | undefined
  /** Memory for memtx in GB. Excludes `memtxMemory`. Default 0.1. */
  slabAllocArena?: number | undefined
  /** Memory for memtx in bytes (`memtx_memory`). Excludes `slabAllocArena`. */
  memtxMemory?: number | undefined
  /**
   * `wal_mode`. Default `'none'`: writes are fast, and data does not survive a restart. Without a WAL, vinyl refuses
   * DDL, and no server can replicate from this server. With a `replicationSource` the default is `'write'`.
   */
  walMode?: 'none' | 'write' | 'fsync' | undefined
  /**
   * Directory in which the instance makes its own directory. If other users can write to the root, as to /tmp, the
   * fixture makes the directory in `tnt-<uid>`, which only you can enter. The fixture does not use a root that other
   * users could replace, and logs a line that says so. Default: the system's temporary directory, or /tmp if socket paths
   * would get too long there.
   */
  root?: string | undefined
  /**
   * Sets `box.cfg.work_dir` to the instance's directory. The directory is the working directory in any case. Default
   * true.
   */
  specifyWorkDir?: boolean | undefined
  /** `false` means `keep: 'always'`. Default true. */
  cleanup?: boolean | undefined
  /** When the instance's directory stays after the server has ended. Default `'never'`. */
  keep?: Keep | undefined
  /**
   * The init script, or the path of a `.lua` file that holds it: Mustache with the tags `<% value as Lua literal %>`,
   * `<%& raw text %>`, sections `<%# name %>…<%/ name %>` and `<%^ name %>…<%/ name %>`. The names: host, port, listen,
   * boxCfg, title, memtxMemory, slabAllocArena, walMode, logLevel, workDir, replicationSource, extraBoxCfg, user, password,
   * appLua. Default: `fixtures/init.lua` of this package.
   */
  initLuaTemplate?: string | undefined
  /**
   * The application: Lua source, or the path of a `.lua` file. Default: none.
   *
   * It may call `box.cfg` itself. All its options hold, except those that belong to the fixture (address, directories, log)
   * and those that this config names. If the application calls no `box.cfg`, the fixture calls it before the application
   * first uses `box.space`, `box.schema` or the like.
   */
  appLua?: string | undefined
  /**
   * Directory whose Lua modules (and those of its `.rocks`) the application can `require`. Default: the directory of
   * `appLua`, if `appLua` is a path.
   */
  appDir?: string | undefined
  /**
   * Lua that fills the database: source, or the path of a `.lua` file. It runs after `appLua`, in a new database only.
   * It does not run at a start with `recreate: false` that finds its data again. Nor does it run for a server that
   * starts from a template, which already contains the data. Default: none.
   */
  seedLua?: string | undefined
  /**
   * Rows without Lua, inserted after `seedLua` has run: an object of rows by space, the path of a file, or a list of
   * these. Default: none.
   *
   * A `.json` file holds such an object, or a list of rows. A `.ndjson` (or `.jsonl`) file holds one row per line. The
   * name of a file with rows only is the name of the space. A row is a tuple, or an object whose keys are the names of
   * the space's format. The format decides what a text becomes: a decimal, a uuid, a datetime. In code, a row can also
   * contain bigint, Uint8Array, Date, Decimal, Uuid, Datetime and Interval.
   *
   * A row that does not fit fails the start with a SeedError, which has the row's file, line and field.
   *
   * @example { users: [{ id: 1, name: 'ann' }, [2, 'bob']] }
   * @example ['./seed/users.ndjson', './seed/orders.json']
   */
  seed?: string | SeedRows | readonly (string | SeedRows)[] | undefined
  /**
   * Keeps the seeded data in the cache as a template. Further servers start from the template, in this run and in later
   * runs: they run `appLua` and no seed. The template of a cluster holds all its instances. Set it to `false` if the seed must run at each start, for example because it
   * depends on the time or on another server. Default true.
   */
  seedTemplate?: boolean | undefined
  /** Lua text between the braces of `box.cfg{…}`: `"too_long_threshold = 0.5"`. Overrides the named options. */
  extraBoxCfg?: string | undefined
  /**
   * The longest time from the start of the process until the server is ready, in milliseconds. Default 5000; in a
   * container, and for all instances of a Tarantool 3 application, 30000.
   */
  timeout?: number | undefined
  /** The time between SIGTERM and SIGKILL when the server is stopped, in milliseconds. Default 5000. */
  stopTimeout?: number | undefined
  /**
   * The version of Tarantool to run: a series (`'3'`), a minor version (`'2.11'`), a release (`'3.8.0'`) or `'latest'`.
   *
   * The fixture takes TARANTOOL_BIN or a program on PATH if its version fits. Otherwise it takes the vendor's release
   * from the cache, or downloads the release into the cache, as any user. A `commandToRun` must have that version. With
   * `docker`, the version is the image's tag. Default: TARANTOOL_FIXTURE_VERSION. Without the variable, any Tarantool
   * of the machine, else the newest release of series 3.
   */
  version?: string | undefined
  /**
   * Prints nothing about the Tarantool that is used and about its download. Default false: each run prints one line,
   * unless it uses the `tarantool` on PATH, and shows the progress of a download.
   */
  quiet?: boolean | undefined
  /**
   * The Tarantool to run: a path, or a name on PATH. Default: TARANTOOL_BIN, PATH, the cache, then a release of the
   * vendor's.
   */
  commandToRun?: string | undefined
  /**
   * Runs the server in a container: `{}` for Tarantool's own image. The engine publishes the server's port (and the
   * port of a console on TCP) on 127.0.0.1 only. It mounts the instance's directory, `appDir` and the seed's files at
   * their own paths. Default: none.
   *
   * @example { image: 'registry.example/tarantool', tag: '2.11' }
   */
  docker?: DockerOptions | undefined
  /** Arguments before the init script, for a `commandToRun` that is a wrapper: `['-u', 'tarantool', 'tarantool']`. */
  commandArgs?: readonly string[] | undefined
  /**
   * Options of `box.cfg` by Tarantool's own names; they override all other options. `listen`, `background` and `log`
   * cannot be set. A test's server listens on `host` and `port`, and logs to its `logFile`. `log_format: 'json'` is
   * allowed.
   */
  boxCfg?: { readonly [name: string]: BoxCfgValue } | undefined
  /**
   * Environment variables for the server. The server also inherits the owner's variables, except TT_*, which would
   * configure the server. A container does not inherit any. A value can contain the server's own addresses:
   * `<% host %>`, `<% port %>`, `<% listen %>`, and `<% ports.http %>` for a port of the option `ports`.
   *
   * The server also has TARANTOOL_LISTEN, the address that it listens on.
   *
   * @example { APP_PORT: '<% port %>' }
   */
  env?: { readonly [name: string]: string } | undefined
  /**
   * An account with the role `super`. Guest then has no rights. `'random'` creates a random account. Default: none, and
   * guest has the role `super`, unless the server cannot tell users apart: see `access` (asynctnt: read, write,
   * execute).
   */
  credentials?: Credentials | 'random' | undefined
  /**
   * The other users of the machine who can connect over TCP. A list of user ids admits services that run as other
   * users; `'any'` admits everybody. Default: only you and root.
   *
   * On Linux, a server on 127.0.0.1, ::1 or localhost asks the kernel who owns a connection. It refuses other users
   * before they can authenticate. A server cannot ask in a container, on another address, on macOS, or in a sandbox
   * that forbids netlink. Such a server has an account with a random password, unless `credentials` name an account,
   * and the fixture gives guest no rights.
   *
   * @example { uids: [1001] }
   */
  access?: 'any' | { readonly uids: readonly number[] } | undefined
  /**
   * Puts a link of the fixture before the server's address, so that a test can cut it, delay it, limit it or let it hang:
   * see the property `link`. The server itself then listens on a unix socket. The instances of a cluster also reach each
   * other through links. Not for servers in containers. Default false.
   */
  links?: boolean | undefined
  /**
   * Lets `reset()` bring the server back to its state after the application was loaded. Triggers keep the old version
   * of each row that is changed, so the cost grows with the number of changes. Default false. A replica
   * of `replicationSource` has the data of its master and records nothing: a reset of the master resets the replica's data. The
   * instances of a cluster, and the members of a replica set, all record.
   */
  recordChanges?: boolean | undefined
  /**
   * Forks servers from a running Tarantool of the same program, a zygote, where the system allows it. A forked server is
   * ready in a fraction of the time, because Tarantool's own start is done once. The first server of a process is spawned.
   * Servers in containers, with `commandArgs`, and on systems other than Linux are always spawned. Default true.
   * TARANTOOL_FIXTURE_PREFORK=0 turns it off for all servers. With TARANTOOL_FIXTURE_PREFORK=1, the first server is forked, too.
   */
  prefork?: boolean | undefined
}
