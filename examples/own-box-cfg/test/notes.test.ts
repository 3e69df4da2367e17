import { useTarantool } from 'tarantool-fixture/vitest'
import { expect, test } from 'vitest'

const tarantool = useTarantool()

const notes = (): string => `http://127.0.0.1:${tarantool.ports.http}/notes`
const listNotes = async (): Promise<unknown> => await (await fetch(notes())).json()

test('adds a note', async () => {
  const added = await fetch(notes(), { method: 'POST', body: 'buy milk' })
  expect(await added.json()).toBe(1)
  expect(await listNotes()).toEqual(['buy milk'])
})

test('starts without notes, whatever the test before has added', async () => {
  expect(await listNotes()).toEqual([])
})

test('has the options of its own box.cfg, and those of the tests', async () => {
  const options = 'return box.cfg.readahead, box.cfg.wal_mode, box.cfg.memtx_memory, box.cfg.pid_file'
  expect(await tarantool.eval(options)).toEqual([64 * 1024, 'write', 32 * 1024 * 1024, null])
})

test('says in its log what the fixture has kept', async () => {
  const [line] = await tarantool.grepLog('box.cfg was changed', { since: 0 })
  expect(line).toMatch(/the fixture keeps its own log, pid_file, work_dir; the test's config decides memtx_memory$/)
})

test('keeps its ports when the server is restarted', async () => {
  const address = notes()
  await tarantool.restart()
  expect(notes()).toBe(address)
  expect(await listNotes()).toEqual([])
})
