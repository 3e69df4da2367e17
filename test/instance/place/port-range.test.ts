import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import { sharedPlace } from '../../../src/instance/place/place.ts'
import { rangeBeside } from '../../../src/instance/place/port-range.ts'
import { startInstance } from '../../support/instances.ts'

test.each([
  { what: 'as Linux has it', first: 32_768, last: 60_999, range: [10_000, 32_767] },
  { what: 'as macOS has it', first: 49_152, last: 65_535, range: [10_000, 49_151] },
  { what: 'from 1024 on', first: 1024, last: 65_000, range: [65_001, 65_535] },
  { what: 'from a low port on', first: 5000, last: 65_535, range: [1024, 4999] },
  { what: 'of all', first: 1024, last: 65_535, range: undefined },
])('ports are chosen beside an ephemeral range $what', ({ first, last, range }) => {
  const { from, to } = rangeBeside(first, last, '') ?? {}
  expect(from === undefined ? undefined : [from, to]).toEqual(range)
})

test('ports that the system keeps for something else are left out', () => {
  const { isExcluded } = rangeBeside(32_768, 60_999, '3301,20000-20010,30000\n') ?? {}
  expect([3301, 19_999, 20_000, 20_010, 20_011, 30_000].map(port => isExcluded?.(port))).toEqual([
    ...[true, false, true, true, false, true],
  ])
})

const built = new URL('../../../dist/index.js', import.meta.url).href

function run(script: string): ChildProcess {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error('no stdout')
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  return line
}

const lockOf = (port: number): string => join(sharedPlace() ?? '', 'ports', String(port))

test('eight processes that choose twenty ports each have no port in common, and leave no lock', async () => {
  const script = `
    import { TarantoolInstance } from '${built}'
    const ports = await Promise.all(Array.from({ length: 20 }, () => TarantoolInstance.getRandomPort()))
    console.log(JSON.stringify(ports))
    process.stdin.resume().on('end', () => process.exit())`
  const children = Array.from({ length: 8 }, () => run(script))
  const ports = (await Promise.all(children.map(firstLine))).flatMap(line => JSON.parse(line) as number[])
  expect(new Set(ports).size).toBe(160)
  expect(ports.every(port => existsSync(lockOf(port)))).toBe(true)
  // One half ends in order, and the other is killed.
  for (const child of children.slice(0, 4)) child.stdin?.end()
  for (const child of children.slice(4)) child.kill('SIGKILL')
  await expect.poll(() => ports.filter(port => existsSync(lockOf(port))), { timeout: 20_000 }).toEqual([])
})

const isLinux = process.platform === 'linux'

test.skipIf(!isLinux)(`a restart keeps its port under pressure${isLinux ? '' : ' (skipped: Linux only)'}`, async () => {
  const grabber = run(`
    import { createServer } from 'node:net'
    const grab = () => createServer().listen(0, '127.0.0.1', function () { this.close(grab) })
    for (let count = 0; count < 50; count++) grab()
    console.log('grabs')`)
  await firstLine(grabber)
  const instance = await startInstance({ consoleHost: '127.0.0.1' })
  const [first = 0] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split(/\s+/).map(Number)
  const addresses = [Number(instance.port), Number(instance.consolePort)]
  expect(Math.max(...addresses)).toBeLessThan(first)
  for (let count = 0; count < 20; count++) {
    await instance.restart()
    expect([instance.port, instance.consolePort]).toEqual(addresses)
  }
})
