-- A storage keeps the users of one shard. Its replicas have the same users.
local function create_space()
    local users = box.schema.space.create('users', { if_not_exists = true })
    users:format({ { 'id', 'unsigned' }, { 'name', 'string' } })
    users:create_index('primary', { if_not_exists = true })
end

-- The leader creates the space. After a failover, there is another leader.
box.watch('box.status', function(_, status)
    if not status.is_ro then create_space() end
end)

function is_leader() return not box.info.ro end

function add_user(id, name) return box.space.users:insert({ id, name }) end

function get_user(id) return box.space.users:get(id) end

function count_users() return box.space.users:len() end
