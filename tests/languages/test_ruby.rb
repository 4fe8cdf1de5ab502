# SPDX-License-Identifier: MIT
# frozen_string_literal: true

# test_ruby.rb - what the probe does not see of the module of Ruby: numbers and threads.
#
#     ruby -I examples/languages/ruby test_ruby.rb

require "minitest/autorun"
require "sse"

class ModuleTest < Minitest::Test
  def setup
    @channel = SSE::Channel.new("/test", heartbeat_ms: 0)
  end

  def test_no_tag_becomes_that_of_everybody
    [2**64, (2**64) + 5, -1, 0.5, nil, "7"].each do |tag|
      assert_raises(RangeError) { @channel.publish("x", tag: tag) }
      assert_raises(RangeError) { @channel.join(tags: [tag]) }
    end
    assert_equal [0, 0], [@channel.count(:subscribers), @channel.count(:events)]
  end

  def test_a_negative_length_is_refused
    assert_raises(ArgumentError) { SSE::Writer.new.read_nonblock(-1) }
    assert_raises(ArgumentError) { @channel.join.read(-9) }
  end

  def test_a_socket_that_is_lost_already_keeps_nobody_from_the_time
    channel = SSE::Channel.new("/test", heartbeat_ms: 0, now_ms: 0)
    client = channel.join(stall_ms: 1)
    client.on_close = -> { raise Errno::ENOTCONN }
    client.read
    other = channel.join
    channel.publish("x").tick(1).tick(10_000)
    assert_raises(SSE::Closed) { client.read_nonblock(100) }
    assert_match(/data: x/, other.read)
  end

  def test_a_reader_waits_and_is_woken
    client = @channel.join
    client.read
    reader = Thread.new { client.each.to_a }
    Thread.pass until reader.stop?
    @channel.publish("x")
    client.close
    assert_match(/data: x\n\n\z/, reader.value.join)
    assert_equal 0, @channel.count(:subscribers)
  end

  def test_a_thread_that_is_killed_leaves
    client = @channel.join
    reader = Thread.new { client.each { nil } }
    Thread.pass until reader.stop?
    reader.kill.join
    assert_equal 0, @channel.count(:subscribers)
  end
end
