-- SPDX-License-Identifier: MIT
-- test_luajit.lua - what the probe does not see of the module of LuaJIT: numbers.
--
--     luajit test_luajit.lua        with examples/languages/luajit in LUA_PATH
local sse = require "sse"
local channel = sse.channel "/test"

local function refused(f, ...)
    local done, text = pcall(f, ...)
    assert(not done and text:find "is no whole number", text)
end

-- No tag becomes that of everybody.
for _, tag in ipairs {2 ^ 64, 2 ^ 53, -1, 0.5, 0 / 0, 1 / 0, "7"} do
    refused(channel.publish, channel, "x", {tag = tag})
    refused(channel.join, channel, {tags = {tag}})
end
for _, number in ipairs {2 ^ 32, -1, 0.5, 0 / 0} do
    refused(sse.encode, "x", {retry_ms = number})
    refused(sse.writer, number)
    refused(channel.join, channel, {stall_ms = number})
    local writer = sse.writer()
    refused(writer.read, writer, number)
end
assert(channel:count "subscribers" == 0 and channel:count "events" == 0)

-- Tags of 64 bits, and many of them.
local tags = {0xfffffffffffffffeULL}
for i = 1, 100000 do tags[#tags + 1] = 100001 - i end
local client = assert(channel:join {tags = tags})
assert(client:read(4096))
assert(channel:publish("mine", {tag = 0xfffffffffffffffeULL}) and channel:publish("other", {tag = 100001}))
assert(client:read(4096):find "data: mine\n\n$")

-- Status reads nothing.
assert(client:status() == true)
client:leave()
local done, _, status = client:status()
assert(done == nil and status == -6)
print "ok"
