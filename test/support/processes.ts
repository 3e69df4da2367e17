import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

export interface RunningProcess {
  readonly pid: number
  readonly parent: number
  readonly command: string
  readonly cwd: string
}

function look<Value>(read: () => Value, otherwise: Value): Value {
  try {
    return read()
  } catch {
    return otherwise
  }
}

/** The processes of this machine, less its zombies. Linux only. */
export function processes(): RunningProcess[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .flatMap(pid => {
      const stat = look(() => readFileSync(`/proc/${pid}/stat`, 'utf8'), '')
      const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      if (state === undefined || state === '' || state === 'Z' || state === 'X') return []
      const command = look(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '), '')
      const cwd = look(() => readlinkSync(`/proc/${pid}/cwd`), '')
      return [{ pid, parent: Number(parent), command, cwd }]
    })
}

/** Whether a process is a Tarantool that servers are forked from. */
export const isZygote = ({ command }: RunningProcess): boolean => command.includes('prefork/boot.lua')

/** The servers that run below a directory, the directory itself being gone or not. */
export function serversBelow(root: string): RunningProcess[] {
  return processes().filter(({ cwd }) => cwd.startsWith(`${root}/`))
}

/** The shell that clears up after a process. */
export function reaperOf(owner: number): RunningProcess | undefined {
  return processes().find(({ parent, command }) => parent === owner && command.includes('reaper.sh'))
}

/** Whether PATH has a program. */
export const hasProgram = (name: string): boolean => spawnSync('sh', ['-c', `command -v ${name}`]).status === 0
