-- SPDX-License-Identifier: MIT
-- test_format.lua - what an application sends, byte for byte:
--
--     luajit test_format.lua
local sse = require "sse"

-- A part of an application.
local function order_event(order)
    return sse.encode(('{"total":%d}'):format(order.total), {type = "order", id = order.number})
end

assert(order_event {number = "A-7", total = 12} == 'event: order\nid: A-7\ndata: {"total":12}\n\n')

local bytes, text, status = order_event {number = "A-7\ndata: forged", total = 12}
assert(bytes == nil and text == "invalid byte in field" and status == -4)

print "ok"
