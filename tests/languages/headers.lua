-- SPDX-License-Identifier: MIT
-- headers.lua - LuaJIT reads all public headers after the steps of declarations.sed, and what sse.lua declares by
-- hand is what they declare:
--
--     luajit headers.lua DECLARATIONS_SED INCLUDE_FOLDER SSE_LUA
local ffi = require "ffi"
local script, folder, module = arg[1], arg[2], arg[3]

local function read(path)
    local file = assert(io.open(path))
    local text = file:read "*a"
    file:close()
    return text
end

-- The headers in the order in which they include each other.
local paths = {}

local function follow(name)
    local path = folder .. "/" .. name
    if paths[path] then return end
    paths[path] = true
    for included in read(path):gmatch '#include "([^"]+)"' do follow(included) end
    paths[#paths + 1] = path
end

follow "sse/sse.h"
assert(#paths > 10)
local sed = assert(io.popen(("sed -f '%s' '%s'"):format(script, table.concat(paths, "' '"))))
local declarations = sed:read "*a"
sed:close()
ffi.cdef(declarations)

-- Structs are laid out as the library has them, and can be used.
local lib = ffi.load(os.getenv "SSE_LIBRARY" or "libsse.so.0.2")
for _, name in ipairs {"sse_event", "sse_channel", "sse_subscriber", "sse_http_field", "sse_http_answer"} do
    assert(ffi.sizeof(name) == tonumber(lib[name .. "_size"]()), name)
end
local text, event = "two\nlines", ffi.new "sse_event"
local bytes, len = ffi.new "char[64]", ffi.new "size_t[1]"
event.data.ptr, event.data.len = text, #text
assert(lib.sse_event_encode(event, bytes, 64, len) == ffi.C.SSE_OK)
assert(ffi.string(bytes, len[0]) == "data: two\ndata: lines\n\n")

-- The module.
local function plain(c)
    return (c:gsub("/%*.-%*/", " "):gsub("%s+", " "))
end

local known, count = plain(declarations), 0
for declaration in plain(read(module):match "ffi%.cdef %[%[(.-)%]%]"):gmatch "%s*([^;]+;)" do
    if not declaration:find "__asm__" then
        assert(known:find(declaration, 1, true) or declaration:find "^typedef struct", declaration)
        count = count + 1
    end
end
print(count .. " declarations of " .. #paths .. " headers")
