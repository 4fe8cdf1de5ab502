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
ENDING = 20.0  # seconds for a stream to end that a gap has closed; a relay may be stopped for some of them


class Client:
    """What it got since its last gap is self.run, with the places that it was told; the gaps since the last
    verdict are in self.gaps, as (the run before it, what it says, the run after it). What is wrong with a
    stream, whatever the history is, is in self.found, as pairs of a kind and a sentence."""

    def __init__(self, name, kind, world, tags=()):
        self.name, self.kind, self.world, self.tags = name, kind, world, tags
        self.random = random.Random("%s %s" % (world.seed, name))
        self.run, self.gaps, self.last_id, self.found = [], [], None, []
        self.is_new = self.is_closed = False  # this stream: it is to begin with a place; a gap has closed it
        self.log = collections.deque(maxlen=4000)
        self.awake, self.writer, self.node = True, None, None
        self.received = self.streams = self.closed = 0
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

    def find(self, kind, sentence):
        self.note("FOUND", kind, sentence)
        self.found.append((kind, sentence))

    def head(self):
        """What it asks for: the events of its tags, which are named in the query, or by a proxy in front."""
        query = fields = ""
        for tag in self.tags:
            if self.world.by_user:
                fields += "X-User: %s\r\n" % tag
            else:
                query += "&%s=%s" % (self.world.filter, tag)
        if self.last_id is not None:
            fields += "Last-Event-ID: %s\r\n" % self.last_id
        return ("GET /events?stream=%s%s HTTP/1.1\r\nHost: localhost\r\n%s\r\n"
                % (self.world.key, query, fields)).encode()

    async def stream(self):
        self.node = self.random.choice(self.world.relays)
        reader, self.writer = await asyncio.wait_for(
            asyncio.open_connection("127.0.0.1", self.node.port, limit=1 << 20), 2)
        self.streams += 1
        try:
            self.writer.write(self.head())
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
        self.is_new, self.is_closed = self.last_id is None, False
        end = loop.time() + self.stay()
        while True:
            left = end - loop.time()
            if self.world.calm:
                left = SILENCE
            if left <= 0 and not self.is_closed:
                return self.note("leaves")
            try:
                limit = ENDING if self.is_closed else min(left, SILENCE)
                data = await asyncio.wait_for(self.piece(reader, chunked), limit)
            except asyncio.TimeoutError:
                if self.is_closed:
                    self.find("close", "a stream has not ended, %.0f s after a gap that closes it" % ENDING)
                elif left < SILENCE and not self.world.calm:
                    return self.note("leaves")
                raise
            if not data:
                return self.note("the stream has ended")
            for event in parser.feed(data):
                if self.is_closed:
                    self.find("close", "%s came after a gap that closes the stream" % (event or "a comment"))
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
            self.last_id = event.id or None  # an empty one is forgotten
        if event.data is None:
            return
        data = event.data.decode()
        if event.type == "retry":
            self.note("is sent away")
            return
        if self.is_new and event.type != "place":
            self.find("place", "a stream without a place to go on from began with %s" % event)
        self.is_new = False
        if event.type == "gap":
            self.take_gap(json.loads(data), event.id)
            return
        self.received += 1
        if event.type == "place":
            self.take_place(event)
        else:
            self.note("got", event.id, data)
            self.run.append(Entry(event.id, data))

    def take_place(self, event):
        self.note("place", event.id)
        if not event.id or event.data:
            self.find("place", "a place has an id and no data: %s" % event)
        elif not self.run or self.run[-1].id != event.id:
            self.run.append(Entry(event.id, None))

    def take_gap(self, gap, id):
        self.note("gap", gap, "" if id is None else "with the id %r" % id)
        self.is_closed = self.world.closes
        if self.is_closed != (id == ""):
            self.find("close", "a gap that %s the stream has the id %r: %s"
                      % ("closes" if self.is_closed else "does not close", id, gap))
        self.closed += self.is_closed
        self.reasons[gap["reason"]] += 1
        before, self.run = self.run, [Entry(id, None)] if id else []
        if not before and self.gaps:  # it was cut after a gap, before an entry
            before = self.gaps.pop()[0]
        self.gaps.append((before, gap, self.run))

    def settled(self):
        """Forget what a verdict has been given on, except enough to see a history that goes back."""
        self.run = self.run[-4000:]
        self.gaps, self.found, self.marks = [], [], set()

    def forget(self):
        """Begin anew with what comes next: nobody can say what the history was until now."""
        self.run = []
        self.settled()
