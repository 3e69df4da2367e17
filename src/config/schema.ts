import * as v from 'valibot'

const text = v.pipe(v.string(), v.nonEmpty('must not be empty'))
const milliseconds = v.pipe(v.number(), v.minValue(1, 'must be at least 1 (milliseconds)'), v.maxValue(2 ** 31 - 1))
const portNumber = v.pipe(
  v.number(),
  v.integer('must be a whole number'),
  v.minValue(1, 'must be from 1 to 65535 (leave it out for a free one)'),
  v.maxValue(65_535, 'must be from 1 to 65535'),
)
const port = v.union([portNumber, text], issue =>
  typeof issue.input === 'number'
    ? 'must be a whole number from 1 to 65535 (leave it out for a free one)'
    : 'must be a port number, or with a unix/ host the path of a socket',
)

const userId = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(2 ** 32 - 2))

const boxCfgValue: v.GenericSchema = v.union(
  [
    v.string(),
    v.pipe(v.number(), v.finite()),
    v.bigint(),
    v.boolean(),
    v.undefined(),
    v.array(v.lazy(() => boxCfgValue)),
    v.record(
      v.string(),
      v.lazy(() => boxCfgValue),
    ),
  ],
  'must be a string, a finite number, a boolean, or an array or object of these',
)

// Not v.record: it would copy each row. What is in the object is checked where the sources are.
const seedSource = v.union([
  text,
  v.custom<object>(value => typeof value === 'object' && value !== null && !Array.isArray(value)),
])

/** Every option of a container, which is checked in docker.ts. */
export const dockerEntries: v.ObjectEntries = {
  image: v.optional(text),
  tag: v.optional(v.pipe(v.string(), v.regex(/^\w[\w.-]*$/, 'must be the tag of an image'))),
  engine: v.optional(text),
  user: v.optional(text),
  args: v.optional(v.array(v.string())),
}

/** Every option of an instance, with its type and range. Conflicts between options are looked for in resolve.ts. */
export const instanceEntries: v.ObjectEntries = {
  host: v.optional(text),
  port: v.optional(port),
  consoleHost: v.optional(text),
  consolePort: v.optional(port),
  replicationSource: v.optional(
    v.union(
      [text, v.pipe(v.array(text), v.minLength(1, 'must be a URI or a list of at least one URI'))],
      'must be a URI or a list of URIs',
    ),
  ),
  title: v.optional(text),
  logger: v.optional(v.function('must be a function that takes a line')),
  logLevel: v.optional(
    v.pipe(
      v.number(),
      v.integer(),
      v.minValue(0, 'must be from 0 (fatal) to 7 (debug)'),
      v.maxValue(7, 'must be from 0 (fatal) to 7 (debug)'),
    ),
  ),
  slabAllocArena: v.optional(v.pipe(v.number(), v.gtValue(0, 'must be more than 0 (GB)'), v.maxValue(4096))),
  memtxMemory: v.optional(
    v.pipe(v.number(), v.integer('must be a whole number of bytes'), v.minValue(1, 'must be more than 0 (bytes)')),
  ),
  walMode: v.optional(v.picklist(['none', 'write', 'fsync'], "must be 'none', 'write' or 'fsync'")),
  root: v.optional(text),
  specifyWorkDir: v.optional(v.boolean()),
  cleanup: v.optional(v.boolean()),
  keep: v.optional(v.picklist(['never', 'on-failure', 'always'], "must be 'never', 'on-failure' or 'always'")),
  initLuaTemplate: v.optional(text),
  appLua: v.optional(v.string()),
  appDir: v.optional(text),
  seedLua: v.optional(v.string()),
  seed: v.optional(
    v.union(
      [seedSource, v.array(seedSource)],
      'must be an object of rows by space, the path of a .json or .ndjson file, or a list of these',
    ),
  ),
  seedTemplate: v.optional(v.boolean()),
  extraBoxCfg: v.optional(v.string()),
  timeout: v.optional(milliseconds),
  stopTimeout: v.optional(milliseconds),
  // What is in it is checked in version.ts.
  version: v.optional(v.string("must be a text such as '3', '2.11', '3.8.0' or 'latest'")),
  quiet: v.optional(v.boolean()),
  commandToRun: v.optional(text),
  commandArgs: v.optional(v.array(v.string())),
  docker: v.optional(v.looseObject({}, 'must be an object of image, tag, engine, user and args')),
  boxCfg: v.optional(v.record(v.string(), boxCfgValue)),
  env: v.optional(v.record(v.string(), v.string())),
  recordChanges: v.optional(v.boolean()),
  access: v.optional(
    v.union(
      [v.literal('any'), v.strictObject({ uids: v.array(userId) })],
      "must be 'any' or an object { uids } with a list of numeric user ids",
    ),
  ),
  credentials: v.optional(
    v.union(
      [v.literal('random'), v.strictObject({ user: text, password: v.string() })],
      "must be 'random' or an object { user, password } of two strings",
    ),
  ),
}
