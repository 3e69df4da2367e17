let last: Promise<unknown> = Promise.resolve()

/**
 * Loads a module on first use. Test files then do not load it. Loads modules one after another: in their vm pools, Vitest 3
 * and 4 cannot link two modules at the same time.
 *
 * @example
 * const { tailOf } = await loadModule(() => import('../log/tail.ts'))
 */
export function loadModule<Module>(importModule: () => Promise<Module>): Promise<Module> {
  const module = last.then(importModule, importModule)
  last = module
  return module
}
