import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { packageDirectory } from '../../../src/package-files.ts'
import { contentOf, isAlive, temporaryDirectory } from '../../support/instances.ts'
import { needsOtherUser, otherUser, sharedDirectory, spawnAsOther } from '../../support/other-user.ts'
import { hasProgram } from '../../support/processes.ts'

const script = join(packageDirectory, 'fixtures', 'reaper.sh')

/** Runs in a directory like a server: in a group of its own, without a terminal. */
function runIn(cwd: string): number {
  mkdirSync(cwd, { recursive: true })
  const child = spawn('sleep', ['1000'], { cwd, detached: true, stdio: 'ignore' })
  const pid = child.pid ?? 0
  onTestFinished(() => void child.kill('SIGKILL'))
  return pid
}

function reap(orders: readonly string[], processes: string): void {
  spawnSync('/bin/sh', [script, processes], { cwd: '/', input: orders.map(order => `${order}\n`).join('') })
}

describe.each([
  { by: '/proc', processes: '/proc', isThere: process.platform === 'linux', needs: 'Linux' },
  { by: 'lsof', processes: '/nowhere', isThere: hasProgram('lsof'), needs: 'lsof' },
])('the reaper finds processes by $by', ({ processes, isThere, needs }) => {
  test.skipIf(!isThere)(`it ends what runs in a directory that nobody told it of (needs ${needs})`, async () => {
    const root = temporaryDirectory()
    mkdirSync(join(root, 'real'))
    symlinkSync('real', join(root, 'link'))
    const directory = join(root, 'link', 'tnt-a b(1)')
    const removed = join(root, 'link', 'tnt-removed')
    const victims = [runIn(directory), runIn(join(directory, 'below')), runIn(removed)]
    const others = [runIn(join(root, 'real')), runIn(`${directory}2`)]
    rmSync(removed, { recursive: true })
    reap([`dir ${directory}`, `dir ${removed}`], processes)
    await expect.poll(() => victims.filter(isAlive), { timeout: 5000 }).toEqual([])
    expect(others.filter(isAlive)).toEqual(others)
    expect(contentOf(join(root, 'real'))).toEqual(['tnt-a b(1)2'])
  })
})

describe('the reaper', () => {
  test.skipIf(otherUser === undefined)(`ends no process of another user (${needsOtherUser})`, async () => {
    const directory = join(sharedDirectory(), 'tnt-of-root')
    mkdirSync(directory)
    const other = spawnAsOther(
      'process.chdir(process.argv[1]); console.log(process.cwd()); setInterval(() => {}, 1000)',
      [directory],
    )
    await new Promise(resolve => other.stdout?.once('data', resolve))
    reap([`dir ${directory}`], '/proc')
    expect(existsSync(directory)).toBe(false)
    expect(other.exitCode ?? other.signalCode).toBe(null)
    expect(isAlive(other.pid ?? 0)).toBe(true)
  })

  test.skipIf(otherUser === undefined)(
    `ends no process that another user's directory names, by a line break in its path (${needsOtherUser})`,
    async () => {
      const shared = sharedDirectory()
      const directory = join(shared, 'tnt-of-root')
      const victim = runIn(join(temporaryDirectory(), 'elsewhere'))
      const forged = `${shared}/x\n/proc/${victim}/cwd -> ${directory}`
      const other = spawnAsOther(
        `import { mkdirSync } from 'node:fs'
         mkdirSync(process.argv[1], { recursive: true })
         process.chdir(process.argv[1])
         console.log('inside')
         setInterval(() => {}, 1000)`,
        [forged],
      )
      await new Promise(resolve => other.stdout?.once('data', resolve))
      reap([`dir ${directory}`], '/proc')
      expect(isAlive(victim)).toBe(true)
    },
  )

  test.skipIf(process.platform !== 'linux' || !hasProgram('script'))(
    'leaves the shell of a terminal alone that looks at a directory',
    async () => {
      const directory = join(temporaryDirectory(), 'tnt-looked-at')
      mkdirSync(directory)
      const terminal = spawn('script', ['-qec', `cd '${directory}' && echo inside && cat`, '/dev/null'])
      onTestFinished(() => void terminal.kill('SIGKILL'))
      await new Promise(resolve => terminal.stdout.once('data', resolve))
      reap([`dir ${directory}`], '/proc')
      terminal.stdin.write('still here\n')
      const said = await new Promise(resolve => terminal.stdout.once('data', data => resolve(String(data))))
      expect(said).toContain('still here')
      expect(contentOf(directory)).toEqual([])
    },
  )

  test('removes a home when it is empty, and no other', () => {
    const home = temporaryDirectory()
    const directories = ['one', 'two'].map(name => join(home, name))
    for (const directory of directories) mkdirSync(directory)
    reap([`home ${home}`, `dir ${directories[0]}`], '/proc')
    expect(contentOf(home)).toEqual(['two'])
    reap([`home ${home}`, `dir ${directories[1]}`], '/proc')
    expect(existsSync(home)).toBe(false)
  })
})
