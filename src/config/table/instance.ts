import * as v from 'valibot'
import type { InstanceOptions } from '../options.ts'
import type { Table } from './option.ts'
import { boxCfgValue, milliseconds, objectOf, port, portNames, seedSource, text, userId } from './types.ts'

type Defaulted =
  | 'host'
  | 'logLevel'
  | 'slabAllocArena'
  | 'specifyWorkDir'
  | 'keep'
  | 'seedTemplate'
  | 'stopTimeout'
  | 'quiet'
  | 'commandArgs'
  | 'boxCfg'
  | 'env'
  | 'access'
  | 'links'
  | 'recordChanges'
  | 'prefork'

/** Every option of an instance. conflicts.ts looks for conflicts between options. */
export const instanceOptions: Table<InstanceOptions, Defaulted> = {
  host: {
    type: text,
    takes: 'string',
    default: '127.0.0.1',
    doc: "Address to listen on. `'unix/'` makes `port` the path of a socket.",
  },
  port: {
    type: port,
    takes: 'number | string',
    otherwise: "a free port; with `host: 'unix/'`, a socket in the instance's directory",
    path: 'socket',
    doc: "Port, or the socket's path with `host: 'unix/'`.",
  },
  ports: {
    type: portNames,
    takes: 'string[]',
    otherwise: 'none',
    doc: "Names of further ports that the application binds: `['http']`. See [Ports](application.md#ports).",
  },
  consoleHost: {
    type: text,
    takes: 'string',
    otherwise: "`'unix/'`; `'127.0.0.1'` if `consolePort` is a number, and in a container outside Linux",
    doc: "Address of the console. `'unix/'` makes `consolePort` the path of a socket.",
  },
  consolePort: {
    type: port,
    takes: 'number | string',
    otherwise: "a socket in the instance's directory",
    path: 'socket',
    doc: 'Port or socket path of the console. Only you can reach the default socket.',
  },
  replicationSource: {
    type: v.union(
      [text, v.pipe(v.array(text), v.minLength(1, 'must be a URI or a list of at least one URI'))],
      'must be a URI or a list of URIs',
    ),
    takes: 'string | string[]',
    otherwise: 'none',
    mayChange: true,
    doc: "URI of each server to replicate from: the `uri` of other instances. The source needs `walMode: 'write'`.",
  },
  title: {
    type: text,
    takes: 'string',
    otherwise: '`tnt[host:port]`',
    doc: 'Title of the server process (`custom_proc_title`).',
  },
  logger: {
    type: v.function('must be a function that takes a line'),
    takes: '(line) => void',
    otherwise: 'none',
    doc: "Gets each line of the server's log.",
  },
  logLevel: {
    type: v.pipe(
      v.number(),
      v.integer(),
      v.minValue(0, 'must be from 0 (fatal) to 7 (debug)'),
      v.maxValue(7, 'must be from 0 (fatal) to 7 (debug)'),
    ),
    takes: 'number',
    default: 5,
    doc: 'Detail of the log (`log_level`), from 0 (fatal) to 7 (debug).',
  },
  slabAllocArena: {
    type: v.pipe(v.number(), v.gtValue(0, 'must be more than 0 (GB)'), v.maxValue(4096)),
    takes: 'number',
    default: 0.1,
    doc: 'Memory for memtx in GB. It cannot be set together with `memtxMemory`.',
  },
  memtxMemory: {
    type: v.pipe(
      v.number(),
      v.integer('must be a whole number of bytes'),
      v.minValue(1, 'must be more than 0 (bytes)'),
    ),
    takes: 'number',
    otherwise: '`slabAllocArena`',
    doc: 'Memory for memtx in bytes.',
  },
  walMode: {
    type: v.picklist(['none', 'write', 'fsync'], "must be 'none', 'write' or 'fsync'"),
    takes: "'none' | 'write' | 'fsync'",
    otherwise: "`'none'`; `'write'` with a `replicationSource`",
    doc: "`wal_mode`. Use `'write'` for vinyl, for data that must survive a restart, and for a replication source.",
  },
  root: {
    type: text,
    takes: 'string',
    otherwise: "the system's temporary directory",
    path: 'directory',
    doc: "Parent of the instances' directories. If other users can write to the parent, the directories are in `tnt-<uid>` there, which only you can enter.",
  },
  specifyWorkDir: {
    type: v.boolean(),
    takes: 'boolean',
    default: true,
    doc: "Sets the `box.cfg` option `work_dir` to the instance's directory. With `false`, the server still runs in that directory.",
  },
  cleanup: {
    type: v.boolean(),
    takes: 'boolean',
    otherwise: '`true`',
    doc: "`false` is the same as `keep: 'always'`.",
  },
  keep: {
    type: v.picklist(['never', 'on-failure', 'always'], "must be 'never', 'on-failure' or 'always'"),
    takes: "'never' | 'on-failure' | 'always'",
    default: 'never',
    doc: "When the fixture keeps the instance's directory. `'on-failure'`: after a failed start, a crash or a failed test.",
  },
  initLuaTemplate: {
    type: text,
    takes: 'string',
    otherwise: '`fixtures/init.lua` of this package',
    path: 'Lua or file',
    doc: 'The init script, with tags such as `<% boxCfg %>`.',
  },
  appLua: {
    type: v.string(),
    takes: 'string',
    otherwise: 'none',
    path: 'Lua or file',
    doc: 'The application. It may call `box.cfg` itself, and may `require` modules of its directory and of `.rocks`. See [Your application](application.md).',
  },
  appDir: {
    type: text,
    takes: 'string',
    otherwise: 'the directory of `appLua`',
    path: 'directory',
    doc: 'Directory of the Lua modules that the application may `require`.',
  },
  seedLua: {
    type: v.string(),
    takes: 'string',
    otherwise: 'none',
    path: 'Lua or file',
    doc: 'Lua that fills a new database. It runs after `appLua`.',
  },
  seed: {
    type: v.union(
      [seedSource, v.array(seedSource)],
      'must be an object of rows by space, the path of a .json or .ndjson file, or a list of these',
    ),
    takes: 'string | object | (string | object)[]',
    otherwise: 'none',
    path: 'rows or file',
    doc: 'Rows that are inserted after `seedLua`: an object of rows by space, a `.json` or `.ndjson` file, or a list of these. See [Seeds](seeds.md).',
  },
  seedTemplate: {
    type: v.boolean(),
    takes: 'boolean',
    default: true,
    doc: 'Keeps the seeded data in the cache as a template for further servers. Use `false` for a seed that must run at each start.',
  },
  extraBoxCfg: {
    type: v.string(),
    takes: 'string',
    otherwise: 'none',
    doc: 'Lua text between the braces of `box.cfg{…}`. It overrides all options except `boxCfg`.',
  },
  timeout: {
    type: milliseconds,
    takes: 'number',
    otherwise: '`5000`; in a container, and with `app`, `30000`',
    doc: 'Longest time in milliseconds from the start of the process until the server is ready.',
  },
  stopTimeout: {
    type: milliseconds,
    takes: 'number',
    default: 5000,
    doc: 'Milliseconds between SIGTERM and SIGKILL when the server is stopped.',
  },
  version: {
    // version.ts checks the elements.
    type: v.string("must be a text such as '3', '2.11', '3.8.0' or 'latest'"),
    takes: 'string',
    otherwise: '`TARANTOOL_FIXTURE_VERSION`, else any version',
    doc: "The Tarantool version to find or download: `'3'`, `'2.11'`, `'3.8.0'` or `'latest'`. See [Tarantool versions](versions.md).",
  },
  quiet: {
    type: v.boolean(),
    takes: 'boolean',
    default: false,
    doc: 'Turns off the lines about the Tarantool in use and its download.',
  },
  commandToRun: {
    type: text,
    takes: 'string',
    otherwise: "the first of `TARANTOOL_BIN`, PATH, the cache and the vendor's releases",
    doc: 'The Tarantool to run: a path, or a name on PATH.',
  },
  docker: {
    type: v.looseObject({}, 'must be an object of image, tag, engine, user and args'),
    takes: 'object',
    otherwise: 'none',
    doc: "Runs the server in a container. `{}` chooses Tarantool's own image. See [Docker](docker.md).",
  },
  commandArgs: {
    type: v.array(v.string()),
    takes: 'string[]',
    default: [],
    doc: 'Arguments before the init script, for a `commandToRun` that is a wrapper.',
  },
  boxCfg: {
    type: objectOf(boxCfgValue),
    takes: 'object',
    default: {},
    doc: "Options of `box.cfg` by Tarantool's names. They override all other options. `listen`, `background` and `log` cannot be set.",
  },
  env: {
    type: objectOf(v.string()),
    takes: '{ [name]: string }',
    default: {},
    doc: 'Environment variables for the server. A value can contain `<% port %>` and other [addresses](application.md#the-environment). The server also gets your own variables, except `TT_*`. A container gets only `env`.',
  },
  credentials: {
    type: v.union(
      [v.literal('random'), v.strictObject({ user: text, password: v.string() })],
      "must be 'random' or an object { user, password } of two strings",
    ),
    takes: "{ user, password } | 'random'",
    otherwise: 'none',
    doc: "An account with the role `super`; `'random'` creates one. `guest` then has no rights.",
  },
  access: {
    type: v.union(
      [v.literal('any'), v.strictObject({ uids: v.array(userId) })],
      "must be 'any' or an object { uids } with a list of numeric user ids",
    ),
    takes: "'any' | { uids: number[] }",
    default: { uids: [] },
    doc: 'Other users of the machine who can connect over TCP. By default, only you and root can.',
  },
  links: {
    type: v.boolean(),
    takes: 'boolean',
    default: false,
    doc: 'Puts links before the address and between the instances of a cluster, which a test can cut, delay and limit. See [Faults](faults.md).',
  },
  recordChanges: {
    type: v.boolean(),
    takes: 'boolean',
    default: false,
    doc: "Records changes, so that `reset()` can undo them. Isolation `'reset'` and `'file'` turn the option on.",
  },
  prefork: {
    type: v.boolean(),
    takes: 'boolean',
    default: true,
    doc: 'On Linux, forks the second and further servers from a running Tarantool instead of starting each anew, which is faster. See [Forked servers](forked-servers.md).',
  },
}
