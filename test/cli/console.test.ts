import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TarantoolInstance } from '../../src/index.ts'
import { temporaryDirectory } from '../support/instances.ts'
import { hasProgram } from '../support/processes.ts'
import { cli } from './support.ts'

let server: TarantoolInstance
const credentials = { user: 'app', password: 'p@ss:word' }

beforeAll(async () => {
  server = await new TarantoolInstance({
    credentials,
    appLua: `box.schema.space.create('users'):create_index('primary')`,
  }).start()
})

afterAll(async () => {
  await server.stop()
})

const evaluate = async (lua: string, target = String(server.port)) => await cli(['console', target, '--eval', lua])

describe('a script', () => {
  test.each([
    ['1 + 1, nil, "a"', '---\n- 2\n- null\n- a\n...'],
    ['box.space.users:insert({ 7, { b = 1 } })', "---\n- [7, {'b': 1}]\n..."],
    ['local a = 1\nlocal b = 2\nreturn a + b', '---\n- 3\n...'],
    ['function twice(n) return n * 2 end', '---\n...'],
    ['twice(4)', '---\n- 8\n...'],
    ['print("one", 2) return true', 'one\t2\n---\n- true\n...'],
    ['{ [1] = 1e100, f = print, nan = 0/0 }', expect.stringContaining('f: ')],
    ['-- only a comment', '---\n...'],
  ])('%j', async (lua, output) => {
    const { stdout, stderr, exitCode } = await evaluate(lua)
    expect([stdout, exitCode], stderr).toEqual([output, 0])
  })

  test('comes from stdin where no terminal is', async () => {
    const input = 'local sum = 0\nfor i = 1, 3 do\n  sum = sum + i\nend\nreturn sum'
    const { stdout, exitCode } = await cli(['console', String(server.port)], { input })
    expect([stdout, exitCode]).toEqual(['---\n- 6\n...', 0])
  })

  test.each([
    ['error("broken")', 'broken'],
    ['box.space.users.nothing.more', 'attempt to index'],
    ['for i = 1, 3 do', 'the script ends in the middle of a statement'],
    ['1 +* 1', "unexpected symbol near '1'"],
    ['box.error(box.error.NO_SUCH_SPACE, "x")', "Space 'x' does not exist"],
  ])('that fails says why, and exits with 1: %j', async (lua, message) => {
    const { stdout, stderr, exitCode } = await evaluate(lua)
    expect([stdout, exitCode]).toEqual(['', 1])
    expect(stderr).toContain(message)
  })
})

describe('the server', () => {
  const version = 'return box.info.pid'

  test.each([
    ['its port', () => String(server.port)],
    ['its address', () => `127.0.0.1:${server.port}`],
    ['its pid', () => String(server.pid)],
    ['its directory', () => server.workDir],
  ])('is named by %s', async (_, name) => {
    expect((await evaluate(version, name())).stdout).toBe(`---\n- ${server.pid}\n...`)
  })

  test('that this package did not start is named by a URI', async () => {
    // Without its directory, nothing tells that the server is one of this package's.
    const uri = `app:${encodeURIComponent(credentials.password)}@127.0.0.1:${server.port}`
    const { stdout } = await cli(['console', uri, '--eval', version, '--root', temporaryDirectory()])
    expect(stdout).toBe(`---\n- ${server.pid}\n...`)
  })

  test('has to be there', async () => {
    const root = temporaryDirectory()
    const none = await cli(['console', '--eval', '1', '--root', root])
    expect([none.exitCode, none.stderr]).toEqual([1, expect.stringMatching(/no server of yours runs .*\nStart a run/)])
    const other = await evaluate('1', 'nowhere')
    expect([other.exitCode, other.stderr]).toEqual([1, expect.stringContaining("no server matches 'nowhere'")])
    expect(other.stderr).toContain(`127.0.0.1:${server.port}`)
    const refused = await cli(['console', '127.0.0.1:1', '--eval', '1'])
    expect([refused.exitCode, refused.stderr]).toEqual([1, expect.stringContaining('ECONNREFUSED')])
  })

  test('has to be one', async () => {
    const root = temporaryDirectory()
    const [a, b] = [new TarantoolInstance({ root }), new TarantoolInstance({ root })]
    try {
      await Promise.all([a.start(), b.start()])
      const { exitCode, stderr } = await cli(['console', '--eval', '1', '--root', root])
      expect(exitCode).toBe(1)
      expect(stderr).toContain('several servers run')
      for (const { port } of [a, b]) expect(stderr).toContain(`127.0.0.1:${port}`)
    } finally {
      await Promise.all([a.stop(), b.stop()])
    }
  })
})

describe.skipIf(!hasProgram('script'))('a terminal', () => {
  /** A text to type, and the text that the console shows before it. Default: the prompt. */
  type Step = string | { readonly after: string; readonly type: string }

  /** Types texts into a console, one after another. */
  async function typed(
    steps: readonly Step[],
    cache: string,
    kind = 'dumb',
  ): Promise<{ text: string; exitCode: number }> {
    const command = `'${process.execPath}' dist/cli/index.js console ${server.port}`
    const terminal = spawn('script', ['-qefc', command, '/dev/null'], {
      env: { ...process.env, TARANTOOL_FIXTURE_CACHE: cache, TERM: kind },
    })
    let text = ''
    let seen = 0
    const rest = steps.map(step => (typeof step === 'string' ? { after: '> ', type: step } : step))
    terminal.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      const [step] = rest
      const at = step ? text.indexOf(step.after, seen) : -1
      if (!step || at < 0) return
      // The next step waits for something that was not shown yet.
      seen = text.length
      rest.shift()
      terminal.stdin.write(step.type)
    })
    const [exitCode] = (await once(terminal, 'close')) as [number]
    return { text, exitCode }
  }

  test('takes statements of several lines, keeps a history, and leaves the server running', async () => {
    const cache = temporaryDirectory()
    const { text, exitCode } = await typed(['for i = 5, 6 do\r', 'print(i * 111)\r', 'end\r', '\\q\r'], cache)
    expect([exitCode, text]).toEqual([0, expect.stringContaining('555\r\n666\r\n---')])
    expect(text).toContain('       > ')
    const history = join(cache, 'console-history')
    expect(readFileSync(history, 'utf8')).toBe('for i = 5, 6 do\nprint(i * 111)\nend\n\\q\n')
    expect(statSync(history).mode & 0o077).toBe(0)
    expect(await server.eval('return 1')).toEqual([1])
  })

  test('completes names with Tab, and ends with Ctrl-D', async () => {
    const { text, exitCode } = await typed(
      ['box.space.use\t', { after: 'rs', type: '.name\r' }, { after: '...', type: '\u0004' }],
      temporaryDirectory(),
      'xterm',
    )
    expect([exitCode, text]).toEqual([0, expect.stringContaining('- users')])
  })

  test('shows an error and goes on; Ctrl-C drops the input', async () => {
    const lines = ['error("broken")\r', 'for i = 1, 2 do\r', '\u0003', '40 + 2\r', '\\q\r']
    const { text, exitCode } = await typed(lines, temporaryDirectory())
    expect([exitCode, text]).toEqual([0, expect.stringContaining('error: broken')])
    expect(text).toContain('- 42')
  })
})
