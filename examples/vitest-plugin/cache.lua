-- A cache whose entries expire.
local clock = require('clock')

local cache = box.schema.space.create('cache', {
    format = { { 'key', 'string' }, { 'value', 'any' }, { 'ends_at', 'number' } },
})
cache:create_index('primary')

function cache_set(key, value, seconds)
    return cache:replace({ key, value, clock.time() + seconds })
end

function cache_get(key)
    local entry = cache:get(key)
    if entry == nil or entry.ends_at <= clock.time() then return nil end
    return entry
end

function cache_size()
    return cache:count()
end
