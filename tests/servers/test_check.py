#!/usr/bin/env python3
"""Test the check: a right server passes it, and each wrong one fails the check that is named.

    python3 tests/servers/test_check.py [WRONG...]"""

import asyncio
import collections
import concurrent.futures
import os
import signal
import socket
import struct
import subprocess
import sys
import time
import urllib.parse

import run

HEARTBEAT, STALL, TICK = run.HEARTBEAT_MS / 1000, run.STALL_MS / 1000, run.TICK_MS / 1000
DRAIN = 2.0
EVENTS, CAPACITY, HEAD_MAX, BODY_MAX = 1000, 1 << 20, 8192, 32768
RESET = struct.pack("ii", 1, 0)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n\r\n"

Event = collections.namedtuple("Event", "number type data user")
Request = collections.namedtuple("Request", "method path query fields body")


class Client:
    def __init__(self, socket, user, at):
        self.socket, self.user, self.at = socket, user, at  # at: the number of the next event
        self.news = asyncio.Event()
        self.sent_at = 0.0


class Right:
    """What examples/servers/app.c does."""

    accepts = {"/": ["GET", "HEAD"], "/status": ["GET", "HEAD"], "/publish": ["POST"],
               "/events": ["GET", "HEAD", "OPTIONS"]}
    head, body_max, most_clients, stall = HEAD, BODY_MAX, 1000, STALL

    def __init__(self, port):
        self.port, self.run = port, "%x" % time.time_ns()
        self.history, self.size, self.count = collections.deque(), 0, 0
        self.clients, self.draining, self.tasks = set(), False, set()

    # What is published.

    def publish(self, type, data, user):
        self.count += 1
        self.keep(Event(self.count, type, data, user))
        for c in self.clients:
            self.wake(c)

    def keep(self, event):
        self.history.append(event)
        self.size += len(event.data)
        while len(self.history) > EVENTS or self.size > CAPACITY:
            self.size -= len(self.history.popleft().data)

    def wake(self, c):
        c.news.set()

    def first(self):
        """The number of the oldest event that is kept."""
        return self.history[0].number if self.history else self.count + 1

    # What a client gets.

    def wire(self, c, event):
        lines = [b"id: %s-%d" % (self.run.encode(), event.number)]
        if event.type:
            lines.append(b"event: " + event.type)
        data = event.data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return b"\n".join(lines + [b"data: " + line for line in data.split(b"\n")]) + b"\n\n"

    def sees(self, c, event):
        return event.user in ("", c.user)

    def place(self, at):
        return b"event: place\nid: %s-%d\ndata:\n\n" % (self.run.encode(), at - 1)

    def gap(self, c):
        return b"event: gap\nid: %s-%d\ndata: {}\n\n" % (self.run.encode(), c.at - 1)

    def last_id(self, request):
        return request.fields.get("last-event-id") or value(request.query, "lastEventId")

    def resume(self, c, id):
        """The first bytes for a client that comes back, or begins. Sets its place."""
        run, _, number = id.partition("-")
        if not id:
            return self.place(c.at)
        if run == self.run and number.isdigit() and int(number) <= self.count:
            c.at = int(number) + 1
            if c.at >= self.first():
                return b""
        return self.lag(c)

    def lag(self, c):
        c.at = self.first()
        return self.gap(c)

    def next(self, c):
        """The next bytes of a client; none: nothing is there."""
        if c.at < self.first():
            return self.lag(c)
        while c.at <= self.count:
            event = self.history[c.at - self.first()]
            c.at += 1
            if self.sees(c, event):
                return self.wire(c, event)
        return b""

    def heartbeat(self, c):
        return self.place(c.at) if c.user else b":\n\n"

    def farewell(self, c):
        return b"event: farewell\nretry: 1000\ndata:\n\n"

    # How it gets that.

    async def stream(self, sock, request):
        c = Client(sock, value(request.query, "user"), self.count + 1)
        first = self.begin(c) + self.resume(c, self.last_id(request))
        self.clients.add(c)
        watcher = self.task(self.watch(c, asyncio.current_task()))
        try:
            await self.send(c, first)
            await self.feed(c)
            await self.end(c)
        except (OSError, asyncio.TimeoutError):
            pass
        finally:
            watcher.cancel()
            self.forget(c)

    def begin(self, c):
        return self.head + b"retry: 1000\n\n"

    async def feed(self, c):
        while True:
            c.news.clear()
            data = self.next(c)
            if not data and self.draining:
                await self.send(c, self.farewell(c))
                return
            if not data:
                data = await self.wait(c)
            if data:
                await self.send(c, data)

    async def wait(self, c):
        """Wait for news; a heartbeat where there are none."""
        try:
            await asyncio.wait_for(c.news.wait(), c.sent_at + HEARTBEAT - time.monotonic())
            return b""
        except asyncio.TimeoutError:
            return self.heartbeat(c)

    async def send(self, c, data):
        await asyncio.wait_for(self.loop.sock_sendall(c.socket, data), self.stall)
        c.sent_at = time.monotonic()

    async def watch(self, c, task):
        try:
            while await self.loop.sock_recv(c.socket, 4096):
                pass
        except OSError:
            pass
        task.cancel()

    async def end(self, c):
        c.socket.shutdown(socket.SHUT_WR)

    def forget(self, c):
        self.clients.discard(c)

    # The server.

    def task(self, work):
        task = self.loop.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    async def main(self):
        self.loop = asyncio.get_running_loop()
        self.over = asyncio.Event()
        listener = socket.create_server(("127.0.0.1", self.port), backlog=300)
        listener.setblocking(False)
        self.loop.add_signal_handler(signal.SIGTERM, lambda: self.task(self.drain()))
        self.task(self.tick())
        accepting = self.task(self.accept(listener))
        await self.over.wait()
        accepting.cancel()

    async def accept(self, listener):
        while True:
            sock, _ = await self.loop.sock_accept(listener)
            self.task(self.serve(sock))

    async def tick(self):
        while True:
            await asyncio.sleep(TICK)
            self.publish(b"tick", b"%d" % (time.monotonic() * 1000), "")

    async def drain(self):
        self.draining = True
        for c in self.clients:
            c.news.set()
        end = time.monotonic() + DRAIN
        while self.clients and time.monotonic() < end:
            await asyncio.sleep(0.02)
        self.over.set()

    async def serve(self, sock):
        try:
            request = await self.receive(sock)
            if isinstance(request, Request):
                status = self.answer(request)
            else:
                status = request
            if status is None:
                await self.stream(sock, request)
            else:
                await self.loop.sock_sendall(sock, status)
        except (OSError, ValueError, asyncio.CancelledError):
            pass
        finally:
            self.close(sock)

    def close(self, sock):
        self.loop.remove_reader(sock)
        self.loop.remove_writer(sock)
        sock.close()

    async def receive(self, sock):
        data = b""
        while b"\r\n\r\n" not in data:
            part = await self.loop.sock_recv(sock, 65536)
            if not part:
                raise ValueError
            data += part
            if b"\r\n\r\n" not in data and len(data) > HEAD_MAX + BODY_MAX:
                return brief(431)
        head, _, body = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        fields = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in lines)}
        length = int(fields.get("content-length", 0))
        if length > self.body_max:
            return brief(413)
        while len(body) < length:
            body += await self.loop.sock_recv(sock, 65536)
        method, target, _ = first.split(" ")
        path, _, query = target.partition("?")
        return Request(method, path, query, fields, body)

    def answer(self, r):
        """The whole answer; None: the stream."""
        methods = self.accepts.get(r.path)
        if methods is None:
            return brief(404)
        if r.method not in methods:
            return brief(405, ", ".join(methods))
        if r.path == "/publish":
            self.publish(value(r.query, "type").encode(), r.body, value(r.query, "user"))
            return brief(204)
        if r.path == "/status":
            body = b'{"subscribers": %d}' % len(self.clients)
            return b"HTTP/1.1 200 \r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(body), body)
        if r.method == "OPTIONS":
            return brief(204)
        if not self.accepts_stream(r):
            return brief(406)
        if r.method == "HEAD":
            return self.head
        return brief(503) if len(self.clients) >= self.most_clients else None

    def accepts_stream(self, r):
        return any(t in r.fields.get("accept", "*/*") for t in ("*/*", "event-stream"))


class Http2(Right):
    """The same over HTTP/2: the socket of a client is a stream of a connection."""

    async def serve(self, sock):
        connection = Connection(self, sock)
        try:
            await connection.run()
        except OSError:
            pass
        for task in connection.tasks.values():
            task.cancel()
        self.close(sock)

    async def serve_stream(self, stream, fields, body):
        path, _, query = fields[":path"].partition("?")
        request = Request(fields[":method"], path, query, fields, body)
        answer = brief(413) if len(body) > self.body_max else self.answer(request)
        await stream.head(answer or self.head)
        if answer is None:
            await self.stream(stream, request)
            if not stream.ended:
                await stream.reset()
        else:
            await stream.send(answer.partition(b"\r\n\r\n")[2])
            await stream.end()

    def begin(self, c):
        return b"retry: 1000\n\n"

    async def send(self, c, data):
        await asyncio.wait_for(c.socket.send(data), self.stall)
        c.sent_at = time.monotonic()

    async def watch(self, c, task):
        pass  # the connection cancels the task

    def cancel(self, task):
        task.cancel()

    async def end(self, c):
        await c.socket.end()


class Connection:
    def __init__(self, server, sock):
        import h2.config
        import h2.connection
        self.server, self.sock, self.tasks, self.bodies = server, sock, {}, {}
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(
            client_side=False, header_encoding="latin-1", validate_outbound_headers=False,
            validate_inbound_headers=False, normalize_outbound_headers=False))
        self.opened, self.lock = asyncio.Event(), asyncio.Lock()

    async def run(self):
        self.h2.initiate_connection()
        await self.flush()
        while True:
            data = await self.server.loop.sock_recv(self.sock, 65536)
            if not data:
                return
            for event in self.h2.receive_data(data):
                self.take(event, type(event).__name__)
            await self.flush()

    async def flush(self):
        async with self.lock:
            await self.server.loop.sock_sendall(self.sock, self.h2.data_to_send())

    def take(self, event, what):
        if what == "RequestReceived":
            self.bodies[event.stream_id] = dict(event.headers), []
        elif what == "DataReceived":
            self.bodies[event.stream_id][1].append(event.data)
            self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif what == "StreamEnded":
            fields, body = self.bodies.pop(event.stream_id)
            work = self.server.serve_stream(Stream(self, event.stream_id), fields, b"".join(body))
            self.tasks[event.stream_id] = self.server.task(work)
        elif what == "StreamReset" and event.stream_id in self.tasks:
            self.server.cancel(self.tasks[event.stream_id])
        elif what == "WindowUpdated":
            self.opened.set()


class Stream:
    def __init__(self, connection, number):
        self.connection, self.number, self.ended = connection, number, False

    async def head(self, answer):
        first, *lines = answer.partition(b"\r\n\r\n")[0].decode().split("\r\n")
        fields = [(n.lower(), v.strip()) for n, _, v in (line.partition(":") for line in lines)]
        fields = [(":status", first.split(" ")[1])] + [f for f in fields if f != ("connection", "close")]
        self.connection.h2.send_headers(self.number, fields)
        await self.connection.flush()

    async def send(self, data):
        h2c = self.connection.h2
        while data:
            room = min(h2c.local_flow_control_window(self.number), h2c.max_outbound_frame_size)
            if room > 0:
                h2c.send_data(self.number, data[:room])
                data = data[room:]
                await self.connection.flush()
            else:
                self.connection.opened.clear()
                await self.connection.opened.wait()

    async def end(self):
        self.ended = True
        self.connection.h2.end_stream(self.number)
        await self.connection.flush()

    async def reset(self):
        self.ended = True
        self.connection.h2.reset_stream(self.number)
        await self.connection.flush()


def brief(status, allow=""):
    allow = b"Allow: %s\r\n" % allow.encode() if allow else b""
    length = b"" if status == 204 else b"Content-Length: 0\r\n"
    return b"HTTP/1.1 %d \r\n%s%sConnection: close\r\n\r\n" % (status, allow, length)


def value(query, name):
    return urllib.parse.parse_qs(query).get(name, [""])[0]


# The wrong ones: the check that is to find it, and what is wrong.

WRONG = {}
RIGHT = {"Right": Right, "Http2": Http2}


def wrong(check):
    def add(kind):
        WRONG[kind.__name__] = check, kind
        return kind
    return add


@wrong("connect")
class HasAStatusInWords(Right):
    def answer(self, r):
        if r.path == "/status":
            return b"HTTP/1.1 200 \r\nContent-Length: 4\r\nConnection: close\r\n\r\nfine"
        return super().answer(r)


@wrong("vanish-fin")
class HasAStatusLater(Right):
    has_status = False

    def answer(self, r):
        if r.path == "/status" and not self.has_status:
            self.has_status = True
            return brief(404)
        return super().answer(r)


@wrong("head")
class IsText(Right):
    head = HEAD.replace(b"event-stream", b"plain")


@wrong("head")
class IsCached(Right):
    head = HEAD.replace(b"no-cache", b"max-age=9")


@wrong("head")
class BeginsLate(Right):
    async def send(self, c, data):
        if data.startswith(b"HTTP/"):
            await asyncio.sleep(HEARTBEAT)
        await super().send(c, data)


@wrong("live")
class Loses(Right):
    def sees(self, c, event):
        return event.number % 7 != 0


@wrong("live")
class Doubles(Right):
    def wire(self, c, event):
        return super().wire(c, event) * (1 + (event.number % 7 == 0))


@wrong("live")
class Swaps(Right):
    def next(self, c):
        data = super().next(c)
        held = getattr(c, "held", b"")
        if data and not held and c.at % 5 == 0:
            c.held, data = data, b""
        elif data:
            data, c.held = data + held, b""
        return data


@wrong("live")
class DoesNotSplitLines(Right):
    def wire(self, c, event):
        return b"id: %s-%d\ndata: %s\n\n" % (self.run.encode(), event.number, event.data)


@wrong("live")
class LosesTypes(Right):
    def wire(self, c, event):
        return super().wire(c, event._replace(type=b""))


@wrong("live")
class CutsLongEvents(Right):
    def wire(self, c, event):
        return super().wire(c, event)[:32000].rstrip(b"\n") + b"\n\n"


@wrong("live")
class StripsBlanks(Right):
    def wire(self, c, event):
        return super().wire(c, event).replace(b"data:  ", b"data:")


@wrong("live")
class LeavesOutEmptyEvents(Right):
    def sees(self, c, event):
        return event.data and super().sees(c, event)


@wrong("filters")
class ShowsAll(Right):
    def sees(self, c, event):
        return True


@wrong("filters")
class HashesAUserToNobody(Right):
    def publish(self, type, data, user):
        super().publish(type, data, user if user.isprintable() and "\ufffd" not in user else "")


@wrong("filters")
class HidesThoseForEverybody(Right):
    def sees(self, c, event):
        return event.user == c.user


@wrong("requests")
class StreamsToHead(Right):
    def answer(self, r):
        return super().answer(r._replace(method="GET") if r.method == "HEAD" else r)


@wrong("requests")
class AnswersAnyMethod(Right):
    def answer(self, r):
        return super().answer(r) if r.method != "DELETE" else brief(204)


@wrong("requests")
class IgnoresAccept(Right):
    def accepts_stream(self, r):
        return True


@wrong("requests")
class TakesAnyBody(Right):
    body_max = 1 << 30


@wrong("resume")
class IgnoresTheHeader(Right):
    def last_id(self, request):
        return value(request.query, "lastEventId")


@wrong("resume")
class IgnoresTheQuery(Right):
    def last_id(self, request):
        return request.fields.get("last-event-id", "")


@wrong("resume")
class ResumesTooEarly(Right):
    def resume(self, c, id):
        data = super().resume(c, id)
        c.at -= bool(id) and c.at > self.first()
        return data


@wrong("resume")
class ResumesTooLate(Right):
    def resume(self, c, id):
        data = super().resume(c, id)
        c.at += bool(id) and c.at <= self.count
        return data


@wrong("resume")
class TearsAtAResume(Right):
    def resume(self, c, id):
        data = super().resume(c, id)
        return data or self.next(c)[30:]


@wrong("resume")
class HasNoIds(Right):
    def wire(self, c, event):
        return super().wire(c, event).partition(b"\n")[2]


@wrong("bad-id")
class BeginsAnew(Right):
    def resume(self, c, id):
        return super().resume(c, id if id.startswith(self.run) else "")


@wrong("bad-id")
class DiesOfAnId(Right):
    def resume(self, c, id):
        if "%" in id or "\n" in id:
            os._exit(1)
        return super().resume(c, id)


@wrong("long-id")
class CutsIds(Right):
    def resume(self, c, id):
        return super().resume(c, id if len(id) < 5000 else "")


@wrong("resume-gap")
class TellsNoGap(Right):
    def lag(self, c):
        c.at = self.first()
        return b""


@wrong("heartbeats")
class HasNoHeartbeats(Right):
    def heartbeat(self, c):
        c.sent_at = time.monotonic()
        return b""


@wrong("heartbeats")
class HoldsHeartbeats(Right):
    def heartbeat(self, c):
        c.held = getattr(c, "held", b"") + super().heartbeat(c)
        c.sent_at = time.monotonic()
        data, c.held = (c.held, b"") if len(c.held) > 8 else (b"", c.held)
        return data


@wrong("heartbeats")
class BeatsTooOften(Right):
    def wire(self, c, event):
        return super().wire(c, event) + b":\n\n"


@wrong("spin-idle")
class Spins(Right):
    async def tick(self):
        self.task(super().tick())
        while True:
            await asyncio.sleep(0)


@wrong("tick")
class TicksWithTheHeartbeat(Right):
    def wake(self, c):
        if self.history[-1].type != b"tick":
            super().wake(c)


@wrong("tick")
class LosesTicks(Right):
    async def tick(self):
        pass


class Deaf(Right):
    sign = b""

    async def watch(self, c, task):
        try:
            while await self.loop.sock_recv(c.socket, 4096):
                pass
        except OSError:
            pass
        if self.sign == "half":
            while True:
                await asyncio.sleep(0)

    async def send(self, c, data):
        try:
            await super().send(c, data)
        except OSError:
            c.sent_at = time.monotonic()


@wrong("vanish-fin")
class MissesAFin(Deaf):
    pass


@wrong("vanish-reset")
class MissesAReset(Deaf):
    pass


@wrong("half-close")
class SpinsAtAHalfClose(Deaf):
    sign = "half"


@wrong("crowd")
class TakesFew(Right):
    most_clients = 100


@wrong("crowd")
class ForgetsOne(Right):
    def sees(self, c, event):
        return len(self.clients) < 100 or c is not min(self.clients, key=id) or event.number % 5


@wrong("stalled-memory")
class Grows(Right):
    async def send(self, c, data):
        if not hasattr(c, "pipe"):
            c.pipe = []
            self.task(self.pump(c))
        c.pipe.append(bytes(bytearray(data)))
        c.sent_at = time.monotonic()

    async def pump(self, c):
        while c.socket.fileno() >= 0:
            while c.pipe:
                await super().send(c, c.pipe[0])
                c.pipe.pop(0)
            await asyncio.sleep(0.002)


@wrong("stalled-others")
class WaitsForOne(Right):
    async def send(self, c, data):
        c.socket.settimeout(self.stall)
        try:
            c.socket.sendall(data)
        finally:
            c.socket.setblocking(False)
        c.sent_at = time.monotonic()


@wrong("stalled-cut")
class NeverCuts(Right):
    stall = None


@wrong("stalled-cut")
class CutsEarly(Right):
    stall = STALL / 6


@wrong("stalled-wakes")
class SkipsWhatIsGone(TellsNoGap):
    pass


@wrong("stalled-spin")
class TriesAgainAndAgain(Right):
    async def send(self, c, data):
        end = time.monotonic() + self.stall
        while data:
            try:
                data = data[c.socket.send(data):]
            except BlockingIOError:
                if time.monotonic() > end:
                    raise asyncio.TimeoutError
                await asyncio.sleep(0)
        c.sent_at = time.monotonic()


@wrong("after")
class LeaksFiles(Right):
    def close(self, sock):
        if getattr(self, "count", 0) % 2:
            os.dup(sock.fileno())
        super().close(sock)


@wrong("end")
class SaysNoFarewell(Right):
    def farewell(self, c):
        return b":\n\n"


@wrong("end")
class SetsNoRetry(Right):
    def farewell(self, c):
        return b"event: farewell\ndata:\n\n"


@wrong("end")
class Resets(Right):
    async def end(self, c):
        c.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)


@wrong("end")
class DropsTheLast(Right):
    def sees(self, c, event):
        return super().sees(c, event) and not event.data.startswith(b"one of the last")


@wrong("end")
class WaitsForEver(Right):
    stall = None

    async def drain(self):
        self.draining = True
        for c in self.clients:
            c.news.set()
        while self.clients:
            await asyncio.sleep(0.02)
        self.over.set()


@wrong("head")
class NamesTheConnection(Http2):
    head = HEAD.replace(b"\r\n\r\n", b"\r\nKeep-Alive: timeout=5\r\n\r\n")


@wrong("many-streams")
class WaitsForAWindow(Http2):
    async def send(self, c, data):
        connection = c.socket.connection
        if not hasattr(connection, "one_by_one"):
            connection.one_by_one = asyncio.Lock()
        async with connection.one_by_one:
            await super().send(c, data)


@wrong("vanish-cancel")
class MissesACancel(Http2):
    def cancel(self, task):
        pass

    async def send(self, c, data):
        try:
            await super().send(c, data)
        except Exception:
            c.sent_at = time.monotonic()


@wrong("end")
class ResetsStreams(Http2):
    async def end(self, c):
        await c.socket.reset()


# What runs them.


def check(name, kind, args):
    """Run the check against a server; gives its output and exit code."""
    locks, python = [], sys.executable
    port = run.free_port(locks)
    if issubclass(kind, Http2):
        python, args = run.python_with_h2(), args + ["--http2"]
    server = subprocess.Popen([python, os.path.abspath(__file__), "--serve", name, str(port)],
                              stderr=subprocess.DEVNULL)
    try:
        for _ in range(300):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.02)
        done = subprocess.run(
            [python, os.path.join(run.HERE, "check.py"), "http://127.0.0.1:%d/events" % port,
             "--pid", str(server.pid), "--heartbeat-ms", str(run.HEARTBEAT_MS), "--stall-ms",
             str(run.STALL_MS), "--tick-ms", str(run.TICK_MS), "--ends"] + args,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
        return done.stdout, done.returncode
    finally:
        server.kill()
        server.wait()
        run.release(locks)


def judge(name):
    """What is wrong with how the check judges a server; None: nothing."""
    expected, kind = WRONG.get(name) or (None, RIGHT[name])
    if expected is None:
        text, code = check(name, kind, [])
        return None if code == 0 and " 0 failed" in text else text
    only = {"after": ["--only", "resume", "--only", "after"], "connect": []}.get(
        expected, ["--only", expected])
    text, code = check(name, kind, only)
    found = [line for line in text.splitlines() if line.startswith("FAILED  %s " % expected)]
    return None if found and code == 1 else "%s is not found by %s\n%s" % (name, expected, text)


def main(args):
    if args[:1] == ["--serve"]:
        kind = RIGHT.get(args[1]) or WRONG[args[1]][1]
        asyncio.run(kind(int(args[2])).main())
        return 0
    names = args or list(RIGHT) + sorted(WRONG, key=lambda n: not WRONG[n][0].startswith(("st", "end")))
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for name, result in zip(names, pool.map(judge, names)):
            print("%s %s" % ("ok" if result is None else "FAILED", name), flush=True)
            if result is not None:
                failed += 1
                print(result)
    print("%d passed, %d failed" % (len(names) - failed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
