-- SPDX-License-Identifier: MIT
-- probe.lua - the commands of README.md for the module of LuaJIT:
--
--     luajit probe.lua [--gc]        with examples/languages/luajit in LUA_PATH
local ffi = require "ffi"
local sse = require "sse"

local DATA = "hello from libsse !"
local writer, channel
local clients = {} -- by their numbers, which are their names

local function text(word)
    if word == "-" then return nil end
    if word == "." then return "" end
    return (word:gsub("%x%x", function(digits) return string.char(tonumber(digits, 16)) end))
end

local function hex(bytes)
    if bytes == "" then return "." end
    return (bytes:gsub(".", function(byte) return ("%02x"):format(byte:byte()) end))
end

local function answer(value, _, status)
    if value == nil then
        return status == sse.AGAIN and "again" or (sse.closed(status) and "closed " or "error ") .. status
    end
    return value == true and "ok" or type(value) == "string" and "ok " .. hex(value) or "ok " .. value
end

local commands = {}

function commands.encode(comment, kind, id, retry_ms, data)
    if data == "-" then return "skip" end
    return answer(sse.encode(text(data), {comment = text(comment), type = text(kind), id = text(id),
        retry_ms = tonumber(retry_ms)}))
end

function commands.writer(capacity)
    writer = sse.writer(tonumber(capacity))
    return "ok"
end

function commands.send(kind, id, data) return answer(writer:send(text(data), {type = text(kind), id = text(id)})) end
function commands.comment(words) return answer(writer:comment(text(words))) end
function commands.retry(ms) return answer(writer:retry(tonumber(ms))) end
function commands.read(max) return answer(writer:read(tonumber(max))) end
function commands.close() return answer(writer:close()) end

function commands.channel(name, epoch, events, capacity, heartbeat_ms, now_ms)
    clients = {}
    channel = sse.channel(text(name), {epoch = tonumber(epoch), events = tonumber(events),
        capacity = tonumber(capacity), heartbeat_ms = tonumber(heartbeat_ms), now_ms = tonumber(now_ms)})
    return "ok"
end

function commands.join(name, header, query, tags, capacity, stall_ms, retry_ms, now_ms)
    if clients[name] then clients[name]:leave() end
    channel:tick(tonumber(now_ms))
    local list
    if tags ~= "-" then
        list = {}
        for tag in tags:gmatch "%d+" do list[#list + 1] = tonumber(tag) end
    end
    local client, message, status = channel:join {last_event_id = text(header), query = text(query), tags = list,
        capacity = tonumber(capacity), stall_ms = tonumber(stall_ms), retry_ms = tonumber(retry_ms)}
    clients[name] = client
    if not client then return answer(client, message, status) end
    client.name = name
    return client.gap and "gap" or "ok"
end

function commands.publish(kind, data, tag, key, now_ms)
    channel:tick(tonumber(now_ms))
    return answer(channel:publish(text(data), {type = text(kind), tag = tonumber(tag), key = tonumber(key)}))
end

function commands.tick(now_ms) return answer(channel:tick(tonumber(now_ms))) end

function commands.ready()
    local words = {"ok"}
    for client in channel:ready() do words[#words + 1] = client.name end
    return table.concat(words, " ")
end

function commands.throw()
    local done, thrown = pcall(function()
        for client in channel:ready() do error({name = client.name}) end
    end)
    return done and "ok" or "thrown " .. thrown.name
end

function commands.take(name, max) return answer(clients[name]:read(tonumber(max))) end
function commands.tell(name, kind, data) return answer(clients[name]:send(text(data), {type = text(kind)})) end
commands["end"] = function(name) return answer(clients[name]:close()) end
function commands.leave(name) return answer(clients[name]:leave()) end

function commands.forget(name)
    clients[name] = nil
    collectgarbage() -- twice: the first one finds what has a finalizer
    collectgarbage()
    return "ok"
end

function commands.behind(name) return answer(clients[name]:behind()) end
function commands.count(number) return answer(channel:count(sse.COUNTERS[tonumber(number) + 1])) end
function commands.timeout(now_ms) return answer(channel:timeout(tonumber(now_ms))) end

function commands.drain(retry_ms, window_ms, limit_ms)
    return answer(channel:drain {retry_ms = tonumber(retry_ms), window_ms = tonumber(window_ms),
        limit_ms = tonumber(limit_ms)})
end

function commands.accepts(accept) return sse.accepts(text(accept)) and "ok 1" or "ok 0" end

function commands.fields(status, origin, methods)
    local words = {"ok"}
    for _, field in ipairs(sse.fields(tonumber(status), text(origin), text(methods))) do
        words[#words + 1] = hex(field[1]) .. "=" .. hex(field[2])
    end
    return table.concat(words, " ")
end

local TICK = {type = "tick"}
local bench = {}
function bench.encode() return sse.encode(DATA, TICK) end

function bench.send()
    writer:send(DATA, TICK)
    return writer:read(4096)
end

function bench.publish()
    channel:publish(DATA, TICK)
    for client in channel:ready() do
        client:read(4096)
        client:read(4096)
    end
end

ffi.cdef "int probe_clock(int, int64_t *) __asm__(\"clock_gettime\");"

local function nanoseconds()
    local time = ffi.new "int64_t[2]"
    ffi.C.probe_clock(1, time)
    return time[0] * 1000000000 + time[1]
end

function commands.bench(what, times)
    writer = sse.writer(4096)
    commands.channel("62656e6368", "1", "1000", "1048576", "15000", "0")
    commands.join("1", "-", "-", "-", "4096", "0", "0", "0")
    clients["1"]:read(4096)
    local once, start = bench[what], nanoseconds()
    for _ = 1, tonumber(times) do once() end
    return ("ok %.1f"):format(tonumber(nanoseconds() - start) / tonumber(times))
end

local gc = arg[1] == "--gc"
for line in io.lines() do
    local words = {}
    for word in line:gmatch "%S+" do words[#words + 1] = word end
    if gc then collectgarbage() end
    local said = commands[words[1]](unpack(words, 2))
    if gc then collectgarbage() end
    io.write(said, "\n")
    io.flush()
end
