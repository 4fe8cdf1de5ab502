"""The server that is checked: its streams, what is published to it, its counters, its processes;
and a client, which reads one stream and compares all of it with what was published."""

import asyncio
import json
import os
import re
import time
import urllib.parse

import http1
from stream import Book, Parser, Reading, Wrong

LIMIT = 5.0  # seconds for anything that is to happen at once,
ANSWER = 10.0  # and for an answer: a packet that opens a connection can be lost
FEW = 4096  # the receive buffer of a client that does not read


class Skip(Exception):
    """A check cannot be done: why."""


async def within(limit, work, what):
    try:
        return await asyncio.wait_for(work, limit)
    except asyncio.TimeoutError:
        raise Wrong("%s: no answer within %.0f s" % (what, limit))


class Target:
    def __init__(self, options):
        self.options = options
        self.url = http1.Url(options.url)
        self.publish_url = http1.Url(options.publish or self.sibling("/publish"))
        self.status_url = http1.Url(options.status or self.sibling("/status"))
        self.http2 = options.http2
        self.book = Book()
        self.processes = Processes(options.pid or [])
        self.lock = asyncio.Lock()
        self.line, self.line_used, self.connection = None, 0.0, None
        self.published, self.asked_at = 0, 0.0  # bytes; when the latest request was sent
        self.opened = []  # clients and connections; some have been closed

    def sibling(self, path):
        base = self.options.url.partition("?")[0]
        return urllib.parse.urljoin(base, path.lstrip("/"))

    async def stream(self, query="", fields=(), receive_buffer=None, on=None, stalled=False):
        """Ask for the stream; gives the answer. on: a connection of HTTP/2 that is shared."""
        fields = [("Accept", "text/event-stream"), *fields]
        if not self.http2:
            return await http1.ask(self.url, target=self.url.target(query), fields=fields,
                                   receive_buffer=receive_buffer)
        connection = on or await self.connect(receive_buffer)
        try:
            answer = await connection.ask(target=self.url.target(query), fields=fields,
                                          stalled=stalled)
        except BaseException:
            if not on:
                connection.close()
            raise
        answer.own = on is None
        return answer

    async def connect(self, receive_buffer=None):
        import http2
        connection = await http2.Connection.open(self.url, receive_buffer)
        self.opened.append(connection)
        return connection

    async def ask(self, url, method="GET", query="", fields=(), body=None, target=None):
        """A request that is no stream; gives its answer and body."""
        target = target or url.target(query)
        async with self.lock:
            return await within(ANSWER, self.ask_locked(url, method, target, fields, body),
                                "%s %s" % (method, target))

    async def ask_locked(self, url, method, target, fields, body):
        if self.http2:
            if self.connection is None or self.connection.ended or self.connection.leaving:
                if self.connection:
                    self.connection.close()
                self.connection = await self.connect()
            answer = await self.connection.ask(method, target, fields, body)
            self.asked_at = answer.asked_at
            if is_stream(answer):
                answer.close()
                return answer, b""
            return answer, await answer.body()
        line, self.line = self.line, None
        if line and (time.monotonic() - self.line_used > 0.5 or not line.is_open()):
            line.close()
            line = None
        answer = await http1.ask(url, method, target, fields, body, line)
        self.asked_at = answer.asked_at
        try:
            text = b"" if is_stream(answer) else await answer.body()
        except BaseException:
            answer.close()
            raise
        same = (url.address, url.tls) == (self.url.address, self.url.tls)
        if answer.reusable and same and not is_stream(answer):
            self.line, self.line_used = answer.line, time.monotonic()
        else:
            answer.close()
        return answer, text

    async def publish(self, data, user=None, type=None):
        """Publish an event, and return its number."""
        if isinstance(data, str):
            data = data.encode()
        query = urllib.parse.urlencode([(n, v) for n, v in (("user", user), ("type", type)) if v])
        async with self.lock:
            n = len(self.book.log)
            self.book.add(type, data, user)
            self.published += len(data)
            self.book.doubtful.add(n)
            answer, text = await within(ANSWER, self.ask_locked(
                self.publish_url, "POST", self.publish_url.target(query),
                [("Content-Type", "text/plain")], data), "POST /publish, %d bytes" % len(data))
        if 200 <= answer.status < 300:
            self.book.doubtful.discard(n)
            self.book.answered = n + 1
        elif answer.status in (404, 405, 501):
            raise Skip("there is no POST %s: it was answered %d; README.md says what it does"
                       % (self.publish_url.target(), answer.status))
        else:
            raise Wrong("publishing %d bytes was answered %d: %r"
                        % (len(data), answer.status, text[:80]))
        return n

    async def counters(self):
        """What the server says of itself; None: it has no status."""
        answer, text = await self.ask(self.status_url)
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise Wrong("the status was answered %d" % answer.status)
        try:
            return dict(json.loads(text))
        except (TypeError, ValueError):
            raise Wrong("the status is no object of JSON: %r" % text[:80])

    async def subscribers(self):
        counters = await self.counters()
        if counters is None or "subscribers" not in counters:
            raise Skip("the server has no /status with the number of its subscribers")
        return counters["subscribers"]

    async def until_subscribers(self, count, limit, what):
        """Wait until there are at most, or for more clients exactly, so many; gives how long."""
        start = time.monotonic()
        while True:
            now = await self.subscribers()
            took = time.monotonic() - start
            if now == count:
                return took
            if took > limit:
                raise Wrong("%s: %d subscribers after %.1f s, not %d" % (what, now, took, count))
            await asyncio.sleep(0.01)

    async def tidy(self, but=()):
        """Close what a check has left behind."""
        for it in self.opened:
            if isinstance(it, Client) and it not in but:
                it.wrong = None
                await it.leave()
        kept = [it.answer.connection for it in but if self.http2 and it.answer] + [self.connection]
        for it in self.opened:
            if not isinstance(it, Client) and it not in kept:
                it.close()
        self.opened = [it for it in self.opened if it in kept or it in but]


class Client(Reading):
    """A client of the stream. A task reads it, from connect to the end or to leave."""

    def __init__(self, target, user=None):
        super().__init__(target.book, user)
        self.target = target
        target.opened.append(self)
        self.answer = self.task = self.wrong = None
        self.ended = None  # how, in words; "cleanly" where it was the end of the body
        self.news = asyncio.Event()
        self.bytes_at, self.comments_at = [], []
        self.cuts, self.shares = 0, False  # it shares its connection with one that stalls

    async def connect(self, way="header", last_id=None, budget=None, read=True, **how):
        """Ask for the stream: from the last event on that it got. last_id: instead of its own;
        budget: the bytes after which it reads no more. Gives the status."""
        query = urllib.parse.urlencode({"user": self.user}) if self.user else ""
        fields = []
        id = self.last_id if last_id is None else last_id
        if id and way == "header":
            fields.append(("Last-Event-ID", id))
        elif id:
            if not isinstance(id, bytes):
                id = urllib.parse.quote(id, safe="").encode()
            query = "&".join(q for q in (query, way + "=" + id.decode("latin-1")) if q)
        low = self.book.answered
        self.answer = await within(ANSWER, self.target.stream(query, fields, **how), "the stream")
        if not self.last_id:
            self.begins(0 if last_id else low)
        self.parser, self.ended, self.budget = Parser(), None, budget
        self.parser.last_id = self.last_id
        if self.answer.status == 200 and read:
            self.read()
        return self.answer.status

    async def begin(self, *args, **how):
        """As connect, for a stream that has to begin."""
        status = await self.connect(*args, **how)
        if status != 200:
            raise Wrong("the stream was answered %d" % status)
        return self

    def read(self):
        self.task = asyncio.create_task(self.run())

    async def run(self):
        try:
            while self.ended is None:
                data = await self.answer.read()
                if data is None:
                    self.ended = "cleanly"
                    break
                if self.budget is not None:
                    data = data[:self.budget]
                    self.budget -= len(data)
                    if self.budget == 0:
                        self.ended = "cut"
                now = time.monotonic()
                self.bytes_at.append(now)
                for event in self.parser.feed(data):
                    if event is None or event.type == "place":
                        self.comments_at.append(now)
                    self.take(event)
                self.news.set()
        except http1.Torn as e:
            self.ended = "torn: %s" % e
        except Wrong as e:
            self.wrong = e
        except asyncio.CancelledError:
            raise
        except Exception as e:
            self.wrong = Wrong("%s: %s" % (type(e).__name__, e))
        self.news.set()

    async def until(self, condition, what, limit=LIMIT):
        end = time.monotonic() + limit
        while True:
            self.news.clear()
            if self.wrong:
                raise Wrong("%s (while waiting for %s)" % (self.wrong, what))
            if condition():
                return
            if self.ended:
                raise Wrong("the stream ended (%s) before %s" % (self.ended, what))
            left = end - time.monotonic()
            if left <= 0:
                raise Wrong("%s did not come within %.1f s" % (what, limit))
            try:
                await asyncio.wait_for(self.news.wait(), left)
            except asyncio.TimeoutError:
                pass

    async def gets_all(self, limit=LIMIT):
        await self.until(self.has_all, "event %d of %d" % (self.at or self.high,
                                                           len(self.book.log)), limit)

    async def gets_its_end(self, limit=LIMIT):
        """Wait for the end of the stream, whatever it is like; gives it."""
        await self.until(lambda: self.ended, "the end of the stream", limit)
        return self.ended

    async def leave(self, reset=False):
        if self.task:
            self.task.cancel()
            await asyncio.wait([self.task])
            self.task = None
        if self.answer:
            self.answer.close(reset)
            self.answer = None
        if self.wrong:
            raise self.wrong


class Lag:
    """How late this program itself runs: on a loaded machine, times that it measures are as late."""

    def __init__(self):
        self.late = []  # (when, seconds)
        self.task = asyncio.create_task(self.run())

    async def run(self):
        while True:
            start = time.monotonic()
            await asyncio.sleep(0.02)
            late = time.monotonic() - start - 0.02
            if late > 0.005:
                self.late.append((start, late))

    def since(self, start, end=None):
        """What to allow for times that were measured since then: twice the longest lag, to a limit."""
        end = end or time.monotonic()
        return min(1.0, 2 * max([s for at, s in self.late if at < end and at + s + 0.02 > start] or [0]))


class Processes:
    """What the kernel knows of the processes of the server, and of their children."""

    def __init__(self, pids):
        self.given, self.found, self.found_at = pids, [], 0.0

    def need(self):
        if not self.given:
            raise Skip("without --pid there is nothing to measure")
        if not os.path.isdir("/proc/self/task"):
            raise Skip("there is no /proc here")

    def all(self):
        if time.monotonic() > self.found_at + 1:
            self.found, self.found_at = self.find(), time.monotonic()
        return self.found

    def find(self):
        parents = {}
        for name in os.listdir("/proc"):
            if name.isdigit():
                stat = read("/proc/%s/stat" % name)
                if stat:
                    parents.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(int(name))
        found = list(self.given)
        for pid in found:
            found.extend(p for p in parents.get(pid, []) if p not in found)
        return found

    def threads(self):
        """Of each thread: seconds that it was running; that it was ready, and waited for a processor;
        and how often it was woken."""
        found = {}
        for pid in self.all():
            for task in listing("/proc/%d/task" % pid):
                name = "/proc/%d/task/%s/" % (pid, task)
                times = read(name + "schedstat").split()
                woken = re.search(r"\nvoluntary_ctxt_switches:\s+(\d+)", read(name + "status"))
                if times and woken:
                    found[task] = int(times[0]) / 1e9, int(times[1]) / 1e9, int(woken.group(1))
        return found

    def memory(self):
        """MiB that are resident."""
        found = [re.search(r"VmRSS:\s+(\d+)", read("/proc/%d/status" % p)) for p in self.all()]
        return sum(int(m.group(1)) for m in found if m) / 1024

    def files(self):
        return sum(len(listing("/proc/%d/fd" % pid)) for pid in self.all())

    def is_running(self, pid):
        stat = read("/proc/%d/stat" % pid)
        return bool(stat) and stat.rpartition(")")[2].split()[0] not in "ZX"


def is_stream(answer):
    return "text/event-stream" in (answer.field("content-type") or "")


def server_end(line):
    """What the kernel knows of a connection to this machine: the bytes that wait at the server's end,
    or at ours where the server has a stack of its own; and whether that end is open."""
    theirs, ours = line.socket.getpeername()[1], line.socket.getsockname()[1]
    server = ":%04X [0-9A-F]+:%04X (..) ([0-9A-F]+):" % (theirs, ours)
    client = ":%04X [0-9A-F]+:%04X (..) [0-9A-F]+:([0-9A-F]+)" % (ours, theirs)
    for row, table in ((server, "tcp"), (server, "tcp6"), (client, "tcp"), (client, "tcp6")):
        found = re.search(row, read("/proc/net/" + table))
        if found:
            return found.group(2), found.group(1) == "01"
    return None, False


def read(path):
    try:
        with open(path) as f:
            return f.read()
    except OSError:
        return ""


def listing(path):
    try:
        return os.listdir(path)
    except OSError:
        return []
