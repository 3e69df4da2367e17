import * as v from 'valibot'
import type { InstanceOptions } from '../options.ts'
import type { Table } from './option.ts'
import { boxCfgValue, milliseconds, port, seedSource, text, userId } from './types.ts'

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
  | 'recordChanges'
  | 'prefork'

/** Every option of an instance. resolve.ts looks for conflicts between options. */
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
    otherwise: "a free port; with `host: 'unix/'` a socket in the instance's directory",
    path: 'socket',
    doc: "Port, or the socket's path with `host: 'unix/'`.",
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
    doc: '`custom_proc_title`.',
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
    doc: '`log_level`, from 0 (fatal) to 7 (debug).',
  },
  slabAllocArena: {
    type: v.pipe(v.number(), v.gtValue(0, 'must be more than 0 (GB)'), v.maxValue(4096)),
    takes: 'number',
    default: 0.1,
    doc: 'Memory for memtx in GB. Not together with `memtxMemory`.',
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
    otherwise: "`'none'`; with a `replicationSource` `'write'`",
    doc: "`wal_mode`. `'write'` is for vinyl, for data that a restart keeps, and for a source of replication.",
  },
  root: {
    type: text,
    takes: 'string',
    otherwise: "the system's temporary directory",
    path: 'directory',
    doc: "Parent of the instances' directories. If other users can write to it, your own `tnt-<uid>` in it holds them.",
  },
  specifyWorkDir: {
    type: v.boolean(),
    takes: 'boolean',
    default: true,
    doc: "Sets `work_dir` to the instance's directory, which is always the working directory.",
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
    doc: "When the instance's directory stays after the server has ended.",
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
    doc: 'The application. It runs after `box.cfg`, and may `require` modules of its directory and of `.rocks`.',
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
    doc: 'Rows by space, inserted after `seedLua`; a `.json` or `.ndjson` file holds them; or a list of these.',
  },
  seedTemplate: {
    type: v.boolean(),
    takes: 'boolean',
    default: true,
    doc: 'Keeps the seeded data in the cache as a template for further servers. `false` is for a seed that has to run at each start.',
  },
  extraBoxCfg: {
    type: v.string(),
    takes: 'string',
    otherwise: 'none',
    doc: 'Lua text between the braces of `box.cfg{…}`. It wins over the named options.',
  },
  timeout: {
    type: milliseconds,
    takes: 'number',
    otherwise: '`5000`; in a container `30000`',
    doc: 'Milliseconds that the server may take until it is ready.',
  },
  stopTimeout: {
    type: milliseconds,
    takes: 'number',
    default: 5000,
    doc: 'Milliseconds between SIGTERM and SIGKILL.',
  },
  version: {
    // version.ts checks the elements.
    type: v.string("must be a text such as '3', '2.11', '3.8.0' or 'latest'"),
    takes: 'string',
    otherwise: '`TARANTOOL_FIXTURE_VERSION`, else any version',
    doc: "`'3'`, `'2.11'`, `'3.8.0'` or `'latest'`: found, or downloaded. See [Tarantool versions](versions.md).",
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
    otherwise: "`TARANTOOL_BIN`, PATH, the cache, a release of the vendor's",
    doc: 'The Tarantool to run: a path, or a name on PATH.',
  },
  docker: {
    type: v.looseObject({}, 'must be an object of image, tag, engine, user and args'),
    takes: 'object',
    otherwise: 'none',
    doc: "Runs the server in a container, `{}` in Tarantool's own image. See [Docker](docker.md).",
  },
  commandArgs: {
    type: v.array(v.string()),
    takes: 'string[]',
    default: [],
    doc: 'Arguments before the init script, for a `commandToRun` that is a wrapper.',
  },
  boxCfg: {
    type: v.record(v.string(), boxCfgValue),
    takes: 'object',
    default: {},
    doc: "Options of `box.cfg` by Tarantool's names. They win over all others. `listen`, `background` and `log` cannot be set.",
  },
  env: {
    type: v.record(v.string(), v.string()),
    takes: '{ [name]: string }',
    default: {},
    doc: 'Environment variables for the server. Yours are passed on, except `TT_*`; none are passed into a container.',
  },
  credentials: {
    type: v.union(
      [v.literal('random'), v.strictObject({ user: text, password: v.string() })],
      "must be 'random' or an object { user, password } of two strings",
    ),
    takes: "{ user, password } | 'random'",
    otherwise: 'none',
    doc: 'An account with the role `super`. `guest` then has no rights.',
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
  recordChanges: {
    type: v.boolean(),
    takes: 'boolean',
    default: false,
    doc: "Lets `reset()` bring the server back. Isolation `'reset'` and `'file'` turn it on.",
  },
  prefork: {
    type: v.boolean(),
    takes: 'boolean',
    default: true,
    doc: 'Forks servers from a running Tarantool on Linux, which is quicker. See [Forked servers](forked-servers.md).',
  },
}
