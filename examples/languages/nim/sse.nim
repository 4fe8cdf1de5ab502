# SPDX-License-Identifier: MIT
## Server-Sent Events with libsse: one event, one client, or a channel with many clients.
##
## `nim c app.nim` needs this file beside it. The program loads `libsse.so.0.2` when it starts, or
## the file that the environment variable `SSE_LIBRARY` names.
##
## .. code-block:: nim
##   let channel = newChannel("/news")
##   let client = channel.join(lastEventId, query)       # in the handler of a request
##   while (let bytes = await client.read(); bytes.len > 0):
##     await socket.send(bytes)
##   client.leave()
##   channel.publish("It rains.", "weather")             # anywhere in the same thread
##   channel.drain()
##
## A channel and its clients belong to one thread. A string may hold any bytes; an event type or id
## that is not UTF-8 raises `SseError`, as all does that the library refuses.

import std/[algorithm, asyncdispatch, monotimes, options, os, tables, times]

type
  SseError* = object of CatchableError
    ## The library refused a call, or a stream has ended.
    status*: int ## the number in `sse/status.h`

  Counter* {.pure.} = enum
    ## What a channel counts since its start; `Subscribers` is the number now.
    Subscribers, Joined, Resumed, Events, Bytes, Gaps, Closed, Heartbeats

  Writer* = ref object
    ## A queue of whole events for one client.
    memory: seq[uint64] # none of Nim's collectors moves it

  Channel* = ref object
    ## Publishes events to its clients, and keeps the latest ones for those that come back. It has
    ## a timer for heartbeats and limits. A channel with a clock of its program has none, for a loop
    ## that serves all clients: the program calls `tick` when it is due and before it publishes, and
    ## reads from the clients that `ready` gives.
    memory, history: seq[uint64]
    clock: proc (): int64 {.gcsafe.} # nil: the channel has timers
    clients: Table[pointer, Client]
    due: int64 # when the next timer ends

  Client* = ref object
    ## One client of a channel. The channel keeps it until its stream ends or it leaves.
    gap*: bool ## whether the first event says that events were missed
    aborted*: Future[void]
      ## Completed when the library has closed the stream for an error, such as a client that has
      ## stalled: then close the socket, which ends a `send` that is under way.
    channel: Channel
    memory, tags: seq[uint64]
    waiter: Future[void]

const
  Again = 1
  End = 2
  Gap = 3
  BadArgument = -1
  NoSpace = -5
  Preflight = 0x400'u32
  JoinGaps = 0x2000'u32

proc library(): string = getEnv("SSE_LIBRARY", "libsse.so.0.2")

{.push importc, cdecl, dynlib: library().}
proc sse_status_text(status: cint): cstring
proc sse_event_encode_parts(comment: cstring, commentLen: csize_t, event: cstring,
  eventLen: csize_t, id: cstring, idLen: csize_t, retryMs: uint32, data: cstring,
  dataLen: csize_t, dst: cstring, cap: csize_t, len: var csize_t): cint
proc sse_http_accepts(accept: cstring, len: csize_t): cint
proc sse_http_field_parts(version, status: cint, flags, retryMs: uint32, origin: cstring,
  originLen: csize_t, methods: cstring, methodsLen, index: csize_t, dst: cstring, cap: csize_t,
  nameLen, valueLen: var csize_t): cint
proc sse_http_send_parts(version, status: cint, flags, retryMs: uint32, first: cint,
  origin: cstring, originLen: csize_t, writer: pointer): cint
proc sse_writer_overhead(): csize_t
proc sse_writer_init(mem: pointer, size: csize_t, flags: uint32): pointer
proc sse_writer_send_parts(writer: pointer, event: cstring, eventLen: csize_t, id: cstring,
  idLen: csize_t, data: cstring, dataLen: csize_t): cint
proc sse_writer_comment(writer: pointer, text: cstring, len: csize_t): cint
proc sse_writer_retry(writer: pointer, ms: uint32): cint
proc sse_writer_read(writer: pointer, dst: cstring, cap: csize_t, len: var csize_t): cint
proc sse_writer_close(writer: pointer): cint
proc sse_history_size(events: uint32, capacity: csize_t): csize_t
proc sse_history_init(mem: pointer, size: csize_t, events, flags: uint32, epoch: uint64,
  name: cstring, nameLen: csize_t): pointer
proc sse_channel_size(): csize_t
proc sse_channel_init(channel, history: pointer, heartbeatMs: uint32, turnBytes: uint32,
  nowMs: uint64): cint
proc sse_channel_publish_parts(channel: pointer, event: cstring, eventLen: csize_t, id: cstring,
  idLen: csize_t, data: cstring, dataLen: csize_t, tag, key: uint64): cint
proc sse_channel_tick(channel: pointer, nowMs: uint64): cint
proc sse_channel_next(channel: pointer): pointer
proc sse_channel_timeout(channel: pointer, nowMs: uint64): cint
proc sse_channel_drain(channel: pointer, event: cstring, eventLen: csize_t, data: cstring,
  dataLen: csize_t, retryMs, windowMs, overMs, limitMs: uint32): cint
proc sse_channel_count(channel: pointer, counter: cint): uint64
proc sse_subscriber_size(): csize_t
proc sse_subscriber_join(subscriber, channel, queue, user: pointer, flags: uint32,
  header: cstring, headerLen: csize_t, query: cstring, queryLen: csize_t): cint
proc sse_subscriber_set_filter(subscriber, tags: pointer, count: csize_t): cint
proc sse_subscriber_set_limits(subscriber: pointer, paceMs, stallMs, ageMs: uint32): cint
proc sse_subscriber_send_parts(subscriber: pointer, event: cstring, eventLen: csize_t,
  id: cstring, idLen: csize_t, data: cstring, dataLen: csize_t): cint
proc sse_subscriber_read(subscriber: pointer, dst: cstring, cap: csize_t, len: var csize_t): cint
proc sse_subscriber_close(subscriber: pointer): cint
proc sse_subscriber_leave(subscriber: pointer): cint
proc sse_subscriber_status(subscriber: pointer): cint
proc sse_subscriber_behind(subscriber: pointer): uint64
{.pop.}

# The library takes ranges; the string or the option lives on in the caller.
template start(s: string): cstring = cstring(s)
template start(s: Option[string]): cstring = (if s.isSome: cstring(s.unsafeGet) else: nil)
template size(s: string): csize_t = csize_t(s.len)
template size(s: Option[string]): csize_t = (if s.isSome: csize_t(s.unsafeGet.len) else: 0)
template handle(it: Writer | Channel | Client): pointer = addr it.memory[0]

proc closed(status: cint): bool = status == End or status < -100

proc failure(status: cint): ref SseError =
  (ref SseError)(msg: $sse_status_text(status), status: status)

proc closed*(e: ref SseError): bool =
  ## Whether the stream is over, so that no later call can succeed.
  closed(cint(e.status))

proc done(status: cint): bool =
  # True: it is done; false: SSE_AGAIN.
  if status < 0 or status == End:
    raise failure(status)
  status != Again

proc taken(status: cint, bytes: var string, len: csize_t): Option[string] =
  bytes.setLen(len)
  if status == End or done(status): some(move bytes) else: none(string)

proc words(bytes: csize_t): seq[uint64] = newSeq[uint64]((bytes + 7) div 8)

proc encode*(data: string, event = "", id = none(string), comment = none(string),
             retryMs = 0'u32): string =
  ## Encodes one event, with the blank line that ends it.
  var len: csize_t
  while true:
    let status = sse_event_encode_parts(comment.start, comment.size, event.start, event.size,
      id.start, id.size, retryMs, data.start, data.size, result.start, result.size, len)
    if status != NoSpace:
      discard done(status)
      return
    result.setLen(len)

proc accepts*(accept: string): bool =
  ## Whether a request with this Accept header, or "" for none, can get a stream.
  sse_http_accepts(accept.start, accept.size) != 0

proc fields*(status = 200, origin = none(string),
             preflight = false, methods = none(string)): seq[tuple[key, val: string]] =
  ## The headers of an answer: 200 for a stream, 204, or a refusal. `origin` is the page that may
  ## read it, or "*". `preflight`: the status is 204 and the request was OPTIONS. `methods` are
  ## those of the route, for Allow.
  var text = newString(256 + int(origin.size) + int(methods.size))
  var nameLen, valueLen: csize_t
  while true:
    let got = sse_http_field_parts(0, cint(status), if preflight: Preflight else: 0, 0,
      origin.start, origin.size, methods.start, methods.size, csize_t(result.len), text.start,
      text.size, nameLen, valueLen)
    if got == End:
      return
    discard done(got)
    result.add((text[0 ..< int(nameLen)], text[int(nameLen) + 1 .. int(nameLen + valueLen)]))

proc newWriter*(capacity: Natural): Writer =
  ## Makes an empty queue of at least 64 bytes.
  let size = sse_writer_overhead() + csize_t(capacity)
  result = Writer(memory: words(size))
  if sse_writer_init(result.handle, size, 0) == nil:
    raise failure(BadArgument)

proc send*(w: Writer, data: string, event = "", id = none(string)): bool =
  ## Queues an event. False: it does not fit now.
  done sse_writer_send_parts(w.handle, event.start, event.size, id.start, id.size, data.start,
                             data.size)

proc comment*(w: Writer, text: string): bool =
  ## Queues a comment. False: it does not fit now.
  done sse_writer_comment(w.handle, text.start, text.size)

proc retry*(w: Writer, ms: uint32): bool =
  ## Queues a reconnection time. False: it does not fit now.
  done sse_writer_retry(w.handle, ms)

proc tryRead*(w: Writer, max = 4096): Option[string] =
  ## Takes bytes out of the queue. None: there is nothing now; "": the stream has ended.
  var bytes = newString(max)
  var len: csize_t
  let status = sse_writer_read(w.handle, bytes.start, bytes.size, len)
  taken(status, bytes, len)

proc close*(w: Writer) =
  ## Ends the stream after what is queued.
  discard done sse_writer_close(w.handle)

proc monotonicMs*(): int64 =
  ## The monotonic clock of the system in milliseconds.
  getMonoTime().ticks div 1_000_000

proc now(ch: Channel): uint64 =
  uint64(if ch.clock == nil: monotonicMs() else: ch.clock())

proc newChannel*(name: string, epoch = none(uint64), events: Positive = 1000,
                 capacity: Positive = 1 shl 20, heartbeatMs: Natural = 15000,
                 clock: proc (): int64 {.gcsafe.} = nil): Channel =
  ## Makes a channel without clients. `name` differs between the channels of a program, `epoch`
  ## between its runs: usually it is the milliseconds since 1970. The newest `events` are kept, as
  ## far as they fit into `capacity` bytes. A client that got nothing for `heartbeatMs` gets a
  ## heartbeat. `clock` is in milliseconds and monotonic, such as `monotonicMs`: the program calls
  ## `tick` and `ready`; nil: the channel does.
  let size = sse_history_size(uint32(events), csize_t(capacity))
  result = Channel(memory: words(sse_channel_size()), history: words(size), clock: clock,
                   due: high(int64))
  let run = epoch.get(uint64(epochTime() * 1000))
  if size == 0 or sse_history_init(addr result.history[0], size, uint32(events), 0, run,
                                   name.start, name.size) == nil:
    raise failure(BadArgument)
  discard done sse_channel_init(result.handle, addr result.history[0], uint32(heartbeatMs), 0,
                                result.now)

proc wake(c: Client) =
  if c.waiter != nil and not c.waiter.finished:
    c.waiter.complete()

proc forget(c: Client, status: cint) =
  if c.handle in c.channel.clients:
    c.channel.clients.del(c.handle)
    if status < 0:
      c.aborted.complete()
  c.wake()

proc learn(c: Client, status: cint): cint =
  # A result that says that the stream is over is the last that the channel knows of it.
  if closed(status):
    c.forget(status)
  status

iterator ready*(ch: Channel): Client =
  ## The clients that have something to read or were closed, each once. Read from each until there
  ## is nothing. A loop may be left early.
  while (let s = sse_channel_next(ch.handle); s != nil):
    let c = ch.clients[s]
    discard c.learn sse_subscriber_status(s)
    c.wake()
    yield c

proc timeout*(ch: Channel): int =
  ## The milliseconds until `tick` is due; -1: it is not.
  int(sse_channel_timeout(ch.handle, ch.now))

proc tick*(ch: Channel) {.gcsafe.}

proc startTimer(ch: Channel) =
  # A timer cannot be stopped: there is a new one only where none ends early enough.
  let wait = ch.timeout
  let due = monotonicMs() + wait
  if wait >= 0 and due < ch.due:
    ch.due = due
    sleepAsync(wait).addCallback(proc () =
      if ch.due == due:
        ch.due = high(int64)
      ch.tick())

template call(ch: Channel, function: cint): bool =
  # Makes a call; with timers at the time of now, and wakes those that it concerns.
  if ch.clock == nil:
    discard sse_channel_tick(ch.handle, ch.now)
  let status = function
  if ch.clock == nil:
    for _ in ch.ready:
      discard
    ch.startTimer()
  done(status)

proc tick*(ch: Channel) =
  ## Does what is due by now: heartbeats, limits, farewells.
  discard ch.call sse_channel_tick(ch.handle, ch.now)

proc publish*(ch: Channel, data: string, event = "", tag = 0'u64, key = 0'u64) =
  ## Publishes an event. Of the clients with tags, those with this one get it; 0: all. `key` is
  ## what the event is the newest state of; 0: nothing.
  discard ch.call sse_channel_publish_parts(ch.handle, event.start, event.size, nil, 0, data.start,
                                            data.size, tag, key)

proc drain*(ch: Channel, retryMs = 1000'u32, windowMs = 2000'u32, limitMs = 2000'u32) =
  ## Sends all clients away, after what was published, with a farewell. They come back after
  ## `retryMs`, spread over `windowMs`. A client that has not read all after `limitMs` is closed. It
  ## is done when there are no subscribers.
  discard ch.call sse_channel_drain(ch.handle, nil, 0, nil, 0, retryMs, windowMs, 0, limitMs)

proc count*(ch: Channel, counter: Counter): uint64 =
  ## One of the counters.
  sse_channel_count(ch.handle, cint(ord(counter)))

proc leave*(c: Client) =
  ## Leaves the channel at once. A client that has left already may do so again.
  c.forget(sse_subscriber_leave(c.handle))

proc join*(ch: Channel, lastEventId = "", query = "", tags = none(seq[uint64]),
           stallMs = 30000'u32, capacity: Natural = 33 * 1024, retryMs = 1000'u32): Client =
  ## Lets a client join at the place where it was: `lastEventId` is the header Last-Event-ID; the
  ## `query` of the URL can have it, too. It gets the events with one of the `tags`, and with 0;
  ## none: all events. A client that reads nothing for `stallMs` is closed. `capacity` holds its
  ## largest usual event, and 1 KiB. `retryMs` is the reconnection time that it is told first; 0:
  ## none. While the channel drains, this raises `SseError`: answer 503.
  let size = sse_writer_overhead() + csize_t(capacity)
  let start = (sse_subscriber_size() + 7) div 8
  let c = Client(channel: ch, memory: words(start * 8 + size), tags: sorted(tags.get(@[])),
                 aborted: newFuture[void]("sse.aborted"))
  let queue = sse_writer_init(addr c.memory[start], size, 0)
  if queue == nil:
    raise failure(BadArgument)
  discard done sse_http_send_parts(0, 200, 0, retryMs, 0, nil, 0, queue)
  if ch.clock == nil:
    ch.tick()
  let status = sse_subscriber_join(c.handle, ch.handle, queue, nil, JoinGaps, lastEventId.start,
                                   lastEventId.size, query.start, query.size)
  discard done(status)
  ch.clients[c.handle] = c
  c.gap = status == Gap
  if tags.isSome:
    let first = if c.tags.len > 0: addr c.tags[0] else: nil
    discard sse_subscriber_set_filter(c.handle, first, csize_t(c.tags.len))
  discard ch.call sse_subscriber_set_limits(c.handle, 0, stallMs, 0)
  c

proc behind*(c: Client): uint64 =
  ## How many events of the channel it has not taken.
  sse_subscriber_behind(c.handle)

proc send*(c: Client, data: string, event = "", id = none(string)): bool =
  ## Sends an event to this client alone; it is not kept for a reconnect. False: it does not fit
  ## now.
  c.channel.call c.learn sse_subscriber_send_parts(c.handle, event.start, event.size, id.start,
                                                   id.size, data.start, data.size)

proc close*(c: Client) =
  ## Ends the stream after what was published or sent.
  discard c.channel.call c.learn sse_subscriber_close(c.handle)

proc tryRead*(c: Client, max = 16384): Option[string] =
  ## Reads what there is now. None: there is nothing; "": the stream has ended.
  var bytes = newString(max)
  var len: csize_t
  let status = c.learn sse_subscriber_read(c.handle, bytes.start, bytes.size, len)
  taken(status, bytes, len)

proc read*(c: Client, max = 16384): Future[string] {.async.} =
  ## Waits for bytes, and reads them; "": the stream has ended.
  while true:
    let bytes = c.tryRead(max)
    if bytes.isSome:
      return bytes.get
    if c.waiter == nil or c.waiter.finished:
      c.waiter = newFuture[void]("sse.read")
    await c.waiter
