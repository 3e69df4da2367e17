import type { Elsewhere } from './check.ts'
import { applicationOptions } from './table/application.ts'
import { fixtureOptions, serverOptions } from './table/fixture.ts'
import { replicationOptions } from './table/replica-set.ts'

/** The classes, and the config of a runner, with the options that the others do not have. */
const owners = {
  TarantoolReplicaSet: {
    options: ['name', ...Object.keys(replicationOptions)],
    hint: 'TarantoolReplicaSet has this option: it is a replica set without a config file.',
  },
  TarantoolCluster: {
    options: Object.keys(applicationOptions),
    hint: 'TarantoolCluster has this option: it is an application with a config.yaml.',
  },
  config: {
    options: ['config'],
    hint: "TarantoolCluster is an application with a config.yaml: its option 'app' names the directory, or the file.",
  },
  runner: {
    options: Object.keys({ ...serverOptions, ...fixtureOptions }),
    hint: "The config of a test runner has this option, beside the server's options.",
  },
} as const

/** Says which class has an option that another class was given. */
export const ownerOf: Elsewhere = option =>
  Object.values(owners).find(({ options }) => (options as readonly string[]).includes(option))?.hint
