import type { TestProject } from 'vitest/node'
import type { Run } from '../broker/run.ts'
import { isLuaBelow } from '../broker/server-files.ts'
import { sharedValue } from '../shared-value.ts'

/** The part of Vite's file watcher that is used here. */
interface Watcher {
  add(paths: string[]): void
  prependListener(event: 'add' | 'unlink', listener: (path: string) => void): void
  emit(event: 'change', path: string): void
}

const listening = sharedValue('watchers', () => new WeakMap<Watcher, Set<Run>>())

// Vitest treats paths as patterns, and a directory may be named [id].
const asPattern = (path: string): string => path.replaceAll(/[\\*?[\](){}!|+@]/g, '\\$&')

function addTriggers({ config, vitest }: TestProject, files: readonly string[]): void {
  const patterns = files.map(asPattern)
  for (const { forceRerunTriggers } of new Set([config, vitest.config])) {
    const known = new Set(forceRerunTriggers)
    forceRerunTriggers.push(...patterns.filter(pattern => !known.has(pattern)))
  }
}

/** Runs all tests again if a file that the servers are made from is changed, added or removed. */
export function watchFiles(project: TestProject, run: Run): void {
  const { vitest } = project
  if (!vitest.config.watch) return
  const { files, roots } = run.watched()
  addTriggers(project, files)
  const { watcher } = (vitest as unknown as { vite?: { watcher?: Watcher } }).vite ?? {}
  if (!watcher) return
  watcher.add([...files, ...roots])
  const runs = listening.get(watcher) ?? new Set()
  listening.set(watcher, runs)
  if (runs.has(run)) return
  runs.add(run)
  // Runs before Vitest's own listener, so that Vitest finds the new file among its triggers.
  watcher.prependListener('add', path => {
    if (isLuaBelow(path, run.watched().roots)) addTriggers(project, [path])
  })
  // Vitest runs no tests for a removed file.
  watcher.prependListener('unlink', path => {
    if (isLuaBelow(path, run.watched().roots)) watcher.emit('change', path)
  })
}
