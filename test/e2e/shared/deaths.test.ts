import { describe, expect, test } from 'vitest'
import { projectUnder, runTests } from '../support/as-jest.ts'
import { outcomes } from '../support/report.ts'
import { resettingProject } from '../support/reset.ts'
import { jests, vitests } from '../support/runners.ts'

// Counts its processes: the second and third do not start, and the fifth ends at once.
const app = `
  local mark, n = os.getenv('MARKS'), 1
  while io.open(mark .. n) do n = n + 1 end
  io.open(mark .. n, 'w'):close()
  if n == 2 or n == 3 then error('port 8080 is taken') end
  if n == 5 then box.cfg({}) require('fiber').create(function() require('fiber').sleep(0.01) os.exit(7) end) end`

const file = `
  import { useTarantool } from 'tarantool-fixture/vitest'
  import { expect, test } from 'vitest'
  const tarantool = useTarantool()
  const answers = async () => expect(await tarantool.eval('return 1')).toEqual([1])
  test('1 is killed at its end', async () => {
    await answers()
    process.kill(tarantool.pid, 'SIGKILL')
  })
  test('2 hears why it has none', () => {})
  test('3 hears why it has none', () => {})
  test('4 has another', answers)
  test('5 exits', async () => { await tarantool.eval('os.exit(3)').catch(() => {}) })
  test('6 has one that exits by itself', async () => {
    while (true) await tarantool.eval('return 1')
  })
  test('7 has another', answers)`

describe.each([...vitests, ...jests])('$name', runner => {
  test('servers that die, and so do those in their place: each is told as it was', async () => {
    const project = projectUnder(runner, { ...resettingProject(), 'app.lua': app, 'a.test.ts': file })
    const { output } = await runTests(runner, project, { env: { MARKS: `${project.directory}/start-` } })
    const results = Object.fromEntries(Object.entries(outcomes(project)).map(([title, text]) => [title[0], text]))
    expect(output).not.toMatch(/Unhandled/)
    expect(Object.values(results).join('\n')).not.toContain('ResetError')
    // The worker may notice the death only after the test has ended.
    expect(`${results[1]}\n${results[2]}`).toMatch(/was killed by SIGKILL (during|before) this test/)
    for (const number of [2, 3]) expect.soft(results[number]).toContain('port 8080 is taken')
    expect.soft(results[5]).toMatch(/exited with code [13] during this test/)
    expect.soft(results[6]).toMatch(/exited with code 7 (during|before) this test/)
    expect.soft(results).toMatchObject({ 4: 'passed', 7: 'passed' })
    expect(project.servers()).toEqual([])
  })
})
