import { statSync } from '../node-builtins.ts'

/** The size of a log in bytes, 0 if there is none. It is the offset at which the next line begins. */
export const sizeOfLog = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0
