import { spawnSync } from 'node:child_process'
import type { DockerOptions } from '../../src/index.ts'

const program = process.env.TEST_CONTAINER_ENGINE ?? 'docker'

/** The image that `npm run docker:up` makes. */
export const docker: DockerOptions = { image: 'tarantool-fixture/test', tag: '2.6.0', engine: program }

/** The outcome of a command of the engine. */
export function engine(...args: string[]): string {
  const { stdout, stderr, status } = spawnSync(program, args, { encoding: 'utf8', timeout: 60_000 })
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`)
  return stdout.trim()
}

/** The names of the containers that are there, running or not, whose directory is below `root`. */
export function containersBelow(root: string): string[] {
  const ids = engine('ps', '--all', '--quiet', '--filter', 'label=tarantool-fixture').split('\n').filter(Boolean)
  const format = '{{.Name}} {{index .Config.Labels "tarantool-fixture.directory"}}'
  return ids.flatMap(id => {
    const { stdout } = spawnSync(program, ['inspect', '--format', format, id], { encoding: 'utf8' })
    const [name = '', directory = ''] = stdout.trim().split(' ')
    return directory.startsWith(`${root}/`) ? [name.replace('/', '')] : []
  })
}

const { status } = spawnSync(program, ['image', 'inspect', `${docker.image}:${docker.tag}`], {
  stdio: 'ignore',
  timeout: 20_000,
})

/** Whether there is no engine to test with, or it does not have the image. */
export const noEngine: boolean = status !== 0

/** What the names of tests say that need one. */
export const needsEngine = 'needs a container engine: npm run docker:up'
