# SPDX-License-Identifier: MIT
## Drives examples/languages/nim/sse.nim by commands on the standard input: see run.py.

import std/[asyncdispatch, monotimes, options, os, sequtils, strformat, strutils, tables, times]
import sse

let collects = "--gc" in commandLineParams()
var
  writer: Writer
  channel: Channel
  clients: Table[string, Client]
  names: Table[pointer, string] # also of those that only the channel keeps
  clockMs: int64

proc bytes(word: string): Option[string] =
  if word == "-": none(string)
  elif word == ".": some("")
  else: some(parseHexStr(word))

proc text(word: string): string = bytes(word).get("")

proc hex(s: string): string = (if s.len == 0: "." else: s.toHex.toLowerAscii)

proc ms(word: string): uint32 = uint32(parseBiggestUInt(word))

proc queued(done: bool): string = (if done: "ok" else: "again")

proc taken(got: Option[string]): string =
  if got.isNone: "again"
  elif got.get.len == 0: "closed 2"
  else: "ok " & hex(got.get)

proc name(c: Client): string = names[cast[pointer](c)]

proc bench(what: string, times: int): string =
  const data = "hello from libsse !"
  let queue = newWriter(4096)
  let many = newChannel("bench", clock = proc (): int64 = 0)
  let one = many.join()
  while one.tryRead(4096).isSome:
    discard
  let start = getMonoTime()
  for _ in 1 .. times:
    case what
    of "encode":
      discard encode(data, "tick")
    of "send":
      discard queue.send(data, "tick")
      discard queue.tryRead(4096)
    else:
      many.publish(data, "tick")
      for c in many.ready:
        while c.tryRead(4096).isSome:
          discard
  &"{(getMonoTime() - start).inNanoseconds.float / times.float:.1f}"

proc run(w: seq[string]): string =
  result = "ok"
  case w[0]
  of "encode":
    if w[5] == "-":
      return "skip"
    return "ok " & hex(encode(text(w[5]), text(w[2]), bytes(w[3]), bytes(w[1]), ms(w[4])))
  of "writer": writer = newWriter(parseInt(w[1]))
  of "send": return queued(writer.send(text(w[3]), text(w[1]), bytes(w[2])))
  of "comment": return queued(writer.comment(text(w[1])))
  of "retry": return queued(writer.retry(ms(w[1])))
  of "read": return taken(writer.tryRead(parseInt(w[1])))
  of "close": writer.close()
  of "channel":
    clients.clear()
    names.clear()
    clockMs = parseInt(w[6])
    channel = newChannel(text(w[1]), some(uint64(parseBiggestUInt(w[2]))), parseInt(w[3]), parseInt(w[4]),
                         parseInt(w[5]), proc (): int64 = clockMs)
  of "join":
    clockMs = parseInt(w[8])
    channel.tick()
    let tags = if w[4] == "-": none(seq[uint64])
               elif w[4] == ".": some(newSeq[uint64]())
               else: some(w[4].split(',').mapIt(uint64(parseBiggestUInt(it))))
    let c = channel.join(text(w[2]), text(w[3]), tags, ms(w[6]), parseInt(w[5]), ms(w[7]))
    clients[w[1]] = c
    names[cast[pointer](c)] = w[1]
    if c.gap:
      return "gap"
  of "publish":
    clockMs = parseInt(w[5])
    channel.tick()
    channel.publish(text(w[2]), text(w[1]), parseBiggestUInt(w[3]), parseBiggestUInt(w[4]))
  of "tick":
    clockMs = parseInt(w[1])
    channel.tick()
  of "ready":
    for c in channel.ready:
      result.add(" " & name(c))
  of "take": return taken(clients[w[1]].tryRead(parseInt(w[2])))
  of "tell": return queued(clients[w[1]].send(text(w[3]), text(w[2])))
  of "end": clients[w[1]].close()
  of "leave": clients[w[1]].leave()
  of "forget": clients.del(w[1])
  of "behind": return &"ok {clients[w[1]].behind}"
  of "count": return &"ok {channel.count(Counter(parseInt(w[1])))}"
  of "timeout":
    let before = clockMs
    clockMs = parseInt(w[1])
    result.add(&" {channel.timeout}")
    clockMs = before # to ask is not to tick
  of "drain": channel.drain(ms(w[1]), ms(w[2]), ms(w[3]))
  of "accepts": return (if accepts(text(w[1])): "ok 1" else: "ok 0")
  of "fields":
    for (name, value) in fields(parseInt(w[1]), bytes(w[2]), w[1] == "204", bytes(w[3])):
      result.add(&" {hex(name)}={hex(value)}")
  of "throw":
    try:
      for c in channel.ready:
        raise newException(ValueError, name(c))
    except ValueError as e:
      return "thrown " & e.msg
  of "bench": return "ok " & bench(w[1], parseInt(w[2]))
  else: raise newException(KeyError, w[0])

proc waits() {.async.} =
  ## What no command does: clients that wait.
  let quiet = newChannel("quiet", heartbeatMs = 50)
  let one = quiet.join()
  discard await one.read()
  let (first, second) = (one.read(), one.read())
  doAssert await first.withTimeout(5000), "the only client gets a heartbeat"
  quiet.publish("news")
  doAssert await second.withTimeout(5000), "each of two reads gets something"
  let stalled = quiet.join(stallMs = 50)
  doAssert await stalled.aborted.withTimeout(5000), "a client that stalls is aborted"
  while one.tryRead().isSome:
    discard
  let last = one.read()
  one.leave()
  await sleepAsync(1)
  doAssert last.failed, "a client leaves while a read waits"

  var time = 0'i64
  let channel = newChannel("by hand", clock = proc (): int64 = time)
  let client = channel.join(stallMs = 50)
  for c in channel.ready:
    doAssert c == client, "it has its first bytes"
  while time < 1000:
    time += 20
    channel.tick()
  doAssertRaises(SseError):
    discard client.send("late")
  doAssert client.aborted.finished, "the application learns of the end, too"
  echo "clients that wait"

proc collect() =
  when declared(GC_fullCollect):
    if collects:
      GC_fullCollect()

proc answer(w: seq[string]): string =
  try:
    run(w)
  except SseError as e:
    (if e.closed: "closed " else: "error ") & $e.status

if "--waits" in commandLineParams():
  waitFor waits()
  quit()
for line in stdin.lines:
  collect()
  let said = answer(line.split(' '))
  collect()
  echo said
  flushFile(stdout)
