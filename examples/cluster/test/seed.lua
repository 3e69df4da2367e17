for id, name in ipairs({ 'ann', 'bob', 'carol', 'dan', 'eve', 'frank' }) do add_user(id, name) end
