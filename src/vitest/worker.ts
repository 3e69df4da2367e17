// The setup file that the global setup adds to a project: it runs in the worker, before each test file is imported. Vitest
// itself evaluates this file, which is slow. So all other code is in a module that Node loads.
import { beginFile } from './test-file-hooks.ts'

await beginFile()
