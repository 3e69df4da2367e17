import type { TestProject } from 'vitest/node'
import type { FixtureConfig } from '../config/fixture-config.ts'
import { baseDirectory } from './global-setup.ts'
import { Run } from './run.ts'

/** The run of a config that stands in the code: projects with equal configs and one base directory share it. */
export function runOfConfig(project: TestProject, config: FixtureConfig): Run {
  const baseDir = baseDirectory(project)
  // What JSON has no form for, as text; equal functions of two copies of a setup file are one function to us.
  const text = (_: string, value: unknown): unknown =>
    typeof value === 'function' || typeof value === 'bigint' ? `${typeof value} ${value}` : value
  const identity = `${baseDir}\n${JSON.stringify(config, text)}`
  return Run.of(project.vitest, identity, { baseDir, load: async () => config })
}
