// The CommonJS form of an entry that is an ES module, for a test whose require() knows no ES modules. Node's own
// require() gets the entry.
throw Object.assign(
  new Error(
    "tarantool-fixture and tarantool-fixture/vitest are ES modules, and this is a CommonJS module that Jest runs. Import from 'tarantool-fixture/jest', and classes such as Decimal from 'tarantool-fixture/values'. [ERR_TARANTOOL_SETUP]",
  ),
  { code: 'ERR_TARANTOOL_SETUP' },
)

export {}
