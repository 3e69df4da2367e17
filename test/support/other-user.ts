import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process'
import { chmodSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { onTestFinished } from 'vitest'
import { temporaryDirectory } from './instances.ts'

/** Result of a program. */
export interface Outcome {
  /** Undefined after a signal. */
  readonly exitCode: number | undefined
  readonly stdout: string
  readonly stderr: string
}

// `nobody` on every system that the tests run on. Only the id matters: the id needs no account.
const id = 65_534

// The tests' working directory may be closed to other users.
const as = (uid: number): SpawnOptions => ({ uid, gid: uid, cwd: '/' })

function canBecome(uid: number): boolean {
  if (process.getuid?.() !== 0) return false
  const { stdout } = spawnSync(process.execPath, ['--print', 'process.getuid()'], { ...as(uid), encoding: 'utf8' })
  return stdout?.trim() === String(uid)
}

/** The id of another user of the machine; undefined if the tests cannot act as another user. */
export const otherUser: number | undefined = canBecome(id) ? id : undefined

/** The id of a third user; undefined if there is no other user. */
export const thirdUser: number | undefined = otherUser === undefined ? undefined : otherUser - 1

/** Text for the names of tests that need another user. */
export const needsOtherUser = 'needs another user: run it as root'

/** Whether the other user can enter a directory, and all above it: a checkout may be in root's home. */
export function isOpenToOthers(directory: string): boolean {
  return directory === '/' || ((statSync(directory).mode & 0o005) === 0o005 && isOpenToOthers(dirname(directory)))
}

/** Starts an ES module, given as text, as the other user, or as `uid`. It is killed at the end of the test. */
export function spawnAsOther(
  script: string,
  args: readonly string[] = [],
  uid: number | undefined = otherUser,
): ChildProcess {
  if (uid === undefined) throw new Error(`this test ${needsOtherUser}`)
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script, ...args], {
    ...as(uid),
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

/** Runs an ES module, given as text, as the other user; `args` are `process.argv.slice(1)` there. */
export async function runAsOther(script: string, args: readonly string[] = []): Promise<Outcome> {
  const child = spawnAsOther(script, args)
  const texts = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text
    })
  }
  child.stdin?.end()
  return await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', exitCode => resolve({ exitCode: exitCode ?? undefined, ...texts }))
  })
}

/** A directory like /tmp for one test: everybody can make files in it, and remove only their own. */
export function sharedDirectory(): string {
  const directory = temporaryDirectory()
  chmodSync(directory, 0o1777)
  return directory
}
