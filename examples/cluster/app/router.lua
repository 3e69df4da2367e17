-- A small router, so that the example needs no rock. A real application has the rock `vshard`, which can also move data
-- from shard to shard.
local config = require('config')
local digest = require('digest')
local net_box = require('net.box')

-- The shards: the names of the replica sets of storages, and of their instances.
local shards, instances = {}, {}
for name, instance in pairs(config:instances()) do
    if instance.group_name == 'storages' then
        local shard = instance.replicaset_name
        if not instances[shard] then table.insert(shards, shard) end
        instances[shard] = instances[shard] or {}
        table.insert(instances[shard], name)
    end
end
table.sort(shards)

-- The number of buckets stays when shards are added, so that few users would have to move.
local buckets = 1024

local function shard_of(id)
    local bucket = digest.crc32(tostring(id)) % buckets
    return shards[math.floor(bucket * #shards / buckets) + 1]
end

local connections = {}

-- An instance that does not run refuses the connection at once.
local function connect(name)
    if not connections[name] or not connections[name]:is_connected() then
        local uri = config:instance_uri('peer', { instance = name })
        connections[name] = net_box.connect(uri, { connect_timeout = 1 })
    end
    return connections[name]
end

-- Calls a function of the shard's leader, which is the instance that can write.
local function call_leader(shard, name, ...)
    for _, instance in ipairs(instances[shard]) do
        local connection = connect(instance)
        if connection:is_connected() and connection:call('is_leader') then
            return connection:call(name, { ... })
        end
    end
    error(("shard '%s' has no leader"):format(shard), 0)
end

function add_user(id, name) return call_leader(shard_of(id), 'add_user', id, name) end

function get_user(id) return call_leader(shard_of(id), 'get_user', id) end

function count_users()
    local count = 0
    for _, shard in ipairs(shards) do count = count + call_leader(shard, 'count_users') end
    return count
end
