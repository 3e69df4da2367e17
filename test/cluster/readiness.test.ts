import { join } from 'node:path'
import { expect, test } from 'vitest'
import { packageDirectory } from '../../src/package-files.ts'
import { startInstance } from '../support/instances.ts'

const file = join(packageDirectory, 'fixtures/cluster/readiness.lua')

// A gap in the replication depends on the times of several members, so `box` is a stand-in.
const withGap = `
local raising = ...
local stream, asked = { status = 'stopped', message = 'Missing .xlog file between 1 and 2' }, {}
local current = { replication = { 'a', 'b' }, replication_connect_quorum = 3, replication_connect_timeout = 30 }
local box = { info = { status = 'running', ro = false } }
box.info.replication = { { uuid = 'b', upstream = stream, downstream = { status = 'follow' } } }
box.cfg = setmetatable({}, {
    __index = current,
    __call = function(_, options)
        local sources = options.replication
        if sources then table.insert(asked, { #sources, current.replication_connect_quorum }) end
        if sources and #sources > 0 and raising > 0 then
            raising = raising - 1
            error('not now')
        end
        for name, value in pairs(options) do current[name] = value end
        if sources and #sources > 0 then stream.status = 'follow' end
    end,
})
local readiness = setfenv(loadfile('${file}'), setmetatable({ box = box }, { __index = _G }))
readiness({ peers = { { uuid = 'b' } }, without_config = true })()
return asked, current`

const left = [0, 3]
// Without a quorum, the call does not wait for sources that are not there.
const joined = [2, 0]

test.each([
  [0, [left, joined]],
  // A member without sources would get no changes any more.
  [2, [left, joined, joined, joined]],
])('a member closes a gap in its replication, although box.cfg raises %i errors', async (errors, asked) => {
  const instance = await startInstance()
  const options = { replication: ['a', 'b'], replication_connect_quorum: 3, replication_connect_timeout: 30 }
  expect(await instance.eval(withGap, errors)).toEqual([asked, options])
})
