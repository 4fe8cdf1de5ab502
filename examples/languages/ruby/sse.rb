# SPDX-License-Identifier: MIT
# frozen_string_literal: true

# sse.rb - Server-Sent Events with libsse, through Fiddle of the standard library.
#
# There is nothing to build. The library is libsse.so.0.2, where the system finds it, or the path in
# the environment variable SSE_LIBRARY.
#
#   require "sse"
#
#   channel = SSE::Channel.new("/news")
#   Thread.new { channel.keep_time }
#   client = channel.join(last_event_id: request["Last-Event-ID"])   # in a thread of the server
#   channel.publish("hello")                                         # in any other
#   client.each { |bytes| socket.write(bytes) }                      # until the stream is over

require "fiddle"
require "fiddle/cparser"
require "monitor"

# Text is UTF-8: strings in other encodings are converted, binary ones are taken as they are.
module SSE
  # What the library has refused: #status is its number, and the message its text.
  class Error < StandardError
    attr_reader :status

    def initialize(status)
      super(Native.sse_status_text(@status = status).to_s)
    end
  end

  # A queue is full: nothing was queued. Try again when bytes were read.
  class Full < Error
    include IO::WaitWritable
  end

  # The channel has closed a stream before its end: the client has stalled, say.
  class Closed < Error; end

  # The library, as its headers declare it.
  module Native # :nodoc:
    extend Fiddle::CParser
    handle = Fiddle.dlopen(ENV.fetch("SSE_LIBRARY", "libsse.so.0.2"))
    functions = <<~DECLARATIONS.split(";").map { |declaration| parse_signature(declaration.split.join(" ")) }
      const char *sse_status_text(int); int sse_status_closed(int);
      int sse_event_encode_parts(char *, size_t, char *, size_t, char *, size_t, uint32_t, char *, size_t,
                                 void *, size_t, size_t *);
      int sse_http_accepts(char *, size_t);
      int sse_http_field_parts(int, int, uint32_t, uint32_t, char *, size_t, char *, size_t, size_t, char *, size_t,
                               size_t *, size_t *);
      int sse_http_send_parts(int, int, uint32_t, uint32_t, int, char *, size_t, void *);
      size_t sse_writer_overhead(void); void *sse_writer_init(void *, size_t, uint32_t);
      int sse_writer_send_parts(void *, char *, size_t, char *, size_t, char *, size_t);
      int sse_writer_comment(void *, char *, size_t); int sse_writer_retry(void *, uint32_t);
      int sse_writer_read(void *, void *, size_t, size_t *); int sse_writer_close(void *);
      size_t sse_history_size(uint32_t, size_t);
      void *sse_history_init(void *, size_t, uint32_t, uint32_t, uint64_t, char *, size_t);
      size_t sse_channel_size(void); int sse_channel_init(void *, void *, uint32_t, uint32_t, uint64_t);
      int sse_channel_publish_parts(void *, char *, size_t, char *, size_t, char *, size_t, uint64_t, uint64_t);
      int sse_channel_tick(void *, uint64_t); void *sse_channel_next(void *);
      int sse_channel_timeout(void *, uint64_t);
      int sse_channel_drain(void *, char *, size_t, char *, size_t, uint32_t, uint32_t, uint32_t, uint32_t);
      uint64_t sse_channel_count(void *, int); size_t sse_subscriber_size(void);
      int sse_subscriber_join(void *, void *, void *, void *, uint32_t, char *, size_t, char *, size_t);
      int sse_subscriber_set_filter(void *, void *, size_t);
      int sse_subscriber_set_limits(void *, uint32_t, uint32_t, uint32_t);
      int sse_subscriber_send_parts(void *, char *, size_t, char *, size_t, char *, size_t);
      int sse_subscriber_read(void *, void *, size_t, size_t *); int sse_subscriber_close(void *);
      int sse_subscriber_leave(void *); int sse_subscriber_status(void *); uint64_t sse_subscriber_behind(void *)
    DECLARATIONS
    # No function blocks, so that each call keeps the lock of the interpreter: giving it up in a call
    # would make it wait for all threads that were woken.
    functions.each do |name, result, arguments|
      function = Fiddle::Function.new(handle[name], arguments, result, need_gvl: true)
      define_singleton_method(name) { |*values| function.call(*values) }
    end

    OK = 0
    AGAIN = 1
    FINISHED = 2 # SSE_END
    GAP = 3
    SPACE = -5
    PREFLIGHT = 0x400
    GAPS = 0x2000

    # Memory that no collection moves. It is freed with the object that holds it.
    def self.memory(size, content = "")
      Fiddle::Pointer.malloc(size, Fiddle::RUBY_FREE).tap { |block| block[0, content.bytesize] = content }
    end

    # A tag or a key. What Fiddle and pack cut off could become 0, which is for everybody.
    def self.u64(number)
      return number if number.is_a?(Integer) && number.between?(0, 2**64 - 1)

      raise RangeError, "#{number.inspect} is no whole number of 64 bits"
    end

    # Strings, or nil, as the library takes them: a pointer and a length each.
    def self.range(*texts)
      texts.flat_map do |text|
        text = text&.to_s
        text = text.encode(Encoding::UTF_8) unless [nil, Encoding::BINARY].include?(text&.encoding)
        [text, text.to_s.bytesize]
      end
    end

    # Raise what a status means, if it is neither OK nor GAP.
    def self.check(status)
      return if [OK, GAP].include?(status)
      raise Full, status if status == AGAIN

      raise sse_status_closed(status) == 1 ? Closed : Error, status
    end

    # The bytes that a function gives. As IO#read_nonblock without exceptions: :wait_readable where
    # there are none now, nil where there will be none.
    def self.read(function, *arguments, max)
      raise ArgumentError, "negative length #{max} given" if max.negative?

      Fiddle::Pointer.malloc(Fiddle::SIZEOF_SIZE_T + max, Fiddle::RUBY_FREE) do |length|
        bytes = length + Fiddle::SIZEOF_SIZE_T
        status = public_send(function, *arguments, bytes, max, length)
        size = length[0, Fiddle::SIZEOF_SIZE_T].unpack1("J")
        case status
        when AGAIN then :wait_readable
        when FINISHED then nil
        when SPACE then read(function, *arguments, size)
        else
          check(status)
          bytes[0, size]
        end
      end
    end
  end
  private_constant :Native

  # An event as bytes, for a server that has its own way to send them.
  #
  #   SSE.encode("12 EUR", type: "price", id: "7")   # => "event: price\nid: 7\ndata: 12 EUR\n\n"
  def self.encode(data, type: nil, id: nil, comment: nil, retry_ms: 0)
    parts = *Native.range(comment, type, id), retry_ms, *Native.range(data.to_s)
    Native.read(:sse_event_encode_parts, *parts, 256).force_encoding(Encoding::UTF_8)
  end

  # Whether a client with this Accept field, or nil, takes a stream. If not, answer 406.
  def self.accepts?(accept) = Native.sse_http_accepts(*Native.range(accept)) == 1

  # The fields of an answer, as pairs of a name and a value: of the stream (200), of the answer to
  # OPTIONS (204), or of a refusal (405 has Allow). origin: "*", or the one that pages may come from.
  # methods: those of the route, for Allow.
  def self.fields(status = 200, origin: nil, methods: nil)
    flags = status == 204 ? Native::PREFLIGHT : 0
    text = Native.memory(512 + origin.to_s.bytesize + methods.to_s.bytesize)
    lengths = Native.memory(2 * Fiddle::SIZEOF_SIZE_T)
    list = (0..).lazy.map do |index|
      result = Native.sse_http_field_parts(0, status, flags, 0, *Native.range(origin, methods), index, text,
                                           text.size, lengths, lengths + Fiddle::SIZEOF_SIZE_T)
      name, value = lengths[0, lengths.size].unpack("J2")
      Native.check(result) unless result == Native::FINISHED
      [text[0, name], text[name + 1, value]]
    end
    list.take_while { |name, _| !name.empty? }.to_a
  end

  # The monotonic clock of a channel.
  def self.now_ms = Process.clock_gettime(Process::CLOCK_MONOTONIC, :millisecond)

  # The queue of one client, without a channel. Use it from one thread at a time.
  class Writer
    attr_reader :to_ptr # :nodoc:

    # capacity: the bytes that it holds, at least 64.
    def initialize(capacity = 4096)
      @to_ptr = Native.memory(Native.sse_writer_overhead + capacity)
      raise ArgumentError, "capacity" if Native.sse_writer_init(self, @to_ptr.size, 0).null?
    end

    # Queue an event. Raises Full, and Error where it can never be sent.
    def event(data, type: nil, id: nil)
      Native.check(Native.sse_writer_send_parts(self, *Native.range(type, id, data.to_s)))
    end

    # Queue a comment, which clients ignore.
    def comment(text) = Native.check(Native.sse_writer_comment(self, *Native.range(text)))

    # Queue the time after which the client reconnects.
    def retry(milliseconds) = Native.check(Native.sse_writer_retry(self, milliseconds))

    # Up to max bytes; :wait_readable where nothing is queued; nil after the last byte of a closed one.
    def read_nonblock(max) = Native.read(:sse_writer_read, self, max)

    # Accept no more. What is queued can be read.
    def close = Native.check(Native.sse_writer_close(self))
  end

  # Publishes each event to all its clients, and keeps the latest ones for those that come back.
  #
  # It is served by threads, which Client#each and Client#read let wait, with one more in
  # #keep_time; or by a loop, with #tick, #each_ready and #timeout. Its monitor, which is that of its
  # clients, protects each call; #synchronize makes one of several.
  #
  # The channel keeps a client until its stream is over or Client#leave is called.
  class Channel
    include MonitorMixin

    # The names for #count, in the order of the library.
    COUNTERS = %i[subscribers joined resumed events bytes gaps closed heartbeats].freeze

    attr_reader :to_ptr # :nodoc:

    # name::         differs between the channels of a program
    # epoch::        differs between its runs: the time at its start, in milliseconds
    # events::       that it keeps, in
    # capacity::     bytes
    # heartbeat_ms:: a client that was sent nothing for so long gets a heartbeat
    def initialize(name, epoch: Process.clock_gettime(Process::CLOCK_REALTIME, :millisecond), events: 1000,
                   capacity: 1 << 20, heartbeat_ms: 15_000, now_ms: SSE.now_ms)
      super()
      @history = Native.memory(Native.sse_history_size(events, capacity))
      history = Native.sse_history_init(@history, @history.size, events, 0, epoch, *Native.range(name))
      @to_ptr = Native.memory(Native.sse_channel_size)
      Native.check(Native.sse_channel_init(self, history, heartbeat_ms, 0, now_ms))
      @clients = {}
      @sooner = new_cond
      @has_threads = @draining = false
    end

    # A new client: a Client, made with the same options.
    def join(**options) = change { Client.new(self, **options) }

    # Publish an event. tag: only clients with this tag see it; 0: all. key: it replaces older ones.
    def publish(data, type: nil, tag: 0, key: 0)
      parts = *Native.range(type, nil, data.to_s), Native.u64(tag), Native.u64(key)
      change { Native.check(Native.sse_channel_publish_parts(self, *parts)) }
      self
    end

    # Set the time: heartbeats, limits, farewells. Call it before #publish where it is seldom called.
    def tick(now_ms = SSE.now_ms)
      change { Native.check(Native.sse_channel_tick(self, now_ms)) }
      self
    end

    # The milliseconds until #tick is due; -1: it is not.
    def timeout(now_ms = SSE.now_ms) = synchronize { Native.sse_channel_timeout(self, now_ms) }

    # For a loop: yield each client that has something to read, or was closed. It is the loop's until
    # all is read; then it is yielded again when there is more.
    def each_ready
      return enum_for(__method__) unless block_given?

      while (client = next_ready)
        yield client
      end
    end

    # Send all clients away: each reconnects after retry_ms and up to window_ms more. limit_ms: those
    # that do not read are closed then.
    def drain(retry_ms: 1000, window_ms: 2000, limit_ms: 2000)
      change do
        Native.check(Native.sse_channel_drain(self, nil, 0, nil, 0, retry_ms, window_ms, 0, limit_ms))
        @draining = true
      end
    end

    # A counter, of COUNTERS.
    def count(counter) = synchronize { Native.sse_channel_count(self, COUNTERS.index(counter)) }

    # For threads: keep the time until the channel has drained.
    def keep_time
      synchronize do
        until @draining && count(:subscribers).zero?
          serve_threads
          tick
          @sooner.wait(timeout.negative? ? nil : timeout / 1000.0)
        end
      end
    end

    # Do something after which clients can have something to read.
    def change # :nodoc:
      synchronize do
        yield.tap do
          each_ready(&:wake) if @has_threads
          @sooner.signal
        end
      end
    end

    def serve_threads = @has_threads = true # :nodoc:

    def keep(client) # :nodoc:
      @clients[client.to_ptr.to_i] = client
    end

    def forget(client) # :nodoc:
      @clients.delete(client.to_ptr.to_i)
      @sooner.signal
    end

    private

    def next_ready
      synchronize do
        client = @clients[Native.sse_channel_next(self).to_i]
        client&.tap { forget(client) unless client.status == Native::OK }
      end
    end
  end

  # One client of a channel. Channel#join makes it.
  class Client
    attr_reader :to_ptr # :nodoc:

    # A callable, called if the channel closes the client for an error: it shuts the socket down, for a
    # thread that is blocked in a write. Other calls wait for its end.
    attr_writer :on_close

    # last_event_id, query:: the field and the query of the request; nil: none
    # tags::                 the numbers of the events that it sees, beside 0; nil: all
    # stall_ms::             it is closed if it reads nothing for so long; 0: never
    # capacity::             of its queue, for the rest of an event and those for it alone
    # retry_ms::             the time after which it reconnects; 0: it decides
    def initialize(channel, last_event_id: nil, query: nil, tags: nil, stall_ms: 0, capacity: 4096, retry_ms: 0)
      @channel = channel
      @to_ptr = Native.memory(Native.sse_subscriber_size, "\0" * Native.sse_subscriber_size)
      @more = channel.new_cond
      @queue = Writer.new(capacity)
      tags = tags&.map { |tag| Native.u64(tag) }&.uniq&.sort
      @tags = tags && Native.memory(8 * tags.size, tags.pack("Q*")) # which the library borrows
      Native.check(Native.sse_http_send_parts(0, 200, 0, retry_ms, 0, nil, 0, @queue))
      channel.keep(self)
      status = Native.sse_subscriber_join(self, channel, @queue, nil, Native::GAPS,
                                          *Native.range(last_event_id, query))
      Native.check(status)
      @gap = status == Native::GAP
      Native.check(Native.sse_subscriber_set_filter(self, @tags, tags.size)) if tags
      Native.check(Native.sse_subscriber_set_limits(self, 0, stall_ms, 0))
      joined = true
    ensure
      leave unless joined # also where the thread is killed
    end

    # Whether events are missing that it has asked for: a gap event says so.
    def gap? = @gap

    # Queue an event for this client alone. Raises Full, and Error where it can never be sent.
    def event(data, type: nil)
      parts = Native.range(type, nil, data.to_s)
      @channel.change { Native.check(Native.sse_subscriber_send_parts(self, *parts)) }
    end

    # Up to max bytes; :wait_readable where there are none now; nil at the end of the stream. Raises
    # Closed where the channel has closed it.
    def read_nonblock(max)
      @channel.synchronize do
        Native.read(:sse_subscriber_read, self, max).tap { |bytes| @channel.forget(self) if bytes.nil? }
      rescue Closed
        @channel.forget(self)
        raise
      end
    end

    # The same, but it waits for bytes.
    def read(max = 16_384)
      @channel.synchronize do
        @channel.serve_threads
        @more.wait while (bytes = read_nonblock(max)) == :wait_readable
        bytes
      end
    end

    # Yield all bytes as they come; then #leave. So a Client can be the body of an answer in Rack.
    def each
      return enum_for(__method__) unless block_given?

      begin
        while (bytes = read)
          yield bytes
        end
      rescue Closed
        nil
      ensure
        leave
      end
    end

    # End the stream: what was published before can be read.
    def close = @channel.change { Native.check(Native.sse_subscriber_close(self)) }

    # Leave at once: the connection is lost. It may be repeated.
    def leave
      @channel.change do
        Native.sse_subscriber_leave(self)
        @channel.forget(self)
        @more.broadcast
      end
    end

    # How many events it has not read yet.
    def behind = @channel.synchronize { Native.sse_subscriber_behind(self) }

    # Ask only when the channel has given the client: that it was closed is told once.
    def status = Native.sse_subscriber_status(self) # :nodoc:

    def wake # :nodoc:
      @more.broadcast
      @on_close&.call if status.negative? # after the end of a stream its last bytes are still to be sent
    rescue IOError, SystemCallError
      nil # the connection is lost already
    end
  end
end
