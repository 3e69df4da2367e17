import type { TestModule } from 'vitest/node'

/**
 * Lists reasons for skipped tests, one per line, with the number of tests. A test without a reason appears by its name.
 */
export function skipsOf(modules: readonly TestModule[]): string[] {
  const counts = new Map<string, number>()
  for (const module of modules) {
    for (const test of module.children.allTests('skipped')) {
      const result = test.result()
      const note = result.state === 'skipped' ? result.note : undefined
      const reason = note ?? `${module.relativeModuleId} > ${test.fullName}`
      counts.set(reason, (counts.get(reason) ?? 0) + 1)
    }
  }
  return [...counts].map(([reason, number]) => `${number} × ${reason}`)
}
