import { expect } from 'vitest'
import { parse } from 'yaml'
import { filesOf } from '../../support/code-blocks.ts'
import { ci } from './ci.ts'
import { clusters, passesWithApp } from './clusters.ts'
import { commandLine } from './command-line.ts'
import { expectsOf, type PageChecks, passingInContainers, passingWith, runAsScript } from './projects.ts'
import { docker, instances, versions } from './running.ts'
import { driver, gettingStarted, readme } from './start.ts'
import { commandsOfClone } from './text.ts'
import { application, changes, configuration, coverage, failures, handle, isolation, report, seeds } from './writing.ts'

const fromDockerCompose: PageChecks = {
  'From docker-compose': async (blocks, context) => {
    const { services } = parse(blocks[0]?.text ?? '') as { services: { tarantool: { ports: string[] } } }
    expect(services.tarantool.ports).toEqual(['3301:3301'])
    await passingInContainers(1)(blocks, context)
  },
}

const asynctnt: PageChecks = {
  'From asynctnt': async ([block]) => {
    expect(await runAsScript(block?.text ?? '')).toBe('[ 3 ]')
  },
}

/** The checks of the code blocks, by page. */
export const checks: Readonly<Record<string, PageChecks>> = {
  'README.md': readme,
  'CONTRIBUTING.md': { 'Working on tarantool-fixture': commandsOfClone },
  'docs/getting-started.md': gettingStarted,
  'docs/driver.md': driver,
  'docs/configuration.md': configuration,
  'docs/application.md': application,
  'docs/clusters.md': clusters,
  'docs/isolation.md': isolation,
  'docs/seeds.md': seeds,
  'docs/handle.md': handle,
  'docs/changes.md': changes,
  'docs/failures.md': failures,
  'docs/report.md': report,
  'docs/coverage.md': coverage,
  'docs/faults.md': {
    'Faults on purpose': async ([script, ...projects], context) => {
      expect(await runAsScript(script?.text ?? '')).toBe('[ 2 ]')
      await passingWith(1)(projects.slice(0, 2), context)
      await passesWithApp(filesOf(projects.slice(2)), 1, context)
    },
    'Links between instances': async ([script]) => {
      expect(await runAsScript(script?.text ?? '')).toBe('[ 0 ]\n[ 1 ]')
    },
    'A sequence of faults': passingWith(1),
  },
  'docs/versions.md': versions,
  'docs/docker.md': docker,
  'docs/forked-servers.md': { 'Forked servers': passingWith(1, { 'test/a.test.ts': expectsOf('1', [1]) }) },
  'docs/ci.md': ci,
  'docs/command-line.md': commandLine,
  'docs/instances.md': instances,
  'docs/from-docker-compose.md': fromDockerCompose,
  'docs/from-testcontainers.md': { 'From testcontainers': passingInContainers(1) },
  'docs/asynctnt.md': asynctnt,
  'docs/errors.md': { Errors: passingWith(1) },
  'docs/costs.md': { Costs: commandsOfClone },
  'docs/compatibility.md': { Compatibility: commandsOfClone },
}
