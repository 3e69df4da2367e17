import { relative } from 'node:path'
import type { KeptFileName } from './manifest.ts'

/** A path for the machine of the failure, and for another one, where the same project is somewhere else. */
export const placeInProject = (file: string): KeptFileName => ({ file, relative: relative(process.cwd(), file) })
