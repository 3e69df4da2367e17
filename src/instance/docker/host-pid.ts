import { readdirSync, readFileSync } from 'node:fs'

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/**
 * The process id on this machine of a container's first process, by the container's id. Undefined if the engine runs on
 * another machine, or in a virtual machine. It reads a few files of /proc. A question to the engine would cost a
 * process.
 */
export function hostPid(containerId: string): number | undefined {
  if (process.platform !== 'linux' || containerId === '') return undefined
  // The newest processes come first, because the container's process is one of them.
  const pids = readdirSync('/proc')
    .map(Number)
    .filter(pid => pid > 0)
    .sort((a, b) => b - a)
  return pids.find(
    pid => read(`/proc/${pid}/cgroup`).includes(containerId) && /^NSpid:.*\t1$/m.test(read(`/proc/${pid}/status`)),
  )
}
