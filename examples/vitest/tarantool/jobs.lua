-- A first-in, first-out queue; a taken job is hidden from others until it is finished.
local jobs = {}

local READY, TAKEN = 'ready', 'taken'

function jobs.create()
    local space = box.schema.space.create('jobs', {
        format = { { 'id', 'unsigned' }, { 'state', 'string' }, { 'kind', 'string' }, { 'payload', 'map' } },
        if_not_exists = true,
    })
    box.schema.sequence.create('job_id', { if_not_exists = true })
    space:create_index('primary', { sequence = 'job_id', if_not_exists = true })
    space:create_index('state', { parts = { 'state', 'id' }, if_not_exists = true })
end

function jobs.put(kind, payload)
    return box.space.jobs:insert({ box.NULL, READY, kind, payload })
end

function jobs.take()
    local job = box.space.jobs.index.state:min({ READY })
    if job == nil then return nil end
    return box.space.jobs:update(job.id, { { '=', 'state', TAKEN } })
end

function jobs.finish(id)
    local job = box.space.jobs:get(id)
    if job == nil or job.state ~= TAKEN then
        error(('job %d is not taken'):format(id))
    end
    require('log').info('finished job %d (%s)', id, job.kind)
    return box.space.jobs:delete(id)
end

function jobs.count(state)
    return box.space.jobs.index.state:count({ state })
end

return jobs
