import { describe, expect, test } from 'vitest'
import { BoxCfgError, type InstanceOptions, PortTakenError, type TarantoolInstance } from '../../../src/index.ts'
import { freePort } from '../../../src/instance/place/port.ts'
import { skipWithout } from '../../support/features.ts'
import { contentOf, newInstance, startInstance, useOwnCache, writeFiles } from '../../support/instances.ts'

const space = "box.schema.space.create('rows'):create_index('pk') box.space.rows:insert({ 1 })"

// Only the first call of box.cfg can set these two, and this memory is smaller than the fixture's.
const first = "memtx_memory = 40 * 2 ^ 20, wal_mode = 'write', readahead = 20480"

const configured = async (instance: TarantoolInstance): Promise<unknown[]> =>
  await instance.eval('return box.cfg.memtx_memory, box.cfg.wal_mode, box.cfg.readahead, box.space.rows:count()')

const ofApplication = [40 * 2 ** 20, 'write', 20480, 1]
const ofFixture = [107_374_182, 'none', 16320, 1]

const failureOf = async (options: InstanceOptions): Promise<Error> =>
  await newInstance(options)
    .start()
    .then(
      () => expect.fail('it started'),
      error => error as Error,
    )

const uuid = '5d0a3a24-8a51-4c9b-9a0e-5f2f7b1a2c3d'

describe("an application's own box.cfg", () => {
  test.each(
    Object.entries({
      'at the top': `box.cfg{ ${first} } ${space}`,
      'with listen as a text': `box.cfg{ listen = '0.0.0.0:3301', ${first} } ${space}`,
      'with listen as a number': `box.cfg{ listen = 3301, ${first} } ${space}`,
      'with listen as a list': `box.cfg{ listen = { '0.0.0.0:3301', '127.0.0.1:3302' }, ${first} } ${space}`,
      'with listen from the environment': `box.cfg{ listen = os.getenv('TARANTOOL_LISTEN'), ${first} } ${space}`,
      'if it was not called before': `if type(box.cfg) == 'function' then box.cfg{ ${first} } end ${space}`,
      twice: `box.cfg{ ${first} } box.cfg{ listen = 3301, readahead = 20480 } ${space}`,
      'by a function that was kept': `local cfg = box.cfg cfg{ ${first} } cfg{ listen = 3301 } ${space}`,
      'in a fiber': `require('fiber').create(function() box.cfg{ ${first} } ${space} end)`,
      'in a fiber that runs later': `
        require('fiber').create(function() require('fiber').sleep(0) box.cfg{ ${first} } ${space} end)`,
      'in a fiber that the application waits for': `
        local fiber = require('fiber')
        local ready = fiber.channel()
        fiber.create(function() fiber.sleep(0.01) box.cfg{ ${first} } ready:put(true) end)
        ready:get() ${space}`,
      'before box.once': `box.cfg{ ${first} } box.once('schema', function() ${space} end)`,
      'after what works without it': `
        box.session.on_connect(function() end)
        local id, kind, user = box.session.id(), box.session.type(), box.session.user()
        if box.ctl.on_shutdown then box.ctl.on_shutdown(function() end) end
        local null, message = box.NULL, tostring(box.error.UNKNOWN)
        local tuple = box.tuple.new({ 1 })
        require('fiber').create(function() box.ctl.wait_rw() end)
        box.cfg{ ${first} } ${space}`,
      'after a call that failed': `
        local done = pcall(box.cfg, { wal_mode = 'never' })
        box.cfg{ ${first} } ${space}`,
    }),
  )('holds %s', async (_, appLua) => {
    const instance = await startInstance({ appLua })
    await expect.poll(() => configured(instance)).toEqual(ofApplication)
    expect(await instance.eval('return box.session.user(), box.info.pid')).toEqual(['guest', instance.pid])
  })

  test('holds in a module', async () => {
    const directory = writeFiles({
      'app.lua': `#!/usr/bin/env tarantool\nrequire('lib.database').start() ${space}`,
      'lib/database.lua': `return { start = function() box.cfg{ ${first} } end }`,
    })
    const instance = await startInstance({ appLua: `${directory}/app.lua` })
    expect(await configured(instance)).toEqual(ofApplication)
  })

  test('holds, except for what belongs to the fixture', async () => {
    const instance = await startInstance({
      appLua: `box.cfg{
        listen = 3301, work_dir = '/var/lib/none', memtx_dir = 'snap', wal_dir = 'wal', vinyl_dir = 'vinyl',
        log = 'app.log', log_nonblock = true, background = true, pid_file = 'app.pid', custom_proc_title = 'mine',
        username = 'nobody',
        instance_uuid = '${uuid}', replicaset_uuid = '${uuid}', vinyl_page_size = 4096, replication_timeout = 0.5,
        log_level = 6, net_msg_max = 100,
      }`,
      title: 'ours',
    })
    expect(
      await instance.eval(`return box.info.uuid, (box.info.replicaset or box.info.cluster).uuid ~= nil,
        box.cfg.vinyl_page_size, box.cfg.replication_timeout, box.cfg.log_level, box.cfg.net_msg_max`),
    ).toEqual([uuid, true, 4096, 0.5, 6, 100])
    expect(
      await instance.eval(`return box.cfg.work_dir, box.cfg.memtx_dir, box.cfg.log, box.cfg.pid_file,
        box.cfg.custom_proc_title, box.cfg.username`),
    ).toEqual([instance.workDir, '.', null, null, 'ours', null])
    expect(contentOf(instance.workDir)).not.toContain('app.pid')
    const said = await instance.grepLog('box.cfg was changed')
    expect(said).toHaveLength(1)
    expect(said[0]).toMatch(
      /: the fixture keeps its own background, custom_proc_title, listen, log, log_nonblock, memtx_dir, pid_file, username, vinyl_dir, wal_dir, work_dir$/,
    )
  })

  test('sets the engine for transactions', async context => {
    skipWithout('the MVCC engine', context)
    const instance = await startInstance({ appLua: 'box.cfg{ memtx_use_mvcc_engine = true }' })
    expect(await instance.eval('return box.cfg.memtx_use_mvcc_engine')).toEqual([true])
  })

  test('gives way to the options of the user, in each call', async () => {
    const instance = await startInstance({
      boxCfg: { memtx_memory: 50 * 2 ** 20, readahead: 30720 },
      extraBoxCfg: 'replication_timeout = 0.25, slab_alloc_minimal = 32',
      logLevel: 4,
      walMode: 'fsync',
      appLua: `
        box.cfg{
          memtx_memory = 40 * 2 ^ 20, wal_mode = 'none', log_level = 6, replication_timeout = 3,
          memtx_min_tuple_size = 64, net_msg_max = 100,
        }
        box.cfg{ memtx_memory = 45 * 2 ^ 20, readahead = 10240, net_msg_max = 200 }`,
    })
    expect(
      await instance.eval(`return box.cfg.memtx_memory, box.cfg.readahead, box.cfg.replication_timeout,
        box.cfg.log_level, box.cfg.wal_mode, box.cfg.memtx_min_tuple_size, box.cfg.net_msg_max`),
    ).toEqual([50 * 2 ** 20, 30720, 0.25, 4, 'fsync', 32, 200])
  })

  test('says which options the user decides', async () => {
    const instance = await startInstance({
      boxCfg: { readahead: 30720, net_msg_max: 100 },
      appLua: 'box.cfg{ readahead = 10240, net_msg_max = 100 }',
    })
    expect(await instance.grepLog('box.cfg was changed')).toEqual([
      expect.stringMatching(/: the test's config decides readahead$/),
    ])
  })

  test('makes a source of a server that replicates', async () => {
    const source = await startInstance({ walMode: 'write' })
    const { port } = source
    const replica = await startInstance({
      appLua: `box.cfg{ replication = '127.0.0.1:${port}', replication_timeout = 0.1 }`,
    })
    expect(await replica.eval('return box.cfg.wal_mode, #box.info.replication')).toEqual(['write', 2])
  })

  test('cannot move a running server from a fiber', async () => {
    const instance = await startInstance({
      appLua: `
        box.cfg{ ${first} } ${space}
        function later()
          require('fiber').create(function()
            require('fiber').sleep(0)
            box.cfg{ listen = '127.0.0.1:0', work_dir = 'elsewhere', readahead = 10240 }
            require('log').info('has configured')
          end)
        end
        function reload() box.cfg{ listen = 3301, work_dir = 'elsewhere', readahead = 5120 } end`,
    })
    await instance.call('later')
    await instance.waitForLog('has configured')
    expect(await instance.eval('return box.cfg.readahead')).toEqual([10240])
    await instance.call('reload')
    expect(await instance.eval('return box.cfg.readahead, box.info.pid')).toEqual([5120, instance.pid])
  })
})

describe('an application without its own box.cfg', () => {
  test.each(
    Object.entries({
      'box.space': 'local spaces = box.space',
      'box.schema': "box.schema.user.create('ann')",
      'box.info': 'assert(box.info.ro == false)',
      'box.info()': 'assert(box.info().pid > 0)',
      'box.once': "box.once('schema', function() end)",
      'box.begin': 'box.begin() box.commit()',
      'box.cfg.listen': "assert(box.cfg.listen ~= nil and type(box.cfg) == 'table')",
      'box.ctl.wait_rw': 'box.ctl.wait_rw()',
      'box.session.su': "box.session.su('admin', function() return box.space end)",
      'box.execute (SQL)': 'if box.execute then box.execute("select 1") end',
      'a space, in a fiber': "require('fiber').create(function() local spaces = box.space end)",
    }),
  )('has a configured server when it uses %s', async (_, lua) => {
    const instance = await startInstance({ appLua: `${lua}\nassert(type(box.cfg) == 'table') ${space}` })
    expect(await configured(instance)).toEqual(ofFixture)
  })

  test('has a server that is configured at the end', async () => {
    const instance = await startInstance({ appLua: 'kind = type(box.cfg)', boxCfg: { readahead: 20480 } })
    expect(await instance.eval('return kind, type(box.cfg), box.cfg.readahead')).toEqual(['function', 'table', 20480])
    expect(await instance.eval('return pcall(function() return print.name end)')).toEqual([false, expect.any(String)])
  })

  test('logs in the usual form from its first line on', async context => {
    skipWithout('log.cfg', context)
    const appLua = "local log = require('log') log.warn('early') log.debug('early, too')"
    const instance = await startInstance({ appLua, logLevel: 7 })
    expect(await instance.grepLog('early')).toEqual([
      expect.stringMatching(/ W> early$/),
      expect.stringMatching(/ D> early, too$/),
    ])
    const inJson = await startInstance({ appLua, boxCfg: { log_format: 'json' } })
    expect(JSON.parse(await inJson.waitForLog('early'))).toMatchObject({ level: 'WARN', message: 'early' })
  })
})

describe('the account', () => {
  test("is there right after the application's box.cfg, which may create it again", async () => {
    const instance = await startInstance({
      credentials: { user: 'shop', password: 'of the test' },
      appLua: `
        box.cfg{ ${first} }
        existed = box.schema.user.exists('shop')
        box.schema.user.create('shop', { password = 'of production' })
        box.schema.user.grant('shop', 'super')
        box.schema.user.grant('shop', 'read,write,execute', 'universe')
        box.schema.user.create('other')
        ${space}`,
    })
    expect(await configured(instance)).toEqual(ofApplication)
    expect(await instance.eval('return existed, box.session.user()')).toEqual([true, 'shop'])
    // The functions are Tarantool's again.
    await expect(instance.eval("box.schema.user.create('shop')")).rejects.toThrow("User 'shop' already exists")
  })

  test('has its password, whatever the application sets', async () => {
    const credentials = { user: 'shop', password: 'of the test' }
    const appLua = "box.cfg{} box.schema.user.passwd('shop', 'of production')"
    const instance = await startInstance({ credentials, appLua })
    expect(await instance.eval('return box.session.user()')).toEqual(['shop'])
  })

  test('is guest, whom the application may grant the same role', async () => {
    const appLua = `box.cfg{} box.schema.user.grant('guest', 'super') box.schema.user.grant('guest', 'execute', 'role', 'super')`
    const instance = await startInstance({ appLua })
    await instance.eval("box.schema.space.create('made_by_guest')")
  })

  test('stays in a server that is read-only at first', async () => {
    const instance = await startInstance({
      credentials: 'random',
      appLua: `
        local is_old = #require('fio').glob('*.snap') > 0
        box.cfg{ read_only = is_old, wal_mode = 'write' }
        was_read_only = box.info.ro
        box.cfg{ read_only = false }`,
    })
    await instance.restart()
    expect(await instance.eval('return was_read_only, box.session.user()')).toEqual([true, instance.credentials?.user])
  })
})

describe('an application that calls box.cfg', () => {
  useOwnCache()

  test('is reset to the state after its start', async () => {
    const instance = await startInstance({ recordChanges: true, appLua: `box.cfg{ listen = 3301, ${first} } ${space}` })
    await instance.eval('box.space.rows:insert({ 2 }) box.cfg{ readahead = 1024 }')
    const { pid } = instance
    await instance.reset()
    expect(await configured(instance)).toEqual(ofApplication)
    expect(instance.pid).toBe(pid)
  })

  test('takes over an address', async () => {
    const appLua = `box.cfg{ listen = 3301, ${first} } ${space} box.cfg{ listen = 3302 }`
    const before = await startInstance({ appLua })
    const { port, credentials } = before
    const spare = newInstance({ appLua, port, credentials })
    await spare.standBy()
    await before.kill()
    await spare.takeOver()
    expect(await configured(spare)).toEqual(ofApplication)
  })

  test('finds its data again', async () => {
    const instance = await startInstance({ appLua: `box.cfg{ ${first} } box.once('schema', function() ${space} end)` })
    await instance.eval('box.space.rows:insert({ 2 })')
    await instance.restart()
    expect(await configured(instance)).toEqual([...ofApplication.slice(0, 3), 2])
  })

  test('starts from a template of its seed, and finds its data again', async () => {
    const appLua = `
      local address = os.getenv('TARANTOOL_LISTEN')
      box.cfg{ listen = address, ${first} }
      box.schema.space.create('rows', { if_not_exists = true }):create_index('pk', { if_not_exists = true })`
    const seedLua = "os.getenv('APP_PORT') require('log').info('seeding') box.space.rows:insert({ 1 })"
    const options = { appLua, seedLua, env: { APP_PORT: '<% port %>' } }
    for (const seeds of [1, 0, 0]) {
      const instance = await startInstance(options)
      expect(await configured(instance)).toEqual(ofApplication)
      expect(await instance.grepLog('seeding')).toHaveLength(seeds)
      await instance.restart()
      expect(await configured(instance)).toEqual(ofApplication)
    }
  })

  test('learns its address from TARANTOOL_LISTEN, which the user may replace', async () => {
    const appLua = "address = os.getenv('TARANTOOL_LISTEN')"
    const instance = await startInstance({ appLua })
    expect(await instance.eval('return address')).toEqual([instance.uri.replace(/^.*@/, '')])
    const other = await startInstance({ appLua, env: { TARANTOOL_LISTEN: 'mine' } })
    expect(await other.eval('return address')).toEqual(['mine'])
  })

  test.each(
    Object.entries({
      'in its own call': { appLua: "\nbox.cfg{ wal_mode = 'never' }", says: /refused 'wal_mode': appLua:2: / },
      'in a later call': {
        appLua: "box.cfg{ wal_mode = 'none' }\nbox.cfg{ wal_mode = 'write' }",
        says: /refused 'wal_mode': appLua:2: (.|\n)*Only the first call/,
      },
      "in the user's": {
        appLua: 'local spaces = box.space',
        boxCfg: { wal_mode: 'never' },
        says: /refused 'wal_mode': (?!appLua)/,
      },
      "in the user's, at the end": { boxCfg: { wal_mode: 'never' }, says: /refused 'wal_mode': (?!appLua)/ },
    }),
  )('is told about an option that Tarantool refuses %s', async (_, { says, ...options }) => {
    const failure = await failureOf(options)
    expect(failure).toBeInstanceOf(BoxCfgError)
    expect(failure.message).toMatch(says)
  })

  test('is told that its port is taken', async () => {
    const port = await freePort()
    await startInstance({ port })
    const failure = await failureOf({ port, timeout: 500, appLua: 'pcall(box.cfg, { listen = 3301 })' })
    expect(failure).toBeInstanceOf(PortTakenError)
  })
})
