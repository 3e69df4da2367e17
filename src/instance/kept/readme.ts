import type { KeptManifest } from './manifest.ts'

/** The README in the kept directory of a server. */
export function readmeOf({
  test,
  testFile,
  made,
  tarantool,
  temporary,
  server,
  instance,
  reason,
}: KeptManifest): string {
  const name = instance === undefined ? `server '${server}'` : `instance '${instance}' of the cluster '${server}'`
  const version = tarantool === '' ? '' : ` (Tarantool ${tarantool})`
  const missing = temporary.length === 0 ? '' : ` Temporary spaces are missing: ${temporary.join(', ')}.`
  const noSnapshot = reason === undefined ? '' : ` It wrote no snapshot: ${reason}.`
  return [
    `The data of ${name}${version} when ${failureOf({ test, testFile })}, at ${made}.${missing}${noSnapshot}`,
    'To look at it, on any machine: npx tarantool-fixture open DIRECTORY (--bare leaves the application out).',
    'To remove it: npx tarantool-fixture clean',
    '',
  ].join('\n')
}

function failureOf({ test, testFile }: Pick<KeptManifest, 'test' | 'testFile'>): string {
  return test === undefined ? 'a test failed' : `'${test}'${testFile === undefined ? '' : ` in ${testFile}`} failed`
}

/** The README in the kept directory of a cluster. */
export function clusterReadmeOf(
  { test, testFile, server, tarantool }: Pick<KeptManifest, 'test' | 'testFile' | 'server' | 'tarantool'>,
  members: readonly string[],
): string {
  const version = tarantool === '' ? '' : ` (Tarantool ${tarantool})`
  return [
    `The data of the cluster '${server}'${version} when ${failureOf({ test, testFile })}. Its instances: ${members.join(', ')}.`,
    'To look at one, on any machine: npx tarantool-fixture open DIRECTORY/INSTANCE (--bare leaves the application out).',
    'To remove it: npx tarantool-fixture clean',
    '',
  ].join('\n')
}
