# SPDX-License-Identifier: MIT
# frozen_string_literal: true

# test_format.rb - what an application sends, byte for byte:
#
#     ruby test_format.rb

require "json"
require "minitest/autorun"
require_relative "sse"

# A part of an application.
Order = Struct.new(:number, :total) do
  def to_event
    SSE.encode(JSON.generate(total: total), type: "order", id: number)
  end
end

class OrderTest < Minitest::Test
  def test_an_order_is_an_event
    assert_equal "event: order\nid: A-7\ndata: {\"total\":12}\n\n", Order.new("A-7", 12).to_event
  end

  def test_a_line_break_in_a_number_is_refused
    error = assert_raises(SSE::Error) { Order.new("A-7\ndata: forged", 12).to_event }
    assert_equal [-4, "invalid byte in field"], [error.status, error.message]
  end
end
