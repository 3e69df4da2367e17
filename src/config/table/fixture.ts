import * as v from 'valibot'
import type { ApplicationOptions } from '../application-options.ts'
import { isolations } from '../isolation.ts'
import type { InstanceOptions } from '../options.ts'
import type { ReplicationOptions } from '../replica-set-options.ts'
import type { FixtureConfig, ServerOptions } from '../server-options.ts'
import type { Table } from './option.ts'
import { objectOf } from './types.ts'

/** The paths that a report can have. */
export const reportName: RegExp = /\.(?:html|json)$/

type OwnServerOptions = Omit<ServerOptions, keyof InstanceOptions | keyof ReplicationOptions | keyof ApplicationOptions>
type OwnFixtureOptions = Omit<FixtureConfig, keyof ServerOptions>

/** The options of a fixture's server that are not options of its instance. */
export const serverOptions: Table<OwnServerOptions, 'isolation' | 'strict' | 'showChanges'> = {
  isolation: {
    type: v.picklist(isolations, "must be 'reset', 'file', 'restart', 'process' or 'none'"),
    takes: "'reset' | 'file' | 'restart' | 'process' | 'none'",
    default: 'reset',
    doc: 'Which data a test starts with. See [Isolation](isolation.md).',
  },
  strict: {
    type: v.boolean(),
    takes: 'boolean',
    default: false,
    doc: 'Compares all data before and after each test that is reset. A test that leaves a difference fails.',
  },
  showChanges: {
    type: v.boolean(),
    takes: 'boolean',
    default: true,
    doc: 'A failed test shows what it changed in the server: at most ten lines. See [Failures](failures.md#changes-of-the-test).',
  },
  log: {
    type: v.picklist(['on-failure', 'live'], "must be 'on-failure' or 'live'"),
    takes: "'on-failure' | 'live'",
    otherwise: "`TARANTOOL_FIXTURE_LOG`, else `'on-failure'`",
    doc: "`'live'` prints each line of the server's log as it comes, marked with the server and the test. See [Failures](failures.md#live).",
  },
  hold: {
    type: v.picklist(['never', 'on-failure'], "must be 'never' or 'on-failure'"),
    takes: "'never' | 'on-failure'",
    otherwise: "`'on-failure'` with `TARANTOOL_FIXTURE_HOLD=1`, else `'never'`",
    doc: "`'on-failure'`: a failed test's server runs on until you have looked at it. See [Failures](failures.md#hold).",
  },
}

/** The options of a fixture that are not defaults of its servers. */
export const fixtureOptions: Table<OwnFixtureOptions, 'lease'> = {
  servers: {
    type: objectOf(v.looseObject({})),
    takes: '{ [name]: options }',
    otherwise: 'one, named `default`',
    doc: 'Several servers, by name. The options beside `servers` are defaults for all of them.',
  },
  lease: {
    type: v.picklist(['file', 'on-use'], "must be 'file' or 'on-use'"),
    takes: "'file' | 'on-use'",
    default: 'file',
    doc: "When a test file gets its servers. `'file'`: before the runner imports the file. `'on-use'`: in a `beforeAll` hook that `useTarantool()` adds. See [Files without a server](#files-without-a-server).",
  },
  maxServers: {
    type: v.pipe(v.number(), v.integer('must be a whole number'), v.minValue(1, 'must be at least 1')),
    takes: 'number',
    otherwise: 'one per worker',
    doc: 'The largest number of servers per name. A test file that finds no free server waits. [Spares](isolation.md#process-and-its-spares) do not count.',
  },
  report: {
    type: v.pipe(v.string(), v.regex(reportName, 'must be a path that ends in .html or .json')),
    takes: 'string',
    otherwise: '`TARANTOOL_FIXTURE_REPORT`, else none',
    path: 'file',
    doc: 'A page about the run, or its data: a path that ends in `.html` or `.json`. See [A page about the run](report.md).',
  },
  coverage: {
    type: v.looseObject({}, "must be an object, such as { include: ['app/**'] }"),
    takes: '{ include?, … }',
    otherwise: 'none',
    doc: 'Counts the lines of Lua that the tests run. Its options are [below](#coverage). See [Coverage](coverage.md).',
  },
}
