-- SPDX-License-Identifier: MIT
-- server.lua - an application on luv, which is libuv for Lua. LuaJIT has no HTTP server of its own: what there is
-- of HTTP here reads one request for each connection.
--
--     luajit server.lua 8080        Debian: lua-luv
local bit = require "bit"
local uv = require "luv"
local sse = require "sse"

local HEAD_MAX, BODY_MAX = 16 * 1024, 32 * 1024
local REASONS = {[200] = "OK", [204] = "No Content", [400] = "Bad Request", [404] = "Not Found",
    [405] = "Method Not Allowed", [406] = "Not Acceptable", [413] = "Content Too Large", [503] = "Service Unavailable"}

local function setting(name, usual)
    return tonumber(os.getenv(name)) or usual
end

local port = assert(tonumber(arg[1]), "server.lua PORT")
local channel = sse.channel("/events", {heartbeat_ms = setting("APP_HEARTBEAT_MS", 15000)})
local stall_ms = setting("APP_STALL_MS", 30000)
local listener, timer, pulse = uv.new_tcp(), uv.new_timer(), uv.new_timer()
local signals = {uv.new_signal(), uv.new_signal()}
local is_draining = false

local function close(handle)
    if not handle:is_closing() then handle:close() end
end

-- The peer sees the end after all bytes.
local function finish(socket)
    socket:shutdown(function() close(socket) end)
end

-- Send what a client has, a piece at a time: the next one when this one is written. A client whose piece is
-- still on its way takes nothing, and stalls; here that it was closed for it is noticed.
local function send_to(client)
    local read = client.is_writing and client.status or client.read
    local bytes, _, status = read(client, 16384)
    if bytes == true then return end
    if bytes then
        client.is_writing = true
        client.socket:write(bytes, function(failed)
            client.is_writing = false
            if not failed then send_to(client) end
        end)
    elseif status == sse.END then
        finish(client.socket)
    elseif status ~= sse.AGAIN then -- it has stalled, say
        close(client.socket)
    end
end

-- Let time pass, send what there is, and come back in time.
local function serve()
    channel:tick()
    for client in channel:ready() do send_to(client) end
    if is_draining and channel:count "subscribers" == 0 then
        for _, handle in ipairs {timer, pulse, signals[1], signals[2]} do close(handle) end
        return -- the loop ends with the last connection
    end
    local wait_ms = channel:timeout()
    if wait_ms >= 0 then timer:start(wait_ms, 0, serve) else timer:stop() end
end

local function drain()
    if is_draining then return end
    is_draining = true
    close(listener)
    channel:tick()
    channel:drain()
    serve()
end

-- The value of a name in a query. The library looks for the id in it by itself.
local function parameter(query, name)
    local value = ("&" .. query):match("&" .. name .. "=([^&]*)")
    return value and value:gsub("+", " "):gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end)
end

-- The number of a user that is not 0. A real application knows from a session which user asks.
local function tag(user)
    local hash = 5381
    for i = 1, #user do hash = bit.bxor(hash * 33 % 2 ^ 32, user:byte(i)) % 2 ^ 32 end
    return user ~= "" and 2 ^ 32 + hash or 0
end

local function head(status, fields)
    local lines = {("HTTP/1.1 %d %s"):format(status, REASONS[status]), "connection: close"}
    for _, field in ipairs(fields) do lines[#lines + 1] = field[1] .. ": " .. field[2] end
    return table.concat(lines, "\r\n") .. "\r\n\r\n"
end

local function answer(socket, status, fields, body)
    socket:write(head(status, fields or sse.fields(status, "*")) .. (body or ""))
    finish(socket)
end

local function stream(socket, request)
    local user = parameter(request.query, "user") or ""
    channel:tick()
    local client = channel:join {last_event_id = request.fields["last-event-id"], query = request.query,
        tags = {user ~= "" and tag(user) or nil}, stall_ms = stall_ms, capacity = BODY_MAX + 1024, retry_ms = 1000}
    if not client then return answer(socket, 503) end -- all are being sent away
    client.socket, request.client = socket, client
    socket:write(head(200, sse.fields(200, "*")))
    serve()
end

local routes = {}

routes["/events"] = function(socket, request)
    local method = request.method
    if method == "OPTIONS" then return answer(socket, 204) end
    if method ~= "GET" and method ~= "HEAD" then return answer(socket, 405) end
    if not sse.accepts(request.fields.accept) then return answer(socket, 406) end
    if method == "HEAD" then return answer(socket, 200) end
    stream(socket, request)
end

routes["/publish"] = function(socket, request)
    if request.method ~= "POST" then return answer(socket, 405, sse.fields(405, "*", "POST")) end
    channel:tick()
    local user = parameter(request.query, "user") or ""
    local done = channel:publish(request.body, {type = parameter(request.query, "type"), tag = tag(user)})
    answer(socket, done and 204 or 400, {})
    serve()
end

routes["/status"] = function(socket)
    local counters = {}
    for i, name in ipairs(sse.COUNTERS) do counters[i] = ('"%s": %d'):format(name, channel:count(name)) end
    answer(socket, 200, {{"content-type", "application/json"}}, "{" .. table.concat(counters, ", ") .. "}\n")
end

-- A request in text, if it is complete; or the status of a refusal.
local function parse(text)
    local first, last = text:find("\r\n\r\n", 1, true)
    if not first then return nil, #text > HEAD_MAX and 400 end
    local method, path, query = text:match "^(%u+) ([^ ?]*)%??([^ ]*) HTTP/1"
    if not method then return nil, 400 end
    local fields = {}
    for name, value in text:sub(1, first + 1):gmatch "\r\n([^:\r\n]+):[ \t]*([^\r\n]-)[ \t]*%f[\r]" do
        fields[name:lower()] = value
    end
    local length = tonumber(fields["content-length"] or 0)
    if not length or length > BODY_MAX then return nil, length and 413 or 400 end
    if #text < last + length then return nil end
    return {method = method, path = path, query = query, fields = fields, body = text:sub(last + 1, last + length)}
end

local function accept()
    local socket, text, request, refusal = uv.new_tcp(), "", nil, nil
    listener:accept(socket)
    socket:nodelay(true)
    socket:read_start(function(failed, bytes)
        if failed or not bytes then -- the client has gone
            if request and request.client then request.client:leave() end
            return close(socket)
        end
        if request or refusal then return end
        text = text .. bytes
        request, refusal = parse(text)
        if request then
            (routes[request.path] or function() answer(socket, 404, {}) end)(socket, request)
        elseif refusal then
            answer(socket, refusal, {})
        end
    end)
end

assert(listener:bind("127.0.0.1", port))
assert(listener:listen(128, accept))
signals[1]:start("sigterm", drain)
signals[2]:start("sigint", drain)
local tick_ms = setting("APP_TICK_MS", 0)
if tick_ms > 0 then
    pulse:start(tick_ms, tick_ms, function()
        channel:tick()
        channel:publish(tostring(sse.now_ms()), {type = "tick"})
        serve()
    end)
end
print(("http://127.0.0.1:%d/"):format(port))
io.flush()
uv.run()
