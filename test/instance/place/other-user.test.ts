import { once } from 'node:events'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { contentOf, startInstance } from '../../support/instances.ts'
import { needsOtherUser, otherUser, runAsOther, sharedDirectory, spawnAsOther } from '../../support/other-user.ts'

// Prints what could be read of the paths that it gets.
const reader = `
  import { readdirSync, readFileSync, statSync } from 'node:fs'
  const look = path => {
    try {
      if (statSync(path).isDirectory()) return readdirSync(path)
      return readFileSync(path, 'utf8').length
    } catch (error) {
      return error.code
    }
  }
  console.log(JSON.stringify(process.argv.slice(1).map(look)))`

describe.skipIf(otherUser === undefined)(`beside another user (${needsOtherUser})`, () => {
  test('a server, its log and its console are closed to that user', async () => {
    const { workDir } = await startInstance({ root: sharedDirectory(), credentials: 'random' })
    const paths = [workDir, ...contentOf(workDir).map(name => join(workDir, name))]
    const { stdout } = await runAsOther(reader, paths)
    expect(new Set(JSON.parse(stdout))).toEqual(new Set(['EACCES']))
    const console = spawnAsOther(
      `import { connect } from 'node:net'
       connect(process.argv[1]).on('error', ({ code }) => process.exit(code === 'EACCES' ? 7 : 8))`,
      [join(workDir, 'console.sock')],
    )
    expect(await once(console, 'exit')).toEqual([7, null])
  })
})
