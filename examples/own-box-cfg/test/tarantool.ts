import { defineTarantool } from 'tarantool-fixture/vitest/setup'

export default defineTarantool({
  appLua: './app/init.lua',
  // Each server has a free port of its own, which the tests read from `tarantool.ports.http`.
  ports: ['http'],
  // The application reads its ports from variables of its own.
  env: { NOTES_LISTEN: '<% listen %>', NOTES_HTTP_PORT: '<% ports.http %>' },
  // The tests need less of everything than production.
  boxCfg: { memtx_memory: 32 * 1024 * 1024 },
})
