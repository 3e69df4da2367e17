import * as v from 'valibot'
import type { ApplicationOptions } from '../application-options.ts'
import type { Table } from './option.ts'
import { objectOf, text } from './types.ts'

/** A value of Tarantool's config. */
export const configValue: v.GenericSchema = v.union(
  [
    v.string(),
    v.pipe(v.number(), v.finite()),
    v.boolean(),
    v.null(),
    v.undefined(),
    v.array(v.lazy(() => configValue)),
    v.record(
      v.string(),
      v.lazy(() => configValue),
    ),
  ],
  'must be a string, a finite number, a boolean, null, or an array or object of these',
)

const instanceName = v.union([text, v.instance(RegExp)])
const seededNames = v.pipe(v.array(text), v.minLength(1, 'must be a name, or a list of at least one name'))

/** Every option of a Tarantool 3 application. resolve-application.ts finds its files. */
export const applicationOptions: Table<ApplicationOptions> = {
  app: {
    type: text,
    takes: 'string',
    otherwise: 'none',
    path: 'directory',
    doc: 'A Tarantool 3 application: a directory with a `config.yaml`, or the path of the file. See [Clusters](clusters.md).',
  },
  instances: {
    type: v.union(
      [instanceName, v.pipe(v.array(instanceName), v.minLength(1, 'must name at least one instance'))],
      'must be the name of an instance, an expression, or a list of these',
    ),
    takes: 'string | RegExp | (string | RegExp)[]',
    otherwise: '`instances.yml`, else all',
    doc: 'The instances of the config to start.',
  },
  connect: {
    type: text,
    takes: 'string',
    otherwise: 'the first instance by name',
    doc: 'The instance whose address tests get.',
  },
  as: {
    type: text,
    takes: 'string',
    otherwise: "an account of the fixture's",
    doc: 'The user of the config as whom tests connect.',
  },
  set: {
    type: objectOf(configValue),
    takes: '{ [path]: value }',
    otherwise: 'none',
    doc: 'Options laid over the config, by their paths. `null` removes an option.',
  },
  ready: {
    type: text,
    takes: 'string',
    otherwise: 'none',
    doc: 'Lua that has to return a true value in each instance before the cluster counts as ready.',
  },
  seedOn: {
    type: v.union([text, seededNames], 'must be the name of an instance, or a list of names'),
    takes: 'string | string[]',
    otherwise: 'the instance of `connect`',
    doc: 'The instances that run `seedLua` and `seed`. See [Seeds and templates](clusters.md#seeds-and-templates).',
  },
}
