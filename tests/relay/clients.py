"""Clients: each reads the stream of a relay, goes, comes back to any of them with its last event ID, and
notes all that it got."""

import asyncio
import collections
import json
import random

import paths  # of stream
from stream import Parser
from verdict import Entry

SILENCE = 6.0  # seconds without a byte, where heartbeats come each second: the node is dead


class Client:
    """What it got since its last gap is self.run; the gaps since the last verdict are in self.gaps, as
    (the run before it, what it says, the run after it)."""

    def __init__(self, name, kind, world, tags=()):
        self.name, self.kind, self.world, self.tags = name, kind, world, tags
        self.random = random.Random("%s %s" % (world.seed, name))
        self.run, self.gaps, self.last_id = [], [], None
        self.log = collections.deque(maxlen=4000)
        self.awake, self.writer, self.node = True, None, None
        self.received = self.streams = self.answered = 0
        self.reasons = collections.Counter()
        self.marks = set()  # of the faults since the last verdict: one that was away saw more than a round

    def note(self, *words):
        self.log.append("%.3f %s" % (self.world.now(), " ".join(map(str, words))))

    async def live(self):
        while True:
            try:
                await self.stream()
            except (OSError, EOFError, ValueError, asyncio.TimeoutError) as e:
                self.note("lost", repr(e))
            await self.rest()

    async def rest(self):
        """Between two streams."""
        if self.kind == "sleeps" and not self.world.calm and self.random.random() < 0.6:
            self.awake = False
            await asyncio.sleep(self.random.choice((1, 3, 3, 8, 20)) * self.random.random() * self.world.pace)
            while self.world.calm:  # it comes back in the middle of something
                await asyncio.sleep(0.1)
            self.awake = True
        await asyncio.sleep(0.02 + 0.2 * self.random.random())

    def stay(self):
        """How long a stream lasts that nothing cuts."""
        if self.world.calm or self.kind == "stays":
            return 3600
        return self.random.uniform(0.05, 2.0 if self.kind == "roams" else 1.0)

    async def stream(self):
        self.node = self.random.choice(self.world.relays)
        reader, self.writer = await asyncio.wait_for(
            asyncio.open_connection("127.0.0.1", self.node.port, limit=1 << 20), 2)
        self.streams += 1
        try:
            fields = "" if self.last_id is None else "Last-Event-ID: %s\r\n" % self.last_id
            query = "".join("&tag=" + t for t in self.tags)
            self.writer.write(("GET /events?stream=%s%s HTTP/1.1\r\nHost: localhost\r\n%s\r\n"
                               % (self.world.key, query, fields)).encode())
            self.note("connects to", self.node.name, "with", self.last_id)
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
            status = int(head.split(None, 2)[1])
            if status != 200:
                raise ValueError("status %d" % status)
            await self.read(reader, b"transfer-encoding: chunked" in head.lower())
        finally:
            self.writer.transport.abort()
            self.writer = None

    async def read(self, reader, chunked):
        parser, loop = Parser(), asyncio.get_running_loop()
        end = loop.time() + self.stay()
        while True:
            left = end - loop.time()
            if self.world.calm:
                left = SILENCE
            if left <= 0:
                return self.note("leaves")
            try:
                data = await asyncio.wait_for(self.piece(reader, chunked), min(left, SILENCE))
            except asyncio.TimeoutError:
                if left < SILENCE and not self.world.calm:
                    return self.note("leaves")
                raise
            if not data:
                return self.note("the stream has ended")
            for event in parser.feed(data):
                if event is not None:
                    self.take(event)
            if self.kind == "slow" and not self.world.calm:
                await asyncio.sleep(self.random.random() * 0.3)

    async def piece(self, reader, chunked):
        if not chunked:
            return await reader.read(65536)
        size = int((await reader.readuntil(b"\r\n")).split(b";")[0], 16)
        data = await reader.readexactly(size + 2)
        return data[:-2]

    def take(self, event):
        if event.id is not None:
            self.last_id = event.id
        if event.data is None:
            return
        data = event.data.decode()
        if event.type == "gap":
            self.take_gap(json.loads(data))
            return
        if event.type == "retry":
            self.note("is sent away")
            return
        self.received += 1
        self.answered = self.world.now()
        if event.type == "place":
            self.note("place", event.id)
            if not self.run:
                self.run.append(Entry(event.id, None))
        else:
            self.note("got", event.id, data)
            self.run.append(Entry(event.id, data))

    def take_gap(self, gap):
        self.note("gap", gap)
        self.reasons[gap["reason"]] += 1
        before, self.run = self.run, []
        if not before and self.gaps:  # it was cut after a gap, before an entry
            before = self.gaps.pop()[0]
        self.gaps.append((before, gap, self.run))

    def settled(self):
        """Forget what a verdict has been given on, except enough to see a history that goes back."""
        self.run = self.run[-4000:]
        self.gaps, self.marks = [], set()

    def forget(self):
        """Begin anew with what comes next: nobody can say what the history was until now."""
        self.run = []
        self.settled()
