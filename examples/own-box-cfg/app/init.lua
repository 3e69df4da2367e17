#!/usr/bin/env tarantool
-- The application as it is deployed: `tarantool init.lua`. No line of it is for tests.
local http = require('lib.http')
local log = require('log')

log.info('notes: starting')

box.cfg {
    listen = os.getenv('NOTES_LISTEN') or '0.0.0.0:3301',
    work_dir = os.getenv('NOTES_DIRECTORY') or '/var/lib/notes',
    pid_file = '/run/notes.pid',
    log = '/var/log/notes.log',
    memtx_memory = 64 * 1024 * 1024,
    wal_mode = 'write',
    readahead = 64 * 1024,
}

box.once('notes', function()
    local notes = box.schema.space.create('notes')
    notes:format({ { 'id', 'unsigned' }, { 'text', 'string' } })
    notes:create_index('primary', { sequence = true })
    box.schema.user.create('notes_api', { password = 'secret' })
    box.schema.user.grant('notes_api', 'read,write', 'space', 'notes')
end)

http.listen(os.getenv('NOTES_HTTP_PORT') or 8080, {
    ['GET /notes'] = function()
        local texts = {}
        for _, note in box.space.notes:pairs() do table.insert(texts, note[2]) end
        return texts
    end,
    ['POST /notes'] = function(text)
        return box.space.notes:insert({ box.NULL, text })[1]
    end,
})
