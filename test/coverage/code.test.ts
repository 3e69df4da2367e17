import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Code, readCode } from '../../src/coverage/code.ts'
import { callsAt } from '../../src/coverage/counts.ts'
import { writeFiles } from '../support/instances.ts'
import { resolvedServer } from '../support/resolved.ts'

/** The code of one file, and the complaints about it. */
async function codeOf(
  text: string,
  options = {},
): Promise<{ code: Code | undefined; isWhole: boolean; told: string[] }> {
  const at = writeFiles({ 'file.lua': text })
  const file = join(at, 'file.lua')
  const told: string[] = []
  const counts = new Map([[file, new Map([[2, 1]])]])
  const { codes, isWhole } = await readCode([file], counts, resolvedServer(options), line => told.push(line))
  return { code: codes.get(file), isWhole, told }
}

// A line that ends in `!` has code. LuaJIT gives an instruction the line at which its expression ends.
const marked = `#!/usr/bin/env tarantool
-- A comment.
local a = 1 --!
local declared --!

if a > 1 then --!
    a = 2 --!
elseif a == 0 then --!
    a = 3 --!
else
    a = 4 --!
end
for i = 1, 2 do --!
    a = a + i --!
end -- the end
repeat
    a = a - 1 --!
until a < 0 --!
local text = [[
end
]]
function both(x) --!
    if x then return 1 else return 2 end --!
end
local t = { --!
    name = 'x',
    method = function(self) return self end, --!
}
t.other = function()
    return text --!
end
return t --!
`

test('the lines with code, and no line that only ends a block', async () => {
  const { code, isWhole } = await codeOf(marked)
  expect(isWhole).toBe(true)
  const lines = marked.split('\n').flatMap((line, index) => (line.endsWith('--!') ? [index + 1] : []))
  expect(code?.lines).toEqual(lines)
})

test('the functions, with their names and the lines whose counts are their calls', async () => {
  const { code } = await codeOf(marked)
  const shown = code?.functions.map(({ name, firstLine, lastLine, entryLine }) => [
    name,
    firstLine,
    lastLine,
    entryLine,
  ])
  expect(shown).toEqual([
    ['both', 22, 24, 23],
    ['method', 27, 27, callsAt(27)],
    ['t.other', 29, 31, 30],
  ])
})

test('a file that does not compile is named, and the others are reported', async () => {
  const { code, told } = await codeOf('local =\n')
  expect(code).toBeUndefined()
  expect(told).toEqual([
    expect.stringMatching(/file\.lua does not compile, so it is not in the report: .*file\.lua:1: /),
  ])
})

test('if no Tarantool starts, the lines that ran are reported', async () => {
  const { code, isWhole, told } = await codeOf('\nlocal a = 1\nlocal b = 2\n', { commandToRun: '/bin/false' })
  expect(code?.lines).toEqual([2])
  expect(isWhole).toBe(false)
  expect(told).toEqual([expect.stringMatching(/^only lines that ran are reported/)])
})
