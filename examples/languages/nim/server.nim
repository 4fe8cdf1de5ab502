# SPDX-License-Identifier: MIT
## A small server with a stream of events, on asynchttpserver.
##
## .. code-block:: sh
##   nim r server.nim 8080
##   curl -N 'http://127.0.0.1:8080/events?user=anna'
##   curl -d 'It rains.' 'http://127.0.0.1:8080/publish?type=weather'

import std/[asyncdispatch, asynchttpserver, asyncnet, json, nativesockets, net, options, os,
            strutils, uri]
from std/posix import SIGINT, SIGTERM
import sse

const BodyMax = 32 * 1024

proc setting(name: string, usual: int): int = parseInt(getEnv(name, $usual))

let
  stallMs = uint32(setting("APP_STALL_MS", 30000))
  channel = newChannel("server", heartbeatMs = setting("APP_HEARTBEAT_MS", 15000))
var sending = 0

proc parameter(url: Uri, name: string): string =
  for key, value in decodeQuery(url.query):
    if key == name:
      return value

proc tag(user: string): uint64 =
  ## The number of a user: 0 for none. A real application has numbers of its users.
  if user.len > 0:
    result = 14695981039346656037'u64
  for c in user:
    result = (result xor uint64(c)) * 1099511628211'u64
  if user.len > 0 and result == 0: # that is everybody
    result = 1

proc stream(req: Request, client: Client) {.async.} =
  ## Sends the answer and then the events. The end of the connection ends the stream.
  inc sending
  client.aborted.addCallback(proc () =
    if not req.client.isClosed:
      req.client.close())
  try:
    var head = "HTTP/1.1 200 OK\r\nconnection: close\r\n"
    for (name, value) in fields(200, some("*")):
      head.add(name & ": " & value & "\r\n")
    req.client.setSockOpt(OptNoDelay, true, level = IPPROTO_TCP.cint)
    await req.client.send(head & "\r\n", {}) # no flags: a client that has gone is an error
    while (let bytes = await client.read(); bytes.len > 0):
      await req.client.send(bytes, {})
  except OSError, SseError:
    discard # the client has gone or was cut off
  finally:
    dec sending
    client.leave()
    if not req.client.isClosed:
      req.client.close()

proc events(req: Request) {.async.} =
  let isPreflight = req.reqMethod == HttpOptions
  let isGet = req.reqMethod == HttpGet
  var status = if isPreflight: 204
               elif not isGet and req.reqMethod != HttpHead: 405
               elif accepts(req.headers.getOrDefault("accept")): 200
               else: 406
  if isGet and status == 200:
    let user = tag(req.url.parameter("user"))
    var client: Client
    try:
      client = channel.join(req.headers.getOrDefault("last-event-id"), req.url.query,
                            some(if user == 0: @[] else: @[user]), stallMs)
    except SseError:
      status = 503 # it drains
    if client != nil:
      await req.stream(client)
      return
  await req.respond(HttpCode(status), "", newHttpHeaders(fields(status, some("*"), isPreflight)))

proc publish(req: Request) {.async.} =
  var status = Http204
  if req.reqMethod != HttpPost:
    await req.respond(Http405, "", newHttpHeaders({"allow": "POST"}))
    return
  try:
    channel.publish(req.body, req.url.parameter("type"), tag(req.url.parameter("user")))
  except SseError:
    status = Http400
  await req.respond(status, "")

proc status(req: Request) {.async.} =
  if req.reqMethod notin {HttpGet, HttpHead}:
    await req.respond(Http405, "", newHttpHeaders({"allow": "GET, HEAD"}))
    return
  var counts = newJObject()
  for counter in Counter:
    counts[($counter).toLowerAscii] = %int64(channel.count(counter))
  await req.respond(Http200, $counts & "\n", newHttpHeaders({"content-type": "application/json"}))

proc answer(req: Request) {.async, gcsafe.} =
  {.cast(gcsafe).}: # one thread
    case req.url.path
    of "/events": await req.events
    of "/publish": await req.publish
    of "/status": await req.status
    else: await req.respond(Http404, "")

proc tick(ms: int) {.async.} =
  while true:
    await sleepAsync(ms)
    channel.publish($monotonicMs(), "tick")

proc main() {.async.} =
  let port = paramStr(1)
  let ended = newFuture[void]("server.main")
  for signal in [SIGTERM, SIGINT]:
    addSignal(signal, proc (fd: AsyncFD): bool =
      if not ended.finished:
        ended.complete())
  let server = newAsyncHttpServer(maxBody = BodyMax)
  server.listen(Port(parseInt(port)), "127.0.0.1")
  echo "http://127.0.0.1:", port, "/"
  flushFile(stdout)
  proc serve() {.async.} =
    while true:
      await server.acceptRequest(answer)
  asyncCheck serve()
  let tickMs = setting("APP_TICK_MS", 0)
  if tickMs > 0:
    asyncCheck tick(tickMs)
  await ended
  channel.drain(retryMs = 1000, windowMs = 2000, limitMs = 2000)
  while channel.count(Counter.Subscribers) > 0 or sending > 0:
    await sleepAsync(10)

waitFor main()
