# SPDX-License-Identifier: MIT
# frozen_string_literal: true

# server.rb - an application in Rack, on Puma: a thread for each stream.
#
#     ruby server.rb 8080        Debian: puma, which also has what it needs of Rack

require "json"
require "puma"
require "puma/server"
require "uri"
require "zlib"
require_relative "sse"

# The body of an answer: Puma sends each chunk.
Stream = Struct.new(:client, :socket) do
  def each(&block)
    socket.setsockopt(:TCP, :CORK, false) # Puma holds small packets back until the body is complete
    client.each(&block)
  end

  def close
    client.leave
  end
end

# The routes /events, /publish and /status.
class App
  BODY_MAX = 32 * 1024
  STALL_MS = ENV.fetch("APP_STALL_MS", 30_000).to_i

  def initialize(channel)
    @channel = channel
  end

  def call(env)
    case env["PATH_INFO"]
    when "/events" then events(env)
    when "/publish" then publish(env)
    when "/status" then status(env)
    else [404, {}, []]
    end
  rescue ArgumentError # a query that is wrongly encoded
    [400, {}, []]
  end

  private

  def events(env)
    case env["REQUEST_METHOD"]
    when "OPTIONS" then return answer(204)
    when "GET", "HEAD" then return answer(406) unless SSE.accepts?(env["HTTP_ACCEPT"])
    else return answer(405)
    end
    answer(200, env["REQUEST_METHOD"] == "HEAD" ? [] : stream(env))
  rescue SSE::Error # all are being sent away
    answer(503)
  end

  def stream(env)
    socket = env["puma.socket"]
    user = query(env)["user"]
    client = @channel.tick.join(last_event_id: env["HTTP_LAST_EVENT_ID"], query: env["QUERY_STRING"],
                                tags: user.to_s.empty? ? [] : [tag(user)], stall_ms: STALL_MS, retry_ms: 1000,
                                capacity: BODY_MAX + 1024)
    client.on_close = -> { socket.shutdown }
    Stream.new(client, socket)
  end

  def publish(env)
    return answer(405, methods: "POST") unless env["REQUEST_METHOD"] == "POST"

    data = env["rack.input"].read(BODY_MAX + 1).to_s
    return [413, {}, []] if data.bytesize > BODY_MAX

    @channel.tick.publish(data, type: query(env)["type"], tag: tag(query(env)["user"]))
    [204, {}, []]
  rescue SSE::Error
    [400, {}, []]
  end

  def status(env)
    return answer(405, methods: "GET, HEAD") unless %w[GET HEAD].include?(env["REQUEST_METHOD"])

    counters = SSE::Channel::COUNTERS.to_h { |counter| [counter, @channel.count(counter)] }
    [200, { "content-type" => "application/json" }, [JSON.generate(counters)]]
  end

  def answer(code, body = [], methods: nil)
    [code, SSE.fields(code, origin: "*", methods: methods).to_h, body]
  end

  def query(env)
    URI.decode_www_form(env["QUERY_STRING"]).to_h
  end

  # The number of a user that is not 0. A real application knows from a session which user asks.
  def tag(user)
    user.to_s.empty? ? 0 : 1 << 32 | Zlib.crc32(user)
  end
end

channel = SSE::Channel.new("/events", heartbeat_ms: ENV.fetch("APP_HEARTBEAT_MS", 15_000).to_i)
port = Integer(ARGV.fetch(0))
server = Puma::Server.new(App.new(channel), Puma::Events.stdio, max_threads: 1024)
server.add_tcp_listener("127.0.0.1", port)
server.run
%w[INT TERM].each { |signal| trap(signal) { Thread.new { channel.tick.drain } } } # a handler cannot lock
tick_ms = ENV.fetch("APP_TICK_MS", 0).to_i
if tick_ms.positive?
  Thread.new do
    loop do
      sleep tick_ms / 1000.0
      channel.tick.publish(SSE.now_ms, type: "tick")
    end
  end
end
puts "http://127.0.0.1:#{port}/"
$stdout.flush
channel.keep_time
server.stop(true)
