import { spawnSync } from 'node:child_process'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { writeFiles } from './instances.ts'

// `nobody`, as which a user namespace shows all users that it does not contain.
const nobody = 65_534

/** Starts a command in a user namespace that contains this user only, by another id. */
export const inUserNamespace = (uid: number): readonly string[] => ['unshare', '--user', `--map-user=${uid}`]

const canUse = (uid: number): boolean => {
  const [command = '', ...args] = inUserNamespace(uid)
  return spawnSync(command, [...args, 'true']).status === 0
}

export const hasUserNamespaces: boolean = canUse(0) && canUse(nobody)

/** Text for the names of tests that need such namespaces. */
export const needsUserNamespaces = 'needs user namespaces: run it as root, with unshare'

/** Makes a program that runs Tarantool in a user namespace as nobody, in the test's own directory. */
export function tarantoolAsNobody(): string {
  const command = inUserNamespace(nobody).join(' ')
  const directory = writeFiles({ nobody: `#!/bin/sh\nexec ${command} "\${TARANTOOL_BIN:-tarantool}" "$@"\n` })
  chmodSync(join(directory, 'nobody'), 0o755)
  return join(directory, 'nobody')
}
