import { join } from 'node:path'
import { expect, test } from 'vitest'
import { packageDirectory } from '../../src/package-files.ts'
import { startInstance } from '../support/instances.ts'

const file = join(packageDirectory, 'fixtures/cluster/readiness.lua')

// A gap in the replication depends on the times of several members, so `box` is a stand-in.
const withGap = `
local raising = ...
local stream, asked = { status = 'stopped', message = 'Missing .xlog file between 1 and 2' }, {}
local sources = { 'a', 'b' }
local box = { info = { status = 'running', ro = false } }
box.info.replication = { { uuid = 'b', upstream = stream, downstream = { status = 'follow' } } }
box.cfg = setmetatable({}, {
    __index = function() return sources end,
    __call = function(_, options)
        table.insert(asked, #options.replication)
        if #options.replication > 0 and raising > 0 then
            raising = raising - 1
            error('not now')
        end
        sources = options.replication
        if #sources > 0 then stream.status = 'follow' end
    end,
})
local readiness = setfenv(loadfile('${file}'), setmetatable({ box = box }, { __index = _G }))
readiness({ peers = { { uuid = 'b' } }, without_config = true })()
return asked, sources`

test.each([
  [0, [0, 2]],
  // A member without sources would get no changes any more.
  [2, [0, 2, 2, 2]],
])('a member closes a gap in its replication, although box.cfg raises %i errors', async (errors, asked) => {
  const instance = await startInstance()
  expect(await instance.eval(withGap, errors)).toEqual([asked, ['a', 'b']])
})
