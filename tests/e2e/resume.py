"""ssecat and its clients, killed at random:  python3 resume.py BUILD_DIR [CLIENTS SECONDS]

Each client must get every event from its first one to the last, once, in order, the same as all the
others; or be told of a gap just where events are missing. SEED in the environment repeats what is
chosen at random, though not when it happens. Standard library only."""

import json
import os
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True

from programs import LIMIT, Program
from ssecat import Ssecat
from swarm import CUT_AFTER, Swarm, number, origin

CLIENTS, SECONDS = 2000, 60
SEED = int(os.environ.get("SEED", time.time_ns()))
TICK = 0.02  # seconds from one write of lines to the next
LINES = 8  # of a write, at the most
BURST = 60  # lines right before a kill
SHORT = 128 * 1024  # bytes of a history that is too short: the least that ssecat takes


def line(n, length):
    """Line n: its number, and a filling that makes it long at times."""
    return "%d:%s" % (n, "x" * (n * 7919 % length * (20 if n % 50 == 0 else 1)))


class Feeder:
    """A server that is given numbered lines, killed, and started again."""

    def __init__(self, swarm, start, length):
        self.swarm, self.start_server, self.length = swarm, start, length
        self.next = 0  # the line to give next
        self.starts = []  # the first line that each server was given
        self.feeding = True
        self.server = None
        self.begin()

    def begin(self):
        """Start a server, with a pipe that is empty. What it is given it must publish from the
        first line to the last that it has read before it was killed."""
        self.server = self.start_server(self.swarm.port or 0)
        self.swarm.port = self.server.port
        os.set_blocking(self.server.stdin.fileno(), False)
        self.rest = b""
        self.starts.append(self.next)

    def write(self, count):
        """Give it so many lines more; what the pipe does not take now it gets the next time."""
        for n in range(self.next, self.next + count):
            self.rest += line(n, self.length).encode() + b"\n"
        self.next += count
        try:
            self.rest = self.rest[os.write(self.server.stdin.fileno(), self.rest):]
        except BlockingIOError:
            pass

    def tick(self):
        if self.feeding:
            if self.server:
                self.write(self.swarm.random.randint(0, LINES) if len(self.rest) < 4096 else 0)
            self.swarm.at(TICK, self.tick)

    def kill(self):
        """Kill it while it is busy; nobody is there for a while."""
        self.write(BURST)
        time.sleep(self.swarm.random.random() * 0.004)
        self.server.kill()
        self.server.wait(LIMIT)
        self.server.stdin.close()
        self.server = None
        self.swarm.at(self.swarm.random.random() * 0.3, self.begin)


class Resume(Ssecat):
    clients, seconds = CLIENTS, SECONDS

    def launch(self, *args):
        """A server that keeps its history in a file; started again it goes on with it."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)

        def start(port):
            server = self.start("--port", port, "--heartbeat", 1, "--max-clients", 10000,
                                "--history-file", os.path.join(folder.name, "history"), *args)
            self.swarm.origin = origin(self.place(server))
            return server

        return start

    def place(self, server):
        """Where a new stream begins."""
        stream = self.ask(server, "/events")
        place = stream.begin()
        stream.close()
        return place

    def storm(self, swarm, seconds, length, *args):
        """Kill clients and servers for a time, then let all come to the end."""
        print("SEED=%d, %d clients, %d s" % (SEED, len(swarm.clients), seconds), end=" ",
              file=sys.stderr, flush=True)
        self.swarm = swarm
        self.addCleanup(swarm.close)
        feeder = Feeder(swarm, self.launch(*args), length)
        swarm.start()
        feeder.tick()
        end = time.monotonic() + seconds
        kills = 0
        while time.monotonic() < end:
            swarm.run(lambda: False, 1 + 2 * swarm.random.random())
            feeder.kill()
            kills += 1
            self.assertTrue(swarm.run(lambda: feeder.server is not None, LIMIT))
        feeder.feeding = False
        swarm.calm()
        self.assertTrue(swarm.run(lambda: all(c.live for c in swarm.clients), 4 * LIMIT),
                        "clients do not get back in")
        feeder.write(1)
        self.assertTrue(swarm.run(lambda: self.at_the_end(feeder), 60),
                        self.stragglers(swarm))
        self.judge(feeder, kills)

    def at_the_end(self, feeder):
        """Every client has what is the last event, and that is the last line."""
        if feeder.rest:
            feeder.write(0)
        log = feeder.swarm.log
        last = max(log, default=0)
        return (all(c.last == last for c in feeder.swarm.clients) and last > 0 and
                feeder.swarm.parsed(log[last]).data == line(feeder.next - 1, feeder.length))

    def stragglers(self, swarm):
        last = max(swarm.log, default=0)
        behind = ["%d has %s" % (c.name, c.last_id) for c in swarm.clients if c.last != last]
        return "%d is the last event; %d clients lack it: %s" % (last, len(behind), behind[:9])

    def judge(self, feeder, kills):
        """What all the clients have got together is what was given to the servers: each published
        the lines from its first on, without a hole, under consecutive numbers."""
        swarm = feeder.swarm
        epochs, previous = [], None
        for n in sorted(swarm.log):
            event = swarm.parsed(swarm.log[n])
            epoch, counter = event.id.partition("-")[0], int(event.data.partition(":")[0])
            self.assertEqual(event.data, line(counter, feeder.length))
            if previous is None:
                self.assertEqual(counter, n - 1, event.id)
                epochs.append(epoch)
            elif epoch == epochs[-1]:
                self.assertEqual(counter - previous[1], n - previous[0], event.id)
            else:
                self.assertNotIn(epoch, epochs)
                epochs.append(epoch)
                self.assertGreater(counter, previous[1], event.id)
                if n == previous[0] + 1:
                    self.assertIn(counter, feeder.starts, event.id)
            previous = n, counter
        for c in swarm.clients:
            self.assertEqual(c.received + c.lost, c.last - c.first + 1, c.name)
        self.assertGreater(len(epochs), 1)
        print("%d events, %d deliveries, %d cuts, %d kills of the server, %d gaps:"
              % (len(swarm.log), sum(c.received for c in swarm.clients),
                 sum(c.cuts for c in swarm.clients), kills, sum(c.gaps for c in swarm.clients)),
              end=" ", file=sys.stderr, flush=True)

    def test_nobody_loses_anything_whoever_is_killed(self):
        swarm = Swarm(self.clients, SEED)
        self.storm(swarm, self.seconds, 150, "--history", 8 << 20)
        self.assertEqual(sum(c.lost for c in swarm.clients), 0)

    def test_with_a_short_history_each_loss_is_told(self):
        swarm = Swarm(self.clients // 4, SEED, 10 * CUT_AFTER, gaps_allowed=True)
        self.storm(swarm, self.seconds / 3, 1500, "--history", SHORT)
        self.assertGreater(sum(c.lost for c in swarm.clients), 0)


class Gaps(Ssecat):
    """One client, and a history that is too short for it."""

    LINES = 400

    def feed(self, server, first, count, size=2 * SHORT // LINES):
        """Publish lines, each when the one before it has arrived; returns the events."""
        stream, events = self.listen(server), []
        for n in range(first, first + count):
            self.say(server, "%d %s\n" % (n, "x" * size))
            events.append(stream.next_event())
        stream.close()
        self.assertEqual([int(e.data.split()[0]) for e in events],
                         list(range(first, first + count)))
        return events

    def back(self, server, id, by):
        """A client comes back: the gap that it is told of, or None, and the event behind it."""
        headers = {"Last-Event-ID": id} if by == "header" else None
        path = "/events" if by == "header" else "/events?%s=%s" % (by, id)
        stream = self.listen(server, path, headers=headers)
        event = stream.next_event()
        gap = None
        if event.type == "gap":
            told, gap, event = event, json.loads(event.data), stream.next_event()
            if told.id is not None:  # from there on nothing is missing
                self.assertEqual(self.back(server, told.id, by), (None, event))
        stream.close()
        return gap, event

    def test_a_gap_is_told_just_where_events_are_missing(self):
        server = self.start("--history", SHORT)
        events = self.feed(server, 1, self.LINES)
        oldest = self.back(server, events[0].id, "header")[1]
        kept = events.index(oldest)
        self.assertTrue(10 < kept < self.LINES - 10, kept)
        for n, event in enumerate(events[:-1]):
            for by in ("header", "lastEventId", "last_event_id"):
                gap = None
                if n + 1 < kept:
                    gap = {"first": events[n + 1].id, "last": events[kept - 1].id,
                           "count": kept - n - 1}
                self.assertEqual(self.back(server, event.id, by),
                                 (gap, events[max(n + 1, kept)]), event.id)

    def test_who_falls_behind_is_told_just_what_is_missing(self):
        server = self.start("--history", SHORT, "--patience", 0)
        slow = self.listen(server)
        events = self.feed(server, 1, 1000, size=SHORT // 8)
        at, gaps = 0, 0
        while at < len(events):
            try:
                event = slow.next_event()
            except ConnectionError:
                event = None
            except AssertionError as error:  # cut off, with a part of an event
                self.assertIn("a torn event", str(error))
                event = None
            if event is None:
                slow = self.listen(server, headers={"Last-Event-ID": events[at - 1].id})
            elif event.type == "gap":
                gap = json.loads(event.data)
                last = at + gap["count"] - 1
                self.assertEqual((gap["first"], gap["last"]), (events[at].id, events[last].id))
                at, gaps = last + 1, gaps + 1
            else:
                self.assertEqual(event, events[at])
                at += 1
        self.assertGreater(gaps, 0)

    def test_after_a_restart_too(self):
        with tempfile.TemporaryDirectory() as folder:
            args = "--history", SHORT, "--history-file", os.path.join(folder, "history")
            server = self.start(*args)
            events = self.feed(server, 1, self.LINES)
            kept = events.index(self.back(server, events[0].id, "header")[1])
            self.end(server)
            server = self.start(*args)
            for n, event in enumerate(events[:-1]):
                missing, gap = kept - n - 1, None  # the ids of the run before are not told
                if missing > 0:
                    gap = {"first": None, "last": None, "count": missing}
                self.assertEqual(self.back(server, event.id, "header"),
                                 (gap, events[max(n + 1, kept)]), event.id)
            more = self.feed(server, self.LINES + 1, 2)
            self.assertEqual(self.back(server, events[-1].id, "header"), (None, more[0]))
            self.assertEqual(number(more[0].id), self.LINES + 1)

    def test_an_id_that_never_was_is_a_gap_of_unknown_size(self):
        server = self.start("--history", SHORT)
        event = self.feed(server, 1, 1)[0]
        epoch = event.id.partition("-")[0]
        for id in ("1-1", "%s-%d" % (epoch, 7), epoch, "x", "0", epoch + "-", epoch + "-01"):
            for by in ("header", "lastEventId"):
                self.assertEqual(self.back(server, id, by),
                                 ({"first": None, "last": None, "count": None}, event), id)

    def test_a_restart_without_a_file_is_a_gap_of_unknown_size(self):
        server = self.start()
        last = self.feed(server, 1, 9)[-1]
        self.end(server)
        server = self.start()
        event = self.feed(server, 1, 9)[0]
        self.assertEqual(self.back(server, last.id, "header"),
                         ({"first": None, "last": None, "count": None}, event))


if __name__ == "__main__":
    Program.folder = sys.argv.pop(1)
    if len(sys.argv) > 2:
        Resume.clients, Resume.seconds = int(sys.argv[1]), float(sys.argv[2])
        del sys.argv[1:3]
    unittest.main(verbosity=2)
