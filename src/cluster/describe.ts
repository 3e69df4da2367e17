import { spawn } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { ResolvedOptions } from '../config/resolve.ts'
import type { ResolvedApplication } from '../config/resolve-application.ts'
import { ClusterConfigError, UnsupportedVersionError } from '../errors.ts'
import type { ReadyProgram } from '../instance/start/program.ts'
import { programOf } from '../instance/start/program-of.ts'
import { fixturesDirectory } from '../package-files.ts'
import { isAtLeast } from '../version/version.ts'
import type { Description, DescriptionFailure } from './description.ts'
import { errorOfDescription } from './failure.ts'

// In milliseconds. The script only reads files.
const timeLimit = 10_000
const script = join(fixturesDirectory, 'cluster', 'describe.lua')

/** Runs the script, and returns what it printed. */
function runScript(program: ReadyProgram, cwd: string, input: string): Promise<{ stdout: string; stderr: string }> {
  const { command, args, env } = program.command({
    directory: cwd,
    bootFile: script,
    logFile: '',
    addresses: undefined,
  })
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: ['pipe', 'pipe', 'pipe'], timeout: timeLimit })
    const texts = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        texts[name] += text
      })
    }
    child.once('error', reject)
    child.once('close', () => resolve(texts))
    child.stdin.on('error', () => {})
    child.stdin.end(input)
  })
}

async function describe(program: ReadyProgram, application: ResolvedApplication): Promise<Description> {
  const { configFile, configObject, directory, instancesFile, set } = application
  const terms = { config: configObject, config_file: configFile, instances_file: instancesFile, set }
  const { stdout, stderr } = await runScript(program, directory, JSON.stringify(terms))
  let answer: Omit<Description, 'configFile'> | { readonly failure: DescriptionFailure }
  try {
    answer = JSON.parse(stdout) as typeof answer
  } catch {
    const said = (stderr || stdout).trim().split('\n').slice(0, 8).join('\n')
    throw new ClusterConfigError(`Tarantool could not read ${configFile}: ${said || 'it said nothing'}`, { configFile })
  }
  if ('failure' in answer) throw errorOfDescription(answer.failure, application)
  return { ...answer, configFile }
}

const stamp = (file: string | undefined): unknown => {
  const status = file === undefined ? undefined : statSync(file, { throwIfNoEntry: false })
  return status && [status.mtimeMs, status.size, status.ino]
}

const known = new Map<string, Promise<Description>>()

/**
 * Reads an application's config with Tarantool's own code. The clusters of a process share one reading, as long as the
 * files do not change.
 *
 * @throws ClusterConfigError; UnsupportedVersionError before 3.0; the errors of a program that cannot be found
 */
export async function describeApplication(
  application: ResolvedApplication,
  options: ResolvedOptions,
  signal: AbortSignal,
): Promise<Description> {
  const program = programOf(options)
  const ready = await program.prepare(signal)
  const version = await program.version()
  if (!isAtLeast(version, 3, 0)) {
    throw new UnsupportedVersionError(
      `option 'app' needs Tarantool 3.0 or later, and the Tarantool in use is ${version.text}`,
      { hint: "Ask for another one with version: '3'. An application without a config.yaml uses 'appLua'." },
    )
  }
  const { configFile, configObject, instancesFile, set } = application
  const key = JSON.stringify([
    ready.identity(),
    configFile,
    configObject ?? stamp(configFile),
    instancesFile,
    stamp(instancesFile),
    set,
  ])
  let description = known.get(key)
  if (!description) {
    description = describe(ready, application)
    known.set(key, description)
    description.catch(() => known.delete(key))
  }
  return await description
}
