import { chmodSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import {
  type DockerOptions,
  type InstanceOptions,
  type TarantoolFixtureError,
  TarantoolInstance,
} from '../../../src/index.ts'
import { containersBelow, docker, engine, needsEngine, noEngine } from '../../support/engine.ts'
import { contentOf, newInstance, startInstance, temporaryDirectory, writeFiles } from '../../support/instances.ts'
import { processes } from '../../support/processes.ts'
import { startRegistry } from './registry.ts'

async function errorOf(options: InstanceOptions): Promise<TarantoolFixtureError> {
  const instance = newInstance(options)
  return await instance.start().then(
    () => expect.unreachable(),
    (error: TarantoolFixtureError) => error,
  )
}

interface Refused {
  options: { docker: unknown } & Omit<InstanceOptions, 'docker'>
  message: RegExp
}

test.each<Refused>([
  {
    options: { docker: 'tarantool' },
    message: /option 'docker' must be an object of image, tag, engine, user and args/,
  },
  { options: { docker: { images: 'a' } }, message: /unknown option 'images'.*\nDid you mean 'image'/ },
  { options: { docker: { tag: 'a b' } }, message: /docker: option 'tag' must be the tag of an image, not "a b"/ },
  { options: { docker: { image: 'a:1', tag: '2' } }, message: /'docker.image' \(a:1\) has a tag or digest already/ },
  { options: { docker: {}, commandToRun: 'x' }, message: /'commandToRun' cannot be used with 'docker'/ },
  { options: { docker: {}, commandArgs: [] }, message: /'commandArgs' cannot be used with 'docker'/ },
  { options: { docker: {}, host: '0.0.0.0' }, message: /'host' must be '127.0.0.1' or 'unix\/' with 'docker'/ },
  { options: { docker: {}, access: { uids: [1001] } }, message: /'access.uids' cannot be used with 'docker'/ },
  { options: { docker: {}, consoleHost: '::1' }, message: /'consoleHost' must be '127.0.0.1' or 'unix\/'/ },
])('refused before anything is made: $options', ({ options, message }) => {
  expect(() => new TarantoolInstance(options as InstanceOptions)).toThrow(message)
})

describe('an engine that is none', () => {
  const programs = {
    'that is not there': undefined,
    'that says that nobody answers':
      '#!/bin/sh\necho "Cannot connect to the Docker daemon at unix:///nowhere. Is the docker daemon running?" >&2\nexit 1\n',
    'that says so in its answer':
      '#!/bin/sh\necho \'{"ServerVersion":"","ServerErrors":["Cannot connect to the Docker daemon"]}\'\n',
    'that is another program': '#!/bin/sh\necho hello\n',
  }
  test.each(Object.entries(programs))('%s', async (_name, text) => {
    const root = temporaryDirectory()
    const directory = writeFiles(text ? { engine: text } : {})
    if (text) chmodSync(join(directory, 'engine'), 0o755)
    const error = await errorOf({ root, docker: { engine: join(directory, 'engine') } })
    expect(error.code).toBe('ERR_TARANTOOL_CONTAINER_ENGINE')
    expect(error.summary).toContain(join(directory, 'engine'))
    expect(error.hint).toContain('docker.engine')
    expect(contentOf(root)).toEqual([])
  })
})

describe.skipIf(noEngine)(`in a container (${needsEngine})`, () => {
  const failing: Record<
    string,
    { options: InstanceOptions; code: string; says: string | RegExp; docker?: DockerOptions }
  > = {
    'an image that nobody has': {
      options: {},
      docker: { image: '127.0.0.1:1/no-such-image', tag: '1' },
      code: 'ERR_TARANTOOL_CONTAINER_IMAGE',
      says: /the image 127.0.0.1:1\/no-such-image:1 cannot be pulled: .*refused/,
    },
    'an image without a Tarantool': {
      options: { env: { PATH: '/nowhere' } },
      code: 'ERR_TARANTOOL_CONTAINER_IMAGE',
      says: /the image tarantool-fixture\/test:2.6.0 holds no Tarantool/,
    },
    'arguments that the engine refuses': {
      options: {},
      docker: { ...docker, args: ['--no-such-flag'] },
      code: 'ERR_TARANTOOL_CONTAINER_ENGINE',
      says: /could not run the container of Tarantool\[.*no-such-flag/,
    },
    'a user who may not write the directory': {
      options: {},
      docker: { ...docker, user: '1234:1234' },
      code: 'ERR_TARANTOOL_ROOT_NOT_WRITABLE',
      says: 'the user 1234:1234 of the container may not use its directory',
    },
    'a container that dies': {
      options: { appLua: "require('log').error('last words') os.exit(3)" },
      code: 'ERR_TARANTOOL_SERVER_EXITED',
      says: /exited with code 3 before it was ready/,
    },
    'a container that is killed': {
      options: { appLua: "require('ffi').cdef('int raise(int);') require('ffi').C.raise(11)" },
      code: 'ERR_TARANTOOL_SERVER_KILLED',
      says: /SIGSEGV/,
    },
    'an application that fails': {
      options: { appLua: "error('boom')" },
      code: 'ERR_TARANTOOL_INIT_SCRIPT',
      says: 'appLua:1: boom',
    },
    'a box.cfg that is refused': {
      options: { boxCfg: { wal_mode: 'sometimes' } },
      code: 'ERR_TARANTOOL_BOX_CFG',
      says: "box.cfg refused 'wal_mode'",
    },
    'a start that takes too long': {
      options: { appLua: "require('log').error('last words') require('fiber').sleep(100)", timeout: 3000 },
      code: 'ERR_TARANTOOL_START_TIMEOUT',
      says: 'was not ready within 3000 ms',
    },
  }
  test.each(Object.entries(failing))('%s', async (name, { options, code, says, docker: other = docker }) => {
    const root = temporaryDirectory()
    const error = await errorOf({ root, ...options, docker: other })
    expect(error.code, error.message).toBe(code)
    expect(error.summary).toMatch(says)
    if (options.appLua?.includes('last words')) expect(error.logTail.join('\n')).toContain('last words')
    if (name.includes('image')) expect(error.hint).toBeTruthy()
    expect(containersBelow(root)).toEqual([])
    expect(contentOf(root)).toEqual([])
  })

  test('a port that another process has, and one that another container has', async () => {
    const root = temporaryDirectory()
    const taker = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void taker.close())
    await new Promise(resolve => taker.once('listening', resolve))
    const { port } = taker.address() as { port: number }
    const other = await startInstance({ docker })
    for (const taken of [port, Number(other.port)]) {
      const error = await errorOf({ root, docker, port: taken })
      expect(error.code, error.message).toBe('ERR_TARANTOOL_PORT_TAKEN')
      expect(error).toHaveProperty('address', `127.0.0.1:${taken}`)
      expect(containersBelow(root)).toEqual([])
      expect(contentOf(root)).toEqual([])
    }
    expect(await other.eval('return 1')).toEqual([1])
  })

  test('a missing image is pulled, which says how far it is and is not on the time of the start', async () => {
    const image = await startRegistry(4000)
    onTestFinished(() => void engine('rmi', `${image}:1`))
    const lines: string[] = []
    const said = vi.spyOn(process.stderr, 'write').mockImplementation(text => lines.push(String(text)) > 0)
    const options = { docker: { ...docker, image, tag: '1' }, timeout: 3000 }
    const error = await errorOf(options).finally(() => said.mockRestore())
    // It came, and is found out to be empty.
    expect(error.code, error.message).toBe('ERR_TARANTOOL_CONTAINER_IMAGE')
    expect(error.summary).toContain(`the image ${image}:1 holds no Tarantool`)
    expect(lines[0]).toContain(`pulling the image ${image}:1, which `)
    expect(lines[1]).toContain(`tarantool-fixture: ${image}:1: `)
    expect(lines.length).toBeLessThan(5)
  })

  test('an engine that hangs is given up with the start', async () => {
    const root = temporaryDirectory()
    const directory = writeFiles({
      engine: `#!/bin/sh\ncase $1 in run) sleep 1000 ;; *) exec '${docker.engine}' "$@" ;; esac\n`,
    })
    chmodSync(join(directory, 'engine'), 0o755)
    const error = await errorOf({ root, docker: { ...docker, engine: join(directory, 'engine') }, timeout: 500 })
    expect(error.code).toBe('ERR_TARANTOOL_START_TIMEOUT')
    expect(contentOf(root)).toEqual([])
    expect(processes().filter(({ command }) => command.includes(join(directory, 'engine')))).toEqual([])
  })

  test('a missing image is pulled only where downloads are not forbidden', async () => {
    process.env.TARANTOOL_FIXTURE_INSTALL = '0'
    onTestFinished(() => void delete process.env.TARANTOOL_FIXTURE_INSTALL)
    const error = await errorOf({ docker: { image: '127.0.0.1:1/another-image' } })
    expect(error.code).toBe('ERR_TARANTOOL_CONTAINER_IMAGE')
    expect(error.summary).toContain('TARANTOOL_FIXTURE_INSTALL=0 forbids the pull')
  })
})
