import { readFileSync } from 'node:fs'
import type { InstanceOptions, TarantoolInstance } from '../../src/index.ts'
import { startInstance } from './instances.ts'
import { isZygote, processes } from './processes.ts'

/** The parent of a process. */
export function parentOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
}

/** The process id of a running instance. */
export function pidOf(instance: TarantoolInstance): number {
  if (!instance.pid) throw new Error('it does not run')
  return instance.pid
}

/** Whether an instance's server was forked by a zygote of this process. */
export function isForked(instance: TarantoolInstance): boolean {
  const parent = parentOf(pidOf(instance))
  return parent !== process.pid && parentOf(parent) === process.pid
}

/** The zygotes of this process. */
export function zygotes(): number[] {
  return processes()
    .filter(running => running.parent === process.pid && isZygote(running))
    .map(({ pid }) => pid)
}

/** A server that a zygote has forked; the first server of a file's process is spawned. */
export async function startForked(options: InstanceOptions = {}): Promise<TarantoolInstance> {
  for (let attempt = 0; attempt < 3; attempt++) {
    const instance = await startInstance({ prefork: true, ...options })
    if (isForked(instance)) return instance
    await instance.stop()
  }
  throw new Error('no server is forked here')
}
