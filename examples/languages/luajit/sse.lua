-- SPDX-License-Identifier: MIT
--- Server-Sent Events with libsse, for LuaJIT.
--
-- There is nothing to build. The library is libsse.so.0.2, where the system finds it, or the path in the
-- environment variable SSE_LIBRARY.
--
--     local sse = require "sse"
--
--     local channel = sse.channel("/news")
--     local client = channel:join {last_event_id = header}       -- keep it; what it is for: client.socket = ...
--     channel:publish("hello", {type = "greeting"})
--     for client in channel:ready() do serve(client) end         -- until client:read(16384) gives nil
--     timer:start(channel:timeout(), 0, function() channel:tick() end)   -- heartbeats and limits
--
-- The module fits any event loop: it calls nothing by itself. After a call that publishes, sends, closes or
-- sets the time, ask `ready` again.
--
-- A string is bytes; text is UTF-8. What fails gives nil, a text, and the number of the status: `sse.AGAIN`
-- is a full queue, or nothing to read now; `sse.closed` tells whether the stream is over.
-- @module sse
local ffi = require "ffi"

ffi.cdef [[
typedef struct sse_writer sse_writer;
typedef struct sse_history sse_history;
typedef struct sse_channel sse_channel;
typedef struct sse_subscriber sse_subscriber;
int sse_clock(int, int64_t *) __asm__("clock_gettime");

int sse_status_closed(int status);
const char *sse_status_text(int status);
int sse_event_encode_parts(const char *comment, size_t comment_len, const char *type, size_t type_len, const char *id,
    size_t id_len, uint32_t retry_ms, const char *data, size_t data_len, void *dst, size_t cap, size_t *len);
int sse_http_accepts(const char *accept, size_t len);
int sse_http_field_parts(int version, int status, uint32_t flags, uint32_t retry_ms, const char *origin,
    size_t origin_len, const char *methods, size_t methods_len, size_t index, char *dst, size_t cap, size_t *name_len,
    size_t *value_len);
int sse_http_send_parts(int version, int status, uint32_t flags, uint32_t retry_ms, int first, const char *origin,
    size_t origin_len, struct sse_writer *w);
size_t sse_writer_overhead(void);
sse_writer *sse_writer_init(void *mem, size_t size, uint32_t flags);
int sse_writer_send_parts(sse_writer *w, const char *type, size_t type_len, const char *id, size_t id_len,
    const char *data, size_t data_len);
int sse_writer_comment(sse_writer *w, const char *text, size_t len);
int sse_writer_retry(sse_writer *w, uint32_t retry_ms);
int sse_writer_read(sse_writer *w, void *dst, size_t cap, size_t *len);
int sse_writer_close(sse_writer *w);
size_t sse_history_size(uint32_t events, size_t capacity);
sse_history *sse_history_init(void *mem, size_t size, uint32_t events, uint32_t flags, uint64_t epoch,
    const char *name, size_t name_len);
size_t sse_channel_size(void);
int sse_channel_init(sse_channel *ch, sse_history *history, uint32_t heartbeat_ms, uint32_t turn_bytes,
    uint64_t now_ms);
int sse_channel_publish_parts(sse_channel *ch, const char *type, size_t type_len, const char *id, size_t id_len,
    const char *data, size_t data_len, uint64_t tag, uint64_t key);
int sse_channel_tick(sse_channel *ch, uint64_t now_ms);
struct sse_subscriber *sse_channel_next(sse_channel *ch);
int sse_channel_timeout(const sse_channel *ch, uint64_t now_ms);
int sse_channel_drain(sse_channel *ch, const char *type, size_t type_len, const char *data, size_t data_len,
    uint32_t retry_ms, uint32_t window_ms, uint32_t over_ms, uint32_t limit_ms);
uint64_t sse_channel_count(const sse_channel *ch, int counter);
size_t sse_subscriber_size(void);
int sse_subscriber_join(sse_subscriber *s, sse_channel *ch, sse_writer *queue, void *user, uint32_t flags,
    const char *header, size_t header_len, const char *query, size_t query_len);
int sse_subscriber_set_filter(sse_subscriber *s, const uint64_t *tags, size_t count);
int sse_subscriber_set_limits(sse_subscriber *s, uint32_t pace_ms, uint32_t stall_ms, uint32_t age_ms);
int sse_subscriber_send_parts(sse_subscriber *s, const char *type, size_t type_len, const char *id, size_t id_len,
    const char *data, size_t data_len);
int sse_subscriber_read(sse_subscriber *s, void *dst, size_t cap, size_t *len);
int sse_subscriber_close(sse_subscriber *s);
int sse_subscriber_leave(sse_subscriber *s);
int sse_subscriber_status(sse_subscriber *s);
uint64_t sse_subscriber_behind(const sse_subscriber *s);
]]

local lib = ffi.load(os.getenv "SSE_LIBRARY" or "libsse.so.0.2")
local OK, AGAIN, END, GAP, SPACE = 0, 1, 2, 3, -5
local PREFLIGHT, GAPS = 0x400, 0x2000

--- What the module has beside its functions.
-- @table sse
-- @field AGAIN the status of a full queue, and of nothing to read now
-- @field END the status of a stream that is complete
-- @field COUNTERS the names for `Channel:count`, in the order of the library
local sse = {
    AGAIN = AGAIN, END = END,
    COUNTERS = {"subscribers", "joined", "resumed", "events", "bytes", "gaps", "closed", "heartbeats"},
}

local number_of = {}
for i, name in ipairs(sse.COUNTERS) do number_of[name] = i - 1 end

local Writer, Channel, Client = {}, {}, {}
Writer.__index, Channel.__index, Client.__index = Writer, Channel, Client

-- Zeroed memory for an object of the library, and its address.
local function allocate(size, ctype)
    local memory = ffi.new("uint64_t[?]", (tonumber(size) + 7) / 8)
    return memory, ffi.cast(ctype, memory)
end

local function len(text) return text and #text or 0 end

local function result(status)
    if status == OK or status == GAP then
        return true
    end
    return nil, ffi.string(lib.sse_status_text(status)), status
end

-- The ffi would cut a number off, and a tag of 0 is for everybody.
local function whole(number, limit)
    if type(number) ~= "number" or number % 1 ~= 0 or number < 0 or number >= limit then
        error(("%s is no whole number below %.0f"):format(tostring(number), limit), 4)
    end
    return number
end

local function u32(number) return whole(number, 2 ^ 32) end

local function u64(number)
    return ffi.istype("uint64_t", number) and number or whole(number, 2 ^ 53)
end

-- Tags as the library wants them: ascending, each once.
local function filter(tags)
    local sorted, list, n = {}, ffi.new("uint64_t[?]", #tags + 1), 0
    for i, tag in ipairs(tags) do sorted[i] = u64(tag) end
    table.sort(sorted)
    for _, tag in ipairs(sorted) do
        if n == 0 or list[n - 1] ~= tag then list[n], n = tag, n + 1 end
    end
    return list, n
end

local lengths, buffer, buffer_size = ffi.new "size_t[2]", nil, 0

local function reserve(size)
    if size > buffer_size then
        buffer, buffer_size = ffi.new("char[?]", size), size
    end
end

local function read(f, object, max)
    reserve(u32(max))
    local status = f(object, buffer, max, lengths)
    if status == OK then
        return ffi.string(buffer, lengths[0])
    end
    return result(status)
end

local time = ffi.new "int64_t[2]"

local function clock(id)
    ffi.C.sse_clock(id, time)
    return tonumber(time[0] * 1000 + time[1] / 1000000)
end

--- The clock of `Channel:tick` and `Channel:timeout`: monotonic, in milliseconds.
function sse.now_ms() return clock(1) end

--- Whether a status means that the stream is over.
function sse.closed(status) return lib.sse_status_closed(status) == 1 end

--- Encode an event.
-- @string data
-- @tab[opt] with any of type, id, comment, retry_ms
-- @return the bytes; or nil, a text, a status
function sse.encode(data, with)
    local e = with or {}
    reserve(256)
    local status
    repeat
        status = lib.sse_event_encode_parts(e.comment, len(e.comment), e.type, len(e.type), e.id, len(e.id),
            u32(e.retry_ms or 0), data, #data, buffer, buffer_size, lengths)
        reserve(tonumber(lengths[0]))
    until status ~= SPACE
    if status == OK then
        return ffi.string(buffer, lengths[0])
    end
    return result(status)
end

--- Whether a client with this Accept field, or nil, takes a stream. If not, answer 406.
function sse.accepts(accept) return lib.sse_http_accepts(accept, len(accept)) == 1 end

--- The fields of an answer: of the stream (200), of the answer to OPTIONS (204), or of a refusal.
-- @int[opt=200] status
-- @string[opt] origin "*", or the one that pages may come from
-- @string[opt="GET, HEAD, OPTIONS"] methods of the route, for Allow
-- @return a list of {name, value}; or nil, a text, a status
function sse.fields(status, origin, methods)
    local list, flags = {}, status == 204 and PREFLIGHT or 0
    reserve(1024 + len(origin) + len(methods))
    while true do
        local got = lib.sse_http_field_parts(0, status or 200, flags, 0, origin, len(origin), methods, len(methods),
            #list, buffer, buffer_size, lengths, lengths + 1)
        if got ~= OK then
            if got == END then return list end
            return result(got)
        end
        list[#list + 1] = {ffi.string(buffer, lengths[0]), ffi.string(buffer + lengths[0] + 1, lengths[1])}
    end
end

--- The queue of one client, without a channel.
-- @int[opt=4096] capacity the bytes that it holds, at least 64
function sse.writer(capacity)
    local size = lib.sse_writer_overhead() + u32(capacity or 4096)
    local memory, at = allocate(size, "sse_writer *")
    assert(lib.sse_writer_init(memory, size, 0) ~= nil, "capacity")
    return setmetatable({memory = memory, at = at}, Writer)
end

--- Queue an event.
-- @string data
-- @tab[opt] with type, id
-- @return true; or nil, a text, a status
function Writer:send(data, with)
    local type, id = with and with.type, with and with.id
    return result(lib.sse_writer_send_parts(self.at, type, len(type), id, len(id), data, #data))
end

--- Queue a comment, which clients ignore.
function Writer:comment(text) return result(lib.sse_writer_comment(self.at, text, len(text))) end

--- Queue the time after which the client reconnects.
function Writer:retry(ms) return result(lib.sse_writer_retry(self.at, u32(ms))) end

--- Up to max bytes.
-- @return the bytes; or nil, a text, a status
function Writer:read(max) return read(lib.sse_writer_read, self.at, max) end

--- Accept no more. What is queued can be read.
function Writer:close() return result(lib.sse_writer_close(self.at)) end

--- A channel: it publishes each event to its clients, and keeps the latest for those that come back.
-- @string name differs between the channels of a program
-- @tab[opt] with epoch (differs between runs: the time of the start, in milliseconds), events (1000) that it
-- keeps, in capacity (1 MiB) bytes, heartbeat_ms (15000; 0: none), now_ms
function sse.channel(name, with)
    local o = with or {}
    local events = u32(o.events or 1000)
    local size = lib.sse_history_size(events, u32(o.capacity or 2 ^ 20))
    local memory, history = allocate(size, "sse_history *")
    lib.sse_history_init(memory, size, events, 0, u64(o.epoch or clock(0)), name, #name)
    local self = {history = memory, clients = setmetatable({}, {__mode = "v"})}
    self.memory, self.at = allocate(lib.sse_channel_size(), "sse_channel *")
    assert(result(lib.sse_channel_init(self.at, history, u32(o.heartbeat_ms or 15000), 0,
        u64(o.now_ms or sse.now_ms()))))
    return setmetatable(self, Channel)
end

local function address(s) return tonumber(ffi.cast("intptr_t", s)) end

--- A new client. The program keeps it: one that is collected has left.
-- @tab[opt] with last_event_id and query of its request; tags (a list of numbers, above 2^53 of type uint64_t: it sees events with these and
-- with 0; nil: all); stall_ms (it is closed if it reads nothing for so long); capacity (4096) of its queue, for
-- the rest of an event and those for it alone; retry_ms (the time after which it reconnects)
-- @return the client, whose `gap` tells whether events that it has asked for are missing; or nil, a text, a status
function Channel:join(with)
    with = with or {}
    local queue, stall_ms, tags, count = sse.writer(with.capacity), u32(with.stall_ms or 0), nil, 0
    if with.tags then tags, count = filter(with.tags) end
    local status = lib.sse_http_send_parts(0, 200, 0, u32(with.retry_ms or 0), 0, nil, 0, queue.at)
    if status ~= OK then
        return result(status)
    end
    local memory, s = allocate(lib.sse_subscriber_size(), "sse_subscriber *")
    local kept = {self.memory, self.history, queue, tags} -- as long as the library may look at it
    ffi.gc(memory, function(collected)
        lib.sse_subscriber_leave(ffi.cast("sse_subscriber *", collected))
        kept = nil
    end)
    local id, query = with.last_event_id, with.query
    status = lib.sse_subscriber_join(s, self.at, queue.at, nil, GAPS, id, len(id), query, len(query))
    if status < OK then
        return result(status)
    end
    if tags then lib.sse_subscriber_set_filter(s, tags, count) end
    lib.sse_subscriber_set_limits(s, 0, stall_ms, 0)
    local client = setmetatable({memory = memory, at = s, channel = self, gap = status == GAP}, Client)
    self.clients[address(s)] = client
    return client
end

--- Publish an event.
-- @string data
-- @tab[opt] with type; tag: only clients with this tag see it, 0: all; key: it replaces older ones
-- @return true; or nil, a text, a status
function Channel:publish(data, with)
    local e = with or {}
    return result(lib.sse_channel_publish_parts(self.at, e.type, len(e.type), nil, 0, data, #data,
        u64(e.tag or 0), u64(e.key or 0)))
end

--- Set the time: heartbeats, limits, farewells. Call it before `publish` where it is seldom called.
function Channel:tick(now_ms) return result(lib.sse_channel_tick(self.at, u64(now_ms or sse.now_ms()))) end

--- The milliseconds until `tick` is due; -1: it is not.
function Channel:timeout(now_ms) return lib.sse_channel_timeout(self.at, u64(now_ms or sse.now_ms())) end

local function next_ready(self)
    local s = lib.sse_channel_next(self.at)
    while s ~= nil do
        local client = self.clients[address(s)]
        if client then return client end
        lib.sse_subscriber_leave(s) -- it is being collected
        s = lib.sse_channel_next(self.at)
    end
end

--- Iterate over the clients that have something to read, or were closed. Each comes again when all was read
-- and there is more.
function Channel:ready() return next_ready, self end

--- Send all clients away.
-- @tab[opt] with retry_ms (1000) after which each reconnects, and window_ms (2000) over which these times are
-- spread; limit_ms (2000): those that do not read are closed then
function Channel:drain(with)
    local o = with or {}
    return result(lib.sse_channel_drain(self.at, nil, 0, nil, 0, u32(o.retry_ms or 1000),
        u32(o.window_ms or 2000), 0, u32(o.limit_ms or 2000)))
end

--- A counter, by its name in `sse.COUNTERS`.
function Channel:count(name) return tonumber(lib.sse_channel_count(self.at, number_of[name])) end

--- Up to max bytes.
-- @return the bytes; or nil, a text, a status
function Client:read(max) return read(lib.sse_subscriber_read, self.at, max) end

--- Queue an event for this client alone.
-- @return true; or nil, a text, a status
function Client:send(data, with)
    local type = with and with.type
    return result(lib.sse_subscriber_send_parts(self.at, type, len(type), nil, 0, data, #data))
end

--- End the stream: what was published before can be read.
function Client:close() return result(lib.sse_subscriber_close(self.at)) end

--- Leave at once: the connection is lost. It may be repeated.
function Client:leave() return result(lib.sse_subscriber_leave(self.at)) end

--- Whether it is in the channel, without reading.
-- @return true; or nil, a text, a status
function Client:status() return result(lib.sse_subscriber_status(self.at)) end

--- How many events it has not read.
function Client:behind() return tonumber(lib.sse_subscriber_behind(self.at)) end

return sse
