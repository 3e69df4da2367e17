import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import type { InstanceOptions, TarantoolInstance } from '../../../src/index.ts'
import { skipWithout } from '../../support/features.ts'
import { startInstance } from '../../support/instances.ts'
import { parentOf, pidOf, startForked } from '../../support/prefork.ts'

const isLinux = process.platform === 'linux'

/** The same server twice: forked, and spawned. */
async function both(options: InstanceOptions = {}): Promise<{ forked: TarantoolInstance; spawned: TarantoolInstance }> {
  const forked = await startForked(options)
  const spawned = await startInstance({ ...options, prefork: false })
  expect(parentOf(pidOf(spawned))).toBe(process.pid)
  return { forked, spawned }
}

const proc = (instance: TarantoolInstance, file: string): string =>
  readFileSync(`/proc/${pidOf(instance)}/${file}`, 'latin1')

/** The lines of a file of /proc that begin with one of some names. */
const linesOf = (instance: TarantoolInstance, file: string, names: RegExp): string[] =>
  proc(instance, file)
    .split('\n')
    .filter(line => names.test(line))

/** The descriptors of a server by number, without the numbers of inodes. */
function descriptors(instance: TarantoolInstance): Record<string, string> {
  const directory = `/proc/${pidOf(instance)}/fd`
  const entries = readdirSync(directory).map(fd => {
    const target = readlinkSync(join(directory, fd)).replace(instance.workDir, '.')
    return [fd, target.replace(/:\[\d+\]$/, '')] as const
  })
  return Object.fromEntries(entries)
}

/** The pipes and sockets that a process has open. */
function pipesAndSockets(pid: number): string[] {
  const directory = `/proc/${pid}/fd`
  return readdirSync(directory).flatMap(fd => {
    try {
      return [readlinkSync(join(directory, fd))].filter(target => /^(pipe|socket):/.test(target))
    } catch {
      return []
    }
  })
}

const lua = async (instance: TarantoolInstance, text: string): Promise<unknown> => (await instance.eval(text))[0]

describe.skipIf(!isLinux)('a forked server beside a spawned one (needs Linux)', () => {
  test('has the same signals, limits, umask, title, session and group', async () => {
    const { forked, spawned } = await both({ title: 'same', boxCfg: { coredump: true } })
    const status = /^(Name|Umask|NoNewPrivs|Seccomp|Sig(Blk|Ign|Cgt)|Uid|Gid|Groups|CapEff|Cpus_allowed)\b/
    expect(linesOf(forked, 'status', status)).toEqual(linesOf(spawned, 'status', status))
    expect(proc(forked, 'limits')).toBe(proc(spawned, 'limits'))
    expect(proc(forked, 'cmdline').replaceAll('\0', '').trim()).toBe(
      proc(spawned, 'cmdline').replaceAll('\0', '').trim(),
    )
    for (const instance of [forked, spawned]) {
      // man 5 proc: the group and the session are the fields 5 and 6, here counted from the state.
      const [, , group, session] = proc(instance, 'stat')
        .replace(/^.*\) /, '')
        .split(' ')
        .map(Number)
      expect([group, session]).toEqual([instance.pid, instance.pid])
    }
  })

  test('has the same environment, and its own variables', async () => {
    const { forked, spawned } = await both({ env: { OWN_VARIABLE: 'ä b=c\n' } })
    const environment = "local all = os.environ() all.TARANTOOL_LISTEN = nil return require('json').encode(all)"
    const [one, other] = await Promise.all([lua(forked, environment), lua(spawned, environment)])
    expect(JSON.parse(String(one))).toEqual(JSON.parse(String(other)))
    expect(await lua(forked, "return os.getenv('OWN_VARIABLE')")).toBe('ä b=c\n')
    expect(await lua(forked, "return os.getenv('TARANTOOL_LISTEN')")).toBe(`127.0.0.1:${forked.port}`)
    const without = await startForked()
    expect(await lua(without, "return os.getenv('OWN_VARIABLE')")).toBeNull()
  })

  test('sees the same Lua at its first line', async () => {
    const look = `
      local keys = function(t) local names = {} for name in pairs(t) do names[#names + 1] = tostring(name) end
        table.sort(names) return table.concat(names, ' ') end
      local directory = require('fio').cwd()
      local function placed(text) return (text:gsub(directory:gsub('%p', '%%%0'), '.')) end
      seen = { math.random(1e6), math.random(1e6), keys(_G), keys(package.loaded), placed(package.path),
        placed(package.cpath), keys(arg), placed(arg[0]), arg[-1], tostring(jit.status()), jit.version,
        require('fiber').self():name(), require('fiber').self():id(), os.setlocale(), keys(box.info) }
      box.cfg{}
      seen[#seen + 1] = keys(box.cfg)`
    const { forked, spawned } = await both({ appLua: look })
    expect(await lua(forked, 'return seen')).toEqual(await lua(spawned, 'return seen'))
  })

  test('has the same descriptors, and shares no pipe and socket with siblings, zygote and owner', async () => {
    const { forked, spawned } = await both()
    const sibling = await startForked()
    expect(descriptors(forked)).toEqual(descriptors(spawned))
    const inherited = new Set(pipesAndSockets(pidOf(spawned)))
    const own = pipesAndSockets(pidOf(forked)).filter(target => !inherited.has(target))
    const others = [sibling.pid, parentOf(pidOf(forked)), process.pid].flatMap(pid => pipesAndSockets(Number(pid)))
    expect(own.filter(target => others.includes(target))).toEqual([])
  })

  test('has its own random numbers where a spawned one has', async () => {
    const servers = [await startForked(), await startForked()]
    for (const text of [
      "return require('uuid').str()",
      "return require('digest').urandom(16):hex()",
      'return box.info.uuid',
    ]) {
      const [one, other] = await Promise.all(servers.map(server => lua(server, text)))
      expect(one).not.toBe(other)
    }
  })

  test('has a clock that goes right from its first line on', async () => {
    await startForked()
    // The zygote waits, and its event loop does not run.
    await new Promise(resolve => setTimeout(resolve, 1500))
    const late = await startForked({ appLua: "behind = require('clock').realtime() - require('fiber').time()" })
    expect(Math.abs(Number(await lua(late, 'return behind')))).toBeLessThan(1)
  })
})

describe.skipIf(!isLinux)('a forked server can (needs Linux)', () => {
  let server: TarantoolInstance
  beforeEach(async () => {
    server = await startForked({ walMode: 'write' })
  })

  test.for([
    {
      what: 'run files, name look-ups and sleeps',
      text: "require('fiber').sleep(0.001) return require('fio').stat('.'):is_dir() and require('socket').getaddrinfo('127.0.0.1', '80') ~= nil",
      is: true,
    },
    {
      what: 'use vinyl',
      text: "local s = box.schema.space.create('v', { engine = 'vinyl' }) s:create_index('pk') s:insert({ 1 }) box.snapshot() return s:count()",
      is: 1,
    },
    {
      what: 'compile hot loops',
      text: 'local sum = 0 for i = 1, 1e6 do sum = sum + i % 7 end return jit.status() and sum',
      is: 2999998,
    },
    {
      what: 'speak HTTP with itself',
      text: `
        local http = require('http.client').new()
        local server = require('socket').tcp_server('127.0.0.1', 0, function(s)
          s:read('\\r\\n\\r\\n') s:write('HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nhi') s:shutdown() end)
        return http:get('http://127.0.0.1:' .. server:name().port, { timeout = 5 }).body`,
      is: 'hi',
    },
  ])('$what', async ({ text, is }) => {
    expect(await lua(server, text)).toEqual(is)
  })

  test('run a program', async context => {
    skipWithout('popen', context)
    const text = `
      local program = require('popen').shell('echo hi; exit 3', 'r')
      local output, status = program:read(), program:wait()
      program:close()
      return output .. status.exit_code`
    expect(await lua(server, text)).toBe('hi\n3')
  })

  test('replicate from a sibling', async () => {
    await server.eval("box.schema.space.create('rows'):create_index('pk') box.space.rows:insert({ 1 })")
    const replica = await startForked({ replicationSource: server.uri, walMode: 'write' })
    await replica.waitForLog(/ready to accept requests/)
    expect(await lua(replica, 'return box.space.rows:count()')).toBe(1)
  })

  test('rotate its log on SIGHUP, and shut down in order on SIGTERM', async context => {
    skipWithout('triggers of a shutdown', context)
    await server.eval("box.ctl.on_shutdown(function() require('log').info('in order') end)")
    process.kill(pidOf(server), 'SIGHUP')
    expect(await lua(server, 'return 1')).toBe(1)
    const { logFile } = server
    await server.stop({ cleanup: false })
    const log = readFileSync(logFile, 'utf8')
    expect(server.process?.exit).toEqual({ exitCode: 0, signal: undefined })
    expect(log).toContain('in order')
  })

  test.for([0, 1, 3, 255])('exit with code %d', async code => {
    await server.eval(`require('fiber').create(function() os.exit(${code}) end)`).catch(() => {})
    expect(await server.process?.wait()).toEqual({ exitCode: code, signal: undefined })
  })

  test('tell of a signal that ended it', async () => {
    process.kill(pidOf(server), 'SIGKILL')
    expect(await server.process?.wait()).toEqual({ exitCode: undefined, signal: 'SIGKILL' })
  })

  test('tell of a crash as a spawned server does', async () => {
    const spawned = await startInstance({ prefork: false })
    const exits = [server, spawned].map(async instance => {
      process.kill(pidOf(instance), 'SIGSEGV')
      return await instance.process?.wait()
    })
    const [one, other] = await Promise.all(exits)
    expect(one).toEqual(other)
  })
})
