import { chmodSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect } from 'vitest'
import { parse } from 'yaml'
import { currentSystem } from '../../../../src/binary/system.ts'
import { linkPrograms } from '../../../binary/programs.ts'
import { buildPackage } from '../../../binary/release/packages.ts'
import { Vendor } from '../../../binary/release/vendor.ts'
import { temporaryDirectory } from '../../../support/instances.ts'
import { repository } from '../../../support/npm.ts'
import { type CodeBlock, filesOf } from '../../support/code-blocks.ts'
import { Project } from '../../support/project.ts'
import { blocksUnder, type PageChecks, shared, vitest } from './projects.ts'

async function vendorOf(version: string): Promise<Vendor> {
  const vendor = await Vendor.start()
  const { architecture } = currentSystem()
  vendor.add('series-3/linux-deb', [buildPackage({ version: `${version}-1`, architecture })])
  return vendor
}

interface RecipeOptions {
  home: string
  vendor: Vendor
  version: string
  checkout?: string
}

/** Runs the lines of a recipe, but for those that install and run the project. */
async function runRecipe(
  lines: readonly string[],
  { home, vendor, version, checkout = temporaryDirectory() }: RecipeOptions,
): Promise<void> {
  const command = `node ${join(repository, 'dist/cli/index.js')}`
  const own = lines.filter(line => !/^npm ci$|^npx vitest run$/.test(line))
  expect(own.join()).toContain('npx tarantool-fixture install')
  const script = own.map(line => line.replace('npx tarantool-fixture', command)).join(' && ')
  // Without the Tarantool of this machine.
  const bin = join(home, 'bin')
  linkPrograms(bin, ['cp', 'mkdir', 'node', 'rm', 'sh', 'tar'])
  const env = {
    ...{ PATH: bin, HOME: home, TARANTOOL_FIXTURE_CACHE: '', TARANTOOL_FIXTURE_VERSION: version, XDG_CACHE_HOME: '' },
    ...{ TARANTOOL_FIXTURE_MIRROR: vendor.url, TARANTOOL_BIN: '', no_proxy: '*' },
  }
  const { stdout } = await execa('sh', ['-c', script], { cwd: checkout, env })
  expect(stdout).toBe(
    join(home, `.cache/tarantool-fixture/releases/${version}-linux-${currentSystem().architecture}/usr/bin/tarantool`),
  )
}

interface Step {
  readonly run?: string
  readonly uses?: string
  readonly with?: { readonly key?: string; readonly path?: string }
}

interface GitHubJob {
  readonly env: Readonly<Record<string, string>>
  readonly steps: readonly Step[]
}

interface GitLabJob {
  readonly variables: Readonly<Record<string, string>>
  readonly script: readonly string[]
  readonly after_script?: readonly string[]
  readonly artifacts?: { readonly paths: readonly string[] }
}

const yamlOf = (block: CodeBlock | undefined): unknown => parse(block?.text ?? '')
const gitHubJob = (block: CodeBlock | undefined): GitHubJob =>
  (yamlOf(block) as { jobs: { test: GitHubJob } }).jobs.test
const gitLabJob = (block: CodeBlock | undefined): GitLabJob => (yamlOf(block) as { test: GitLabJob }).test

const linesOf = ({ steps }: GitHubJob): string[] => steps.flatMap(({ run }) => run ?? [])

export const ci: PageChecks = {
  'GitHub Actions': async ([recipe, forSeries]) => {
    const job = gitHubJob(recipe)
    const { TARANTOOL_FIXTURE_VERSION: version = '' } = job.env
    expect(job.steps.map(step => step.with?.key ?? '').join('')).toContain(`tarantool-${version}-`)
    const home = temporaryDirectory()
    const vendor = await vendorOf(version)
    await runRecipe(linesOf(job), { home, vendor, version })
    expect(readdirSync(join(home, '.cache/tarantool-fixture/releases')).join()).toContain(version)

    const [setsWeek, cache] = yamlOf(forSeries) as Step[]
    const file = join(home, 'github-env')
    await execa('sh', ['-c', setsWeek?.run ?? ''], { env: { GITHUB_ENV: file } })
    expect((await execa('cat', [file])).stdout).toMatch(/^WEEK=\d{4}-\d\d$/)
    expect(cache?.with?.key).toContain('env.WEEK')
  },
  GitLab: async ([recipe]) => {
    const { script, variables } = gitLabJob(recipe)
    const { TARANTOOL_FIXTURE_VERSION: version = '' } = variables
    const vendor = await vendorOf(version)
    const checkout = temporaryDirectory()
    chmodSync(checkout, 0o777)
    // Each job has a home of its own, and finds what the one before it left in the checkout.
    for (const job of [1, 2]) {
      await runRecipe(script, { home: temporaryDirectory(), vendor, version, checkout })
      expect([job, vendor.asked('.deb').length]).toEqual([job, 1])
    }
  },
  'Artifacts of failed tests': async ([setup, onGitHub, onGitLab]) => {
    const tests = filesOf(blocksUnder('docs/failures.md', 'Failures'))
    const gitHub = gitHubJob(onGitHub)
    const gitLab = gitLabJob(onGitLab)
    const upload = gitHub.steps.find(({ uses }) => uses?.includes('upload-artifact'))
    expect(upload?.with?.path).toBe(gitHub.env.TEST_ARTIFACTS)
    for (const [lines, after] of [
      [linesOf(gitHub), undefined],
      [gitLab.script, gitLab.after_script],
    ] as const) {
      const project = new Project(vitest, { ...shared, ...tests, ...filesOf(setup ? [setup] : []) })
      const artifacts = join(project.directory, 'artifacts')
      const own = (line: string): string => line.replaceAll('/tmp/tarantool', artifacts)
      const before = lines.filter(line => !/^npm ci$|^npx vitest run$/.test(line)).map(own)
      const env = { TEST_ARTIFACTS: artifacts }
      await project.start(['sh', '-c', before.join(' && ')], { env })
      expect((await project.run(undefined, { env })).exitCode).toBe(1)
      if (after) await project.start(['sh', '-c', after.map(own).join(' && ')])
      const collected = after ? join(project.directory, gitLab.artifacts?.paths[0] ?? '') : artifacts
      expect(readdirSync(collected, { recursive: true }).join()).toMatch(/tarantool\.log/)
    }
  },
}
