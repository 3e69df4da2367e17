-- The application, which runs on each member. The leader creates the space, and the others have it by then.
local format = { { 'id', 'unsigned' }, { 'name', 'string' } }
local users = box.schema.space.create('users', { if_not_exists = true, format = format })
users:create_index('primary', { if_not_exists = true })

function is_writable() return not box.info.ro end

-- A client that got no answer can send the same user again.
function put_user(id, name) return box.space.users:replace({ id, name }) end

function count_users() return box.space.users:len() end
