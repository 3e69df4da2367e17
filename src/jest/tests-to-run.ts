import type { CircusBlock, CircusState, CircusTest } from './circus.ts'

/** The tests of a block that jest-circus is going to run, in order. */
export function testsToRun(block: CircusBlock, circus: CircusState): CircusTest[] {
  if (block.mode === 'skip') return []
  return block.children.flatMap(child => {
    if (child.type === 'describeBlock') return testsToRun(child, circus)
    const isOut = child.mode === 'skip' || child.mode === 'todo' || (circus.hasFocusedTests && child.mode !== 'only')
    return isOut || circus.testNamePattern?.test(nameOf(child)) === false ? [] : [child]
  })
}

function nameOf({ name, parent }: CircusTest): string {
  const names = [name]
  for (let at: CircusBlock | undefined = parent; at?.parent; at = at.parent) names.unshift(at.name)
  return names.join(' ')
}
