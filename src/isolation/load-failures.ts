import { loadModule } from '../load-module.ts'
import type * as failures from './failures.ts'

/** Loads the errors of this folder. Few test files need them. */
export const loadFailures = async (): Promise<typeof failures> => await loadModule(() => import('./failures.ts'))
