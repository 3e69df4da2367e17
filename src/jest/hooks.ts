// The file in `setupFilesAfterEnv`. It reports servers that die, also in test files that never import this package.
import { hooksOfFile } from './installed-hooks.ts'

hooksOfFile()
