-- A small HTTP server, so that the example needs no rock. A real application has the rock `http`.
local json = require('json')
local socket = require('socket')

local http = {}

local function read_request(peer)
    local head = peer:read('\r\n\r\n')
    local route = head:match('^(%u+ [^%s?]*)')
    local length = tonumber(head:lower():match('content%-length: *(%d+)') or 0)
    return route, length > 0 and peer:read(length) or ''
end

local function respond(peer, status, value)
    local body = json.encode(value)
    peer:write(('HTTP/1.1 %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%s')
        :format(status, #body, body))
end

-- Answers requests on a port. `routes`: functions by method and path, which get the body and return the answer.
function http.listen(port, routes)
    local server, message = socket.tcp_server('127.0.0.1', tonumber(port), function(peer)
        local route, body = read_request(peer)
        if routes[route] then
            respond(peer, '200 OK', routes[route](body))
        else
            respond(peer, '404 Not Found', { error = 'no such route' })
        end
    end)
    if not server then error(('cannot listen on port %s: %s'):format(port, message or require('errno').strerror())) end
end

return http
