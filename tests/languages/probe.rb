# SPDX-License-Identifier: MIT
# frozen_string_literal: true

# probe.rb - the commands of README.md for the module of Ruby:
#
#     ruby -I examples/languages/ruby probe.rb [--gc]

require "sse"

# The code that handles a client fails.
class Boom < StandardError; end

# The answers.
class Probe
  DATA = "hello from libsse !"

  # Each command's words: t is text, n a number, g a list of tags.
  COMMANDS = {
    encode: "tttnt", writer: "n", send: "ttt", comment: "t", retry: "n", read: "n", close: "",
    channel: "tnnnnn", join: "nttgnnnn", publish: "ttnnn", tick: "n", ready: "", throw: "", take: "nn",
    tell: "ntt", end: "n", leave: "n", forget: "n", behind: "n", count: "n", timeout: "n",
    drain: "nnn", accepts: "t", fields: "ntt", bench: "sn"
  }.freeze

  def answer(line)
    command, *words = line.split
    kinds = COMMANDS.fetch(command.to_sym).chars
    arguments = kinds.zip(words).map { |kind, word| argument(kind, word) }
    said(send("do_#{command}", *arguments))
  rescue SSE::Full
    "again"
  rescue SSE::Closed => e
    "closed #{e.status}"
  rescue SSE::Error => e
    "error #{e.status}"
  end

  private

  def argument(kind, word)
    case kind
    when "n" then Integer(word)
    when "s" then word
    when "g" then word == "-" ? nil : word.delete(".").split(",").map(&:to_i)
    else
      { "-" => nil, "." => "" }.fetch(word) { [word].pack("H*") }
    end
  end

  def hex(bytes)
    bytes.empty? ? "." : bytes.unpack1("H*")
  end

  def said(value)
    case value
    when String then value
    when Array then ["ok", *value].join(" ")
    when Numeric then "ok #{value}"
    else "ok"
    end
  end

  def bytes(value)
    case value
    when :wait_readable then "again"
    when nil then "closed 2"
    else "ok #{hex(value)}"
    end
  end

  def do_encode(comment, type, id, retry_ms, data)
    return "skip" unless data

    bytes(SSE.encode(data, type: type, id: id, comment: comment, retry_ms: retry_ms))
  end

  def do_writer(capacity)
    @writer = SSE::Writer.new(capacity)
    nil
  end

  def do_send(type, id, data)
    @writer.event(data, type: type, id: id)
  end

  def do_comment(text)
    @writer.comment(text)
  end

  def do_retry(retry_ms)
    @writer.retry(retry_ms)
  end

  def do_read(max)
    bytes(@writer.read_nonblock(max))
  end

  def do_close
    @writer.close
  end

  def do_channel(name, epoch, events, capacity, heartbeat_ms, now_ms)
    @clients, @names = {}, {}.compare_by_identity
    @channel = SSE::Channel.new(name, epoch: epoch, events: events, capacity: capacity,
                                      heartbeat_ms: heartbeat_ms, now_ms: now_ms)
    nil
  end

  def do_join(name, header, query, tags, capacity, stall_ms, retry_ms, now_ms)
    @clients.delete(name)&.leave
    @channel.tick(now_ms)
    client = @channel.join(last_event_id: header, query: query, tags: tags, capacity: capacity,
                           stall_ms: stall_ms, retry_ms: retry_ms)
    @clients[name] = client
    @names[client] = name
    client.gap? ? "gap" : nil
  end

  def do_publish(type, data, tag, key, now_ms)
    @channel.tick(now_ms).publish(data, type: type, tag: tag, key: key)
    nil
  end

  def do_tick(now_ms)
    @channel.tick(now_ms)
    nil
  end

  def do_ready
    @channel.each_ready.map { |client| @names[client] }
  end

  def do_throw
    @channel.each_ready { |client| raise Boom, @names[client].to_s }
    nil
  rescue Boom => e
    "thrown #{e.message}"
  end

  def do_take(name, max)
    bytes(@clients[name].read_nonblock(max))
  end

  def do_tell(name, type, data)
    @clients[name].event(data, type: type)
  end

  def do_end(name)
    @clients[name].close
  end

  def do_leave(name)
    @clients[name].leave
    nil
  end

  # The channel keeps it.
  def do_forget(name)
    @clients.delete(name)
    nil
  end

  def do_behind(name)
    @clients[name].behind
  end

  def do_count(number)
    @channel.count(SSE::Channel::COUNTERS[number])
  end

  def do_timeout(now_ms)
    @channel.timeout(now_ms)
  end

  def do_drain(retry_ms, window_ms, limit_ms)
    @channel.drain(retry_ms: retry_ms, window_ms: window_ms, limit_ms: limit_ms)
    nil
  end

  def do_accepts(accept)
    SSE.accepts?(accept) ? 1 : 0
  end

  def do_fields(status, origin, methods)
    SSE.fields(status, origin: origin, methods: methods).map { |name, value| "#{hex(name)}=#{hex(value)}" }
  end

  def do_bench(what, times)
    send("prepare_#{what}")
    start = Process.clock_gettime(Process::CLOCK_MONOTONIC, :nanosecond)
    times.times { send("bench_#{what}") }
    ((Process.clock_gettime(Process::CLOCK_MONOTONIC, :nanosecond) - start).to_f / times).round(1)
  end

  def prepare_encode; end

  def bench_encode
    SSE.encode(DATA, type: "tick")
  end

  def prepare_send
    do_writer(4096)
  end

  def bench_send
    @writer.event(DATA, type: "tick")
    @writer.read_nonblock(4096)
  end

  def prepare_publish
    do_channel("bench", 1, 1000, 1 << 20, 15_000, 0)
    @channel.join.read_nonblock(4096)
  end

  def bench_publish
    @channel.publish(DATA, type: "tick")
    @channel.each_ready do |client|
      client.read_nonblock(4096)
      client.read_nonblock(4096)
    end
  end
end

# With --gc, objects are moved by each collection, and in the stress of a part of the commands there is
# one at each allocation.
gc = ARGV.delete("--gc")
GC.auto_compact = true if gc
probe = Probe.new
count = 0
$stdin.each_line do |line|
  if gc
    GC.compact
    GC.stress = (count += 1) % 40 == 0
  end
  answer = probe.answer(line.chomp)
  GC.stress = false
  GC.compact if gc
  puts answer
  $stdout.flush
end
