// The file in `setupFilesAfterEnv`: in test files that never import this package, too, servers that die are told of.
import { hooksOfFile } from './installed-hooks.ts'

hooksOfFile()
