import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync, symlinkSync } from 'node:fs'
import { join, relative } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type InstanceOptions, PortTakenError, SocketPathTooLongError, TarantoolInstance } from '../../../src/index.ts'
import { newInstance, startInstance, temporaryDirectory } from '../../support/instances.ts'
import { newSync, thrownBy } from '../sync/support.ts'

/** The TCP ports that a process listens on. Linux only. */
function tcpPortsOf(pid: number): number[] {
  const sockets = new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap(fd => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`).match(/socket:\[(\d+)\]/)?.[1] ?? []
      } catch {
        return []
      }
    }),
  )
  const lines = ['tcp', 'tcp6'].flatMap(name => readFileSync(`/proc/${pid}/net/${name}`, 'utf8').split('\n').slice(1))
  return lines.flatMap(line => {
    const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/)
    return state === '0A' && sockets.has(inode) ? [Number.parseInt(local.split(':')[1] ?? '', 16)] : []
  })
}

/** A path of so many bytes. */
function pathOfLength(length: number): string {
  const directory = temporaryDirectory()
  return join(directory, 'x'.repeat(length - directory.length - 1))
}

const longest = process.platform === 'darwin' ? 103 : 107

test.runIf(process.platform === 'linux')(
  'a server on unix sockets listens on no TCP port, and its owner on none (Linux)',
  async () => {
    // The look itself sees one.
    const other = await startInstance({ consoleHost: '127.0.0.1' })
    expect(tcpPortsOf(other.pid as number).sort()).toEqual([other.port, other.consolePort].sort())
    const before = tcpPortsOf(process.pid)
    const instance = await startInstance({ host: 'unix/', credentials: 'random', recordChanges: true })
    await instance.eval('return 1')
    await instance.command('1')
    await instance.reset()
    expect(tcpPortsOf(instance.pid as number)).toEqual([])
    expect(tcpPortsOf(process.pid)).toEqual(before)
  },
)

describe.each([
  {
    which: 'the binary port',
    options: (path: string): InstanceOptions => ({ host: 'unix/', port: path }),
    what: 'port',
  },
  { which: 'the console', options: (path: string): InstanceOptions => ({ consolePort: path }), what: 'consolePort' },
] as const)('$which', ({ options, what }) => {
  test('takes an absolute path, and one that is relative to where the config is', async () => {
    const directory = temporaryDirectory()
    for (const path of [join(directory, 'absolute.sock'), './relative.sock']) {
      const instance = new TarantoolInstance(options(path), directory)
      onTestFinished(() => instance.kill())
      await instance.start()
      expect(instance[what]).toBe(join(directory, path.replace(directory, '')))
      expect(statSync(String(instance[what])).isSocket()).toBe(true)
      expect([await instance.eval('return 1'), await instance.command('2')]).toEqual([[1], [2]])
      await instance.stop()
      expect(existsSync(String(instance[what]))).toBe(false)
    }
  })

  test('without a base, it is relative to the working directory', () => {
    const path = relative(process.cwd(), join(temporaryDirectory(), 'one.sock'))
    const instance = newSync(options(path))
    expect(instance.start()[what]).toBe(join(process.cwd(), path))
  })

  test('takes a path as long as the system allows, and refuses a longer one', async () => {
    const instance = await startInstance(options(pathOfLength(longest)))
    expect([await instance.eval('return 1'), await instance.command('2')]).toEqual([[1], [2]])
    const tooLong = pathOfLength(longest + 1)
    const says = new RegExp(`${longest + 1} bytes, but a unix socket's path can have at most ${longest}: ${tooLong}`)
    await expect(newInstance(options(tooLong)).start()).rejects.toThrow(SocketPathTooLongError)
    expect(thrownBy(() => newSync(options(tooLong)).start())).toBeInstanceOf(SocketPathTooLongError)
    await expect(newInstance(options(tooLong)).prepare()).rejects.toThrow(says)
  })

  test('a socket file whose server has died stands in no way', async () => {
    const path = join(temporaryDirectory(), 'one.sock')
    const listen = "require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))"
    spawnSync(process.execPath, ['-e', listen, path])
    expect(statSync(path).isSocket()).toBe(true)
    const instance = await startInstance(options(path))
    expect([await instance.eval('return 1'), await instance.command('2')]).toEqual([[1], [2]])
    await instance.stop()
    expect(existsSync(path)).toBe(false)
  })

  test('two that ask for one path: the second is refused, the first goes on', async () => {
    const path = join(temporaryDirectory(), 'one.sock')
    const first = await startInstance(options(path))
    const failure = await newInstance(options(path))
      .start()
      .catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(PortTakenError)
    expect((failure as PortTakenError).address).toBe(`unix/:${path}`)
    expect([await first.eval('return 1'), await first.command('2')]).toEqual([[1], [2]])
    await first.restart()
    expect([await first.eval('return 1'), await first.command('2')]).toEqual([[1], [2]])
  })

  test('stays the same over a restart and a crash, behind a link, too', async () => {
    const link = join(temporaryDirectory(), 'link')
    symlinkSync(temporaryDirectory(), link)
    const instance = await startInstance(options(join(link, 'one.sock')))
    const path = instance[what]
    await instance.restart()
    await instance.kill({ cleanup: false })
    await instance.start({ recreate: false })
    expect(instance[what]).toBe(path)
    expect([await instance.eval('return 1'), await instance.command('2')]).toEqual([[1], [2]])
  })
})

describe('a path that is no URI', () => {
  const odd = 'it\'s "a" [dir]: ü'

  test('a directory of instances may have such a name', async () => {
    for (const options of [{}, { host: 'unix/' }, { host: 'unix/', port: undefined, recordChanges: true }]) {
      const instance = await startInstance({ ...options, root: join(temporaryDirectory(), odd) })
      expect([await instance.eval('return 1'), await instance.command('2')]).toEqual([[1], [2]])
      await instance.restart()
      expect(await instance.eval('return 1')).toEqual([1])
    }
  })

  test('a socket of the user that Tarantool could not name is refused', async () => {
    const path = join(temporaryDirectory(), `${odd}.sock`)
    await expect(newInstance({ host: 'unix/', port: path }).start()).rejects.toThrow(
      /ERR_TARANTOOL_INVALID_OPTION\]\n.*cannot contain spaces/,
    )
  })
})
