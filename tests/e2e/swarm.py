"""Many clients of one stream, in one thread. Each is cut off at random and comes back with the last
event ID that it has; what it gets is checked event by event: against the one before it, and against
what the others got. Nothing is kept but the log: one block for each event there has been."""

import heapq
import json
import random
import select
import socket
import struct
import time

from programs import parse

RESET = struct.pack("ii", 1, 0)  # for SO_LINGER: close with a reset
BYTES = 1 << 16  # of one read
CUT_AFTER = 40000  # bytes of a connection, at the most, where it is to be cut
AWAY = 0.4  # seconds until a client comes back, mostly; and ten times as long at times


def number(id):
    """The number of an event, from its id, <origin>-<number>."""
    return int(id.partition("-")[2])


def origin(id):
    """The run of the server that an id is from."""
    return id.partition("-")[0]


class Client:
    """One client, over all of its connections."""

    def __init__(self, swarm, name):
        self.swarm, self.name = swarm, name
        self.first = self.last = None  # the numbers of events
        self.place = None  # the number of the event ahead of its first one
        self.last_event = self.last_id = None  # a gap event has an id, too
        self.told = []  # gap events since the last event
        self.received = self.lost = self.gaps = self.cuts = 0
        self.socket = None
        self.live = False

    def connect(self):
        """Ask for the stream: with the last event ID in the header, or in either query."""
        path, fields = "/events", ""
        if self.last_id is not None:
            way = self.swarm.random.randrange(4)
            if way < 2:
                path += ("?lastEventId=%s", "?a=b&last_event_id=%s")[way] % self.last_id
            else:
                fields = "Last-Event-ID: %s\r\n" % self.last_id
        self.buffer = b""
        self.live = False
        while self.told and self.told[-1].id is None:
            self.told.pop()  # it will be told again
        self.budget = self.swarm.budget()
        self.socket = socket.socket()
        try:
            self.socket.connect(("127.0.0.1", self.swarm.port))
            self.socket.setblocking(False)
            self.socket.sendall(b"GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n"
                                % (path.encode(), fields.encode()))
        except ConnectionError:
            self.leave(False)
            return
        self.swarm.watch(self)

    def leave(self, reset):
        """Drop the connection, with what has come of an event that is not complete."""
        if reset:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.swarm.forget(self)
        self.socket.close()
        self.socket = None
        self.live = False

    def receive(self):
        try:
            part = self.socket.recv(min(BYTES, self.budget))
        except BlockingIOError:
            return
        except ConnectionError:
            part = b""
        if not part:
            self.leave(False)
            return
        self.budget -= len(part)
        self.buffer += part
        if self.live or self.head():
            end = self.buffer.rfind(b"\n\n")
            if end >= 0:
                blocks, self.buffer = self.buffer[:end], self.buffer[end + 2:]
                for block in blocks.split(b"\n\n"):
                    self.take(block)
        if self.budget == 0:
            self.cuts += 1
            self.leave(self.swarm.random.random() < 0.5)

    def head(self):
        head, blank, rest = self.buffer.partition(b"\r\n\r\n")
        if not blank:
            return False
        lines = head.decode().lower().split("\r\n")
        if lines[0] != "http/1.1 200 ok" or "content-type: text/event-stream" not in lines:
            self.fail("no stream: %r" % head)
        if any(line.startswith("transfer-encoding:") for line in lines):
            self.fail("a framing that this client does not know: %r" % head)
        self.buffer, self.live = rest, True
        return True

    def take(self, block):
        event = self.swarm.parsed(block)
        if event.data is None or event.type == "farewell":
            return
        if event.type == "place":
            self.take_place(event)
            return
        if event.type == "gap":
            self.take_gap(event)
            return
        n = number(event.id)
        if self.last is None:
            if n != self.place + 1 and not self.told:
                self.fail("%s is its first event, and its place was %d" % (event.id, self.place))
            self.first = n
            self.told = []
        elif n <= self.last:
            self.fail("%s came after %s: twice, or out of order" % (event.id, self.last_id))
        elif self.told:
            self.check_gap(n)
            self.told = []
        elif n > self.last + 1:
            self.fail("%s came after %s: there is a loss" % (event.id, self.last_id))
        if self.swarm.log.setdefault(n, block) != block:
            self.fail("%r, and another client got %r" % (block, self.swarm.log[n]))
        self.last, self.last_event, self.last_id = n, event.id, event.id
        self.received += 1

    def take_place(self, event):
        if self.last_id is not None:
            self.fail("a place after %s: %s" % (self.last_id, event.id))
        self.place, self.last_id = number(event.id), event.id

    def take_gap(self, event):
        """A place that no event has can be unknown to the next run of the server."""
        lost_place = self.last is None and origin(self.last_id) != self.swarm.origin
        self.gaps += not lost_place
        if not self.swarm.gaps_allowed and not lost_place:
            self.fail("a gap behind %s: %s" % (self.last_id, event.data))
        if sorted(json.loads(event.data)) != ["count", "first", "last"]:
            self.fail("no gap event of ours: %s" % event.data)
        self.told.append(event)
        if event.id is not None:
            self.last_id = event.id

    def check_gap(self, n):
        """The gap is what is missing ahead of event n, to the last event. What is not said of it
        is what cannot be: the last event of this client is of an earlier run of the server."""
        gaps = [json.loads(event.data) for event in self.told]
        missing = n - 1 - self.last
        firsts, lasts, counts = ([gap[k] for gap in gaps] for k in ("first", "last", "count"))
        unsaid = None in firsts + lasts + counts
        if unsaid and origin(self.last_event) == self.swarm.origin:
            self.fail("it is not told what is missing after %s: %s" % (self.last_event, gaps))
        wrong = missing == 0 and not unsaid or None not in counts and sum(counts) != missing
        wrong |= self.told[-1].id is not None and number(self.told[-1].id) != n - 1
        for id, expected in ((firsts[0], self.last + 1), (lasts[-1], n - 1)):
            block = self.swarm.log.get(expected)
            wrong |= id is not None and (number(id) != expected or
                                         block and self.swarm.parsed(block).id != id)
        for before, behind in zip(lasts, firsts[1:]):
            wrong |= None not in (before, behind) and number(behind) != number(before) + 1
        if wrong:
            self.fail("%d after %s, and it was told of %s" % (n, self.last_event, gaps))
        self.lost += missing

    def fail(self, what):
        raise AssertionError("client %d: %s" % (self.name, what))


class Swarm:
    """All the clients, and what is to be done at a time."""

    def __init__(self, clients, seed, cut_after=CUT_AFTER, gaps_allowed=False):
        self.random = random.Random(seed)
        self.cut_after = cut_after
        self.gaps_allowed = gaps_allowed
        self.clients = [Client(self, n) for n in range(clients)]
        self.log = {}  # the block of each event, by its number
        self.blocks = {}  # what a block says
        self.port = None
        self.origin = None  # of the ids that the server gives now
        self.cutting = True
        self.epoll = select.epoll()
        self.open = {}
        self.due = []  # (when, which, what): a heap
        self.order = 0

    def parsed(self, block):
        event = self.blocks.get(block)
        if event is None:
            event = self.blocks[block] = parse(block.decode())
        return event

    def budget(self):
        """How many bytes a connection is for: mostly few, and at times without end."""
        if not self.cutting or self.random.random() < 0.2:
            return 1 << 62
        return self.random.randint(1, self.cut_after)

    def at(self, seconds, what):
        """Do something so many seconds from now."""
        self.order += 1
        heapq.heappush(self.due, (time.monotonic() + seconds, self.order, what))

    def watch(self, client):
        self.open[client.socket.fileno()] = client
        self.epoll.register(client.socket.fileno(), select.EPOLLIN)

    def forget(self, client):
        """A client that has left comes back."""
        if self.open.pop(client.socket.fileno(), None):
            self.epoll.unregister(client.socket.fileno())
        away = self.random.random() * AWAY
        self.at(away * 10 if self.cutting and self.random.random() < 0.1 else away, client.connect)

    def start(self):
        for client in self.clients:
            self.at(self.random.random() * AWAY, client.connect)

    def calm(self):
        """Cut nobody any more."""
        self.cutting = False
        for client in self.clients:
            client.budget = 1 << 62

    def run(self, until, limit):
        """Go on until something is true. Returns whether it is, within so many seconds."""
        end = time.monotonic() + limit
        while not until():
            now = time.monotonic()
            if now > end:
                return False
            while self.due and self.due[0][0] <= now:
                heapq.heappop(self.due)[2]()
            for fd, _ in self.epoll.poll(0.01, 1024):
                client = self.open.get(fd)
                if client:
                    client.receive()
        return True

    def close(self):
        for client in self.open.values():
            client.socket.close()
        self.epoll.close()
