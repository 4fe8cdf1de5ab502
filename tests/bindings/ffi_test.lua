-- The headers and the shared library through LuaJIT's FFI:
--
--     luajit ffi_test.lua LIBRARY DECLARATIONS        which declarations.sed makes of the headers
local ffi = require "ffi"
local file = assert(io.open(arg[2]))
ffi.cdef(file:read "*a")
file:close()
local sse = ffi.load(arg[1])
local len = ffi.new "size_t[1]"
local buffer = ffi.new "char[4096]"

local function is(got, wanted)
    if got ~= wanted then
        error(("got %q and not %q"):format(tostring(got), tostring(wanted)), 2)
    end
end

local function read(status)
    is(status, ffi.C.SSE_OK)
    return ffi.string(buffer, len[0])
end

-- An event, from a struct.
local text = "two\nlines"
local ev = ffi.new "sse_event"
ev.data.ptr, ev.data.len = text, #text
is(read(sse.sse_event_encode(ev, buffer, 4096, len)), "data: two\ndata: lines\n\n")
is(ffi.sizeof "sse_event", sse.sse_event_size())
is(ffi.string(sse.sse_status_text(ffi.C.SSE_OK)) ~= "", true)

-- A writer in memory of Lua's.
local function writer()
    local size = sse.sse_writer_overhead() + 1024
    local memory = ffi.new("uint64_t[?]", size / 8 + 1)
    return sse.sse_writer_init(memory, size, 0), memory
end
local w, memory = writer()
is(sse.sse_writer_send_parts(w, "t", 1, "7", 1, "x", 1), ffi.C.SSE_OK)
is(read(sse.sse_writer_read(w, buffer, 4096, len)), "event: t\nid: 7\ndata: x\n\n")

-- A channel: publish, next, read.
local history_size = sse.sse_history_size(10, 4096)
local history = ffi.new("uint64_t[?]", history_size / 8)
local queue, kept = writer()
local channel, subscriber = ffi.new "sse_channel", ffi.new "sse_subscriber"
is(ffi.sizeof(channel), tonumber(sse.sse_channel_size()))
is(ffi.sizeof(subscriber), tonumber(sse.sse_subscriber_size()))
sse.sse_history_init(history, history_size, 10, 0, 1, "lua", 3)
is(sse.sse_channel_init(channel, ffi.cast("sse_history *", history), 0, 0, 0), ffi.C.SSE_OK)
is(sse.sse_subscriber_join(subscriber, channel, queue, nil, ffi.C.SSE_JOIN_GAPS, nil, 0, nil, 0), 0)
local first = read(sse.sse_subscriber_read(subscriber, buffer, 4096, len))
is(first:sub(1, 13), "event: place\n")
is(sse.sse_channel_publish_parts(channel, nil, 0, nil, 0, "hello", 5, 0, 0), ffi.C.SSE_OK)
is(sse.sse_channel_next(channel) == ffi.cast("sse_subscriber *", subscriber), true)
is(sse.sse_channel_next(channel) == nil, true)
local second = read(sse.sse_subscriber_read(subscriber, buffer, 4096, len))
is(second:gsub("^id: %x+", "id: x"), "id: x-1\ndata: hello\n\n")
is(sse.sse_subscriber_leave(subscriber), ffi.C.SSE_OK)
print("LuaJIT: " .. jit.version)
