"""The examples of fan-out, run as a user would run them:  python3 fanout_examples.py BUILD_DIR

Lines go into the standard input of a program, and each test judges what its clients get. What the
library promises of gaps, filters and paces its own tests say; here it is that each program keeps it.
Standard library only; the tests that look into /proc are for Linux."""

import json
import os
import re
import select
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True

from programs import LIMIT, TOP, Event, Program, parse, wait_for

FIRST = Event(retry="1000")  # the first block of each stream
UNSAYABLE = {"first": None, "last": None, "count": None}


class Fanout(Program):
    def start(self, *args, stdin=subprocess.PIPE, **env):
        log = tempfile.TemporaryFile("w+")
        self.addCleanup(log.close)
        process = subprocess.Popen([self.path, "0"] + [str(a) for a in args], cwd=TOP, stdin=stdin,
                                   stdout=subprocess.PIPE, stderr=log, env=dict(os.environ, **env))
        self.addCleanup(self.end, process)
        self.assertTrue(select.select([process.stdout], [], [], LIMIT)[0], "it tells no address")
        address = process.stdout.readline().decode()
        self.assertRegex(address, r"^http://127\.0\.0\.1:[0-9]+/\n$")
        process.port = int(re.search(r":([0-9]+)/", address).group(1))
        process.url = address.strip()
        process.log = log
        return process

    def end(self, process):
        if process.stdin and not process.stdin.closed:
            try:
                process.stdin.close()
            except BrokenPipeError:
                pass
        super().end(process)

    def say(self, process, *lines):
        process.stdin.write("".join(line + "\n" for line in lines).encode())
        process.stdin.flush()

    def listen(self, process, path="/", last=None, **kwargs):
        """A stream whose first bytes have come: so it gets every line from now on."""
        headers = {} if last is None else {"Last-Event-ID": last}
        stream = self.ask(process, path, headers=headers, **kwargs)
        self.assertEqual(stream.status, 200)
        self.assertEqual(stream.next(), FIRST)
        return stream

    def take(self, stream, count):
        events = [stream.next_event() for _ in range(count)]
        self.assertNotIn(None, events, "the stream has ended")
        return events

    def until(self, stream, data):
        """The events up to the first that has this data, and that one."""
        events = self.take(stream, 1)
        while events[-1].data != data:
            events += self.take(stream, 1)
        return events

    def data(self, events):
        return [event.data for event in events]

    def same(self, got, wanted):
        """Equality of long lists, told by the first difference: of all of them takes minutes."""
        for n, pair in enumerate(zip(got, wanted)):
            self.assertEqual(*pair, "at %d" % n)
        self.assertEqual(len(got), len(wanted))

    def stalled(self, process, path="/"):
        """A client that has asked, and does not read."""
        request = "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % path
        return self.raw(process, request.encode(), receive_buffer=4096)

    def rest_of(self, s):
        """What a bare connection has yet to read, as blocks, without the head."""
        got = b"".join(iter(lambda: s.recv(1 << 20), b"")).decode()
        blocks = got.partition("\r\n\r\n")[2].split("\n\n")
        self.assertEqual(blocks.pop(), "", "a torn event")
        return [parse(block) for block in blocks]


class Serves:
    """What holds for each of the programs. LINE is one of its lines, DATA what arrives of it."""

    GET = "/"
    LINE = DATA = "hello"

    def request(self, method="GET"):
        return ("%s %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % (method, self.GET)).encode()

    def files(self, server):
        """How many descriptors it has open, with one more client than the test has so far."""
        self.listen(server, self.GET)
        return len(self.proc(server, "fd"))

    def test_a_port_that_is_taken_is_told(self):
        done = self.run_to_the_end(str(self.start().port))
        self.assertEqual((done.returncode, done.stdout), (1, b""))
        self.assertRegex(done.stderr.decode(), "^[a-z0-9_]+: .+\n$")

    def test_the_head_is_that_of_a_stream(self):
        stream = self.listen(self.start(), self.GET)
        self.assertEqual(stream.header("Content-Type"), "text/event-stream")
        self.assertEqual(stream.header("X-Accel-Buffering"), "no")
        self.assertIn("no-store", stream.header("Cache-Control"))
        self.assertIsNone(stream.header("Content-Length"))

    def test_each_line_goes_to_every_client_under_one_id(self):
        server = self.start()
        streams = [self.listen(server, self.GET) for _ in range(4)]
        self.say(server, self.LINE, self.LINE)
        self.say(server, self.LINE)
        got = [self.take(stream, 3) for stream in streams]
        self.assertEqual(self.data(got[0])[-1], self.DATA)
        self.assertEqual(got, got[:1] * 4)

    def test_a_client_that_comes_back_gets_what_it_has_missed(self):
        server = self.start()
        stream = self.listen(server, self.GET)
        place = stream.begin()
        self.say(server, self.LINE)
        first = self.take(stream, 1)[0]
        back = self.listen(server, self.GET, last=place)
        self.assertEqual(self.take(back, 1), [first])
        query = self.GET + ("&" if "?" in self.GET else "?") + "lastEventId=" + place
        self.assertEqual(self.take(self.listen(server, query), 1), [first])
        stranger = self.take(self.listen(server, self.GET, last="x"), 1)[0]
        self.assertEqual((stranger.type, json.loads(stranger.data)), ("gap", UNSAYABLE))

    def test_a_request_in_pieces_is_read_to_its_end(self):
        s = self.raw(self.start(), b"")
        for byte in self.request():
            self.assertEqual(select.select([s], [], [], 0.002)[0], [])
            s.sendall(bytes([byte]))
        self.assertIn(b" 200 OK\r\n", self.read_until(s, b"retry: 1000\n\n"))

    def test_another_method_gets_no_stream(self):
        s = self.raw(self.start(), self.request("POST"))
        got = b"".join(iter(lambda: s.recv(4096), b""))
        self.assertTrue(got == b"" or b" 405 " in got, got)

    def test_clients_that_left_are_forgotten(self):
        server = self.start()
        files = self.files(server)
        reset = self.raw(server, self.request())
        self.read_until(reset, b"retry: 1000\n\n")
        reset.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        reset.close()
        for stream in [self.listen(server, self.GET) for _ in range(8)]:
            stream.close()
        self.say(server, self.LINE)
        time.sleep(0.1)
        self.say(server, self.LINE)  # what was sent before is answered by a reset
        self.assertTrue(wait_for(lambda: len(self.proc(server, "fd")) == files))
        self.assertEqual(self.listen(server, self.GET).status, 200)

    def test_it_rests_where_there_is_nothing_to_do(self):
        server = self.start()
        stream = self.listen(server, self.GET)
        self.say(server, self.LINE)
        self.take(stream, 1)
        before = self.cpu(server)
        time.sleep(0.3)
        self.assertLess(self.cpu(server) - before, 3)

    def test_a_client_that_does_not_read_costs_the_others_nothing(self):
        server = self.start()
        stalled = self.stalled(server, self.GET)
        stream = self.listen(server, self.GET)
        for n in range(300):
            self.say(server, *[self.LINE] * 30)
            self.take(stream, 30)
        server.stdin.close()
        blocks = self.rest_of(stalled)
        self.assertEqual((blocks[0], blocks[-1].type), (FIRST, "farewell"))

    def test_at_the_end_of_the_input_all_are_sent_away(self):
        server = self.start()
        self.raw(server, b"")
        streams = [self.listen(server, self.GET) for _ in range(5)]
        server.stdin.write(self.LINE.encode())  # a last line without its end is a line
        server.stdin.close()
        retries = set()
        for stream in streams:
            self.assertEqual(self.data(stream.events()), [self.DATA])
            retries.add(int(stream.farewell.retry))
        self.assertTrue(all(1000 <= retry < 5000 for retry in retries), retries)
        self.assertGreater(len(retries), 1, "they all come back at once")
        self.assertEqual(server.wait(LIMIT), 0, self.log(server))

    def test_a_client_that_does_not_take_the_end_does_not_hold_it_up(self):
        server = self.start()
        stalled = self.stalled(server, self.GET)
        self.read_until(stalled, b"retry: 1000\n\n")
        stream = self.listen(server, self.GET)
        for _ in range(100):
            self.say(server, *[self.LINE] * 100)
            self.take(stream, 100)
        server.stdin.close()
        self.assertEqual(server.wait(2 * LIMIT), 0, self.log(server))

    def test_a_signal_ends_it(self):
        server = self.start()
        self.listen(server, self.GET)
        self.ends_by(server, signal.SIGTERM, -signal.SIGTERM)

    def test_curl_shows_the_events(self):
        server = self.start()
        place = self.listen(server, self.GET).begin()
        self.say(server, self.LINE)
        shown = self.curl("-m", "0.5", "-H", "Last-Event-ID: " + place,
                          "http://127.0.0.1:%d%s" % (server.port, self.GET))
        self.assertRegex(shown, r"^retry: 1000\n\nid: [0-9a-f]+-\d+\ndata: %s\n\n" % self.DATA)


class Broadcast(Serves, Fanout):
    name = "broadcast"
    LINES = 4096  # that its history keeps

    def test_a_line_arrives_as_it_is(self):
        server = self.start()
        stream = self.listen(server)
        for line in ("", " leading", "trailing ", "data: forged", "id: 9", ": x",
                     "\u2603 \u2028"):
            self.say(server, line)
            self.assertEqual(self.take(stream, 1)[0].data, line)

    def test_a_line_that_is_too_long_arrives_in_pieces_and_loses_nothing(self):
        server = self.start()
        stream = self.listen(server)
        for text in ("\u20ac" * 3000, "x\u00e4" * 3000, "\U0001f600" * 1500):
            line = text + "end"
            self.say(server, line)
            pieces = self.data(self.take(stream, 1))
            while not pieces[-1].endswith("end"):
                pieces += self.data(self.take(stream, 1))
            self.assertEqual("".join(pieces), line)
            self.assertTrue(all(len(piece.encode()) <= 2048 for piece in pieces))

    def test_a_long_replay_ends_at_the_newest_event(self):
        server = self.start()
        stream = self.listen(server)
        place = stream.begin()
        lines = [str(n) for n in range(self.LINES)]
        for n in range(0, len(lines), 256):
            self.say(server, *lines[n:n + 256])
            self.same(self.data(self.take(stream, 256)), lines[n:n + 256])
        self.same(self.data(self.take(self.listen(server, last=place), len(lines))), lines)

    def test_one_that_reads_too_late_is_told_of_its_gap(self):
        server = self.start(ASAN_OPTIONS="quarantine_size_mb=1:thread_local_quarantine_size_kb=64")
        stalled = self.stalled(server)
        stream = self.listen(server)
        memory = self.memory(server)
        lines = [("%d " % n).ljust(1500, "x") for n in range(3000)]
        for n in range(0, len(lines), 20):
            self.say(server, *lines[n:n + 20])
            self.same(self.data(self.take(stream, 20)), lines[n:n + 20])
        self.assertLess(self.memory(server), memory + 4096)
        server.stdin.close()
        blocks = self.rest_of(stalled)
        at = int(blocks[1].id.split("-")[1])
        self.assertEqual((blocks[1].type, at), ("place", 0))
        for event in blocks[2:-1]:
            if event.type == "gap":
                gap = json.loads(event.data)
                self.assertEqual(gap["first"].split("-")[1], str(at + 1))
                at += gap["count"]
                self.assertEqual(gap["last"].split("-")[1], str(at))
            else:
                self.assertEqual(event.data, lines[at])
                at += 1
        self.assertEqual(at, len(lines))
        self.assertIn("gap", [event.type for event in blocks])

    def test_clients_that_find_no_place_wait_for_one(self):
        server = self.start()
        streams = [self.listen(server) for _ in range(256)]
        late = [self.raw(server, self.request()) for _ in range(2)]
        self.assertEqual(select.select(late, [], [], 0.2)[0], [])
        before = self.cpu(server)
        time.sleep(0.2)
        self.assertLess(self.cpu(server) - before, 3)
        for stream in streams[:2]:
            stream.close()
        for s in late:
            self.read_until(s, b"retry: 1000\n\n")
        self.say(server, "y")
        for s in late:
            self.assertIn(b"data: y\n\n", self.read_until(s, b"data: y\n\n"))

    def test_a_client_that_does_not_ask_makes_place(self):
        server = self.start()
        mute = self.raw(server, b"GET / HTTP/1.1\r\n")
        mute.settimeout(8)
        time.sleep(5.1)
        self.say(server, "x")
        self.assertEqual(mute.recv(1), b"")

    def test_its_input_can_be_a_file(self):
        with tempfile.TemporaryFile() as f:
            f.write(b"a\nb\n")
            f.seek(0)
            self.assertEqual(self.start(stdin=f).wait(LIMIT), 0)
        self.assertEqual(self.start(stdin=subprocess.DEVNULL).wait(LIMIT), 0)


class Threads(Serves, Fanout):
    name = "threads"

    def test_many_clients_come_and_go_while_lines_come(self):
        server = self.start()
        steady = [self.listen(server) for _ in range(8)]
        lines = [str(n) for n in range(1000)]
        last, got = steady[0].begin(), []
        for n in range(0, len(lines), 20):
            guest = self.listen(server, last=last)
            self.say(server, *lines[n:n + 20])
            got += self.take(guest, 10)  # it leaves in the middle, and comes back
            last = got[-1].id
            guest.close()
        got += self.until(self.listen(server, last=last), lines[-1])
        self.same(self.data(got), lines)
        for stream in steady:
            self.same(self.data(self.take(stream, len(lines))), lines)

    def test_a_thread_that_hangs_in_send_ends_with_the_others(self):
        server = self.start()
        self.stalled(server)
        stream = self.listen(server)
        for n in range(60):
            self.say(server, "%060000d" % n)
            self.take(stream, 1)
        server.stdin.close()
        self.assertEqual(len(stream.events()), 0)
        self.assertEqual(server.wait(LIMIT), 0)


class Topics(Serves, Fanout):
    name = "topics"
    ALICE, BOB = "/?token=rabbit-hole", "/?x=1&token=can-we-fix-it"
    GET = ALICE
    LINE, DATA = "alice hello", "hello"
    LINES = 1024  # that its history keeps

    def both(self, server, last=None):
        return self.listen(server, self.ALICE, last), self.listen(server, self.BOB, last)

    def test_requests_are_read_as_they_are_meant_or_refused(self):
        server = self.start()
        place = self.listen(server, self.ALICE).begin().encode()
        self.say(server, self.LINE)
        get = b"GET " + self.ALICE.encode() + b" HTTP/1.1\r\nHost: a\r\n"
        for head, answer in (
                (get + b"Cookie: " + b"x" * 12000 + b"\r\nLast-Event-ID: " + place, b" 200 "),
                (get.replace(b"/", b"http://a/", 1) + b"Last-Event-ID:" + place, b" 200 "),
                (get + b"Cookie: " + b"x" * 20000, b" 431 "), (get + b"Host: b", b" 400 "),
                (get.replace(b"1.1", b"2.0"), b" 505 "),
                (get.replace(b"GET", b"PUT") + b"Content-Length: 9", b" 405 ")):
            s = self.raw(server, head + b"\r\n\r\n")
            self.assertIn(answer, self.read_until(s, b"\r\n"))
            if answer == b" 200 ":
                self.read_until(s, b"data: hello\n\n")

    def test_each_gets_what_is_for_it_and_what_is_for_all(self):
        server = self.start()
        alice, bob = self.both(server)
        self.say(server, "alice a1", "bob b1", "* both", "bob b2", "alice a2", "* end")
        self.assertEqual(self.data(self.take(alice, 4)), ["a1", "both", "a2", "end"])
        self.assertEqual(self.data(self.take(bob, 4)), ["b1", "both", "b2", "end"])

    def test_no_id_of_any_event_replays_what_is_anothers(self):
        server = self.start()
        lines = ["alice a1", "bob b1", "* c1", "bob b2", "bob b3", "alice a2", "* c2", "bob b4"]
        of = {"alice": [], "bob": []}
        streams = dict(zip(of, self.both(server)))
        for line in lines:
            self.say(server, line)
            to, text = line.split(" ")
            for name in of:
                if to in (name, "*"):
                    of[name] += self.take(streams[name], 1)
                    self.assertEqual(of[name][-1].data, text)
        origin = of["bob"][-1].id.split("-")[0]
        self.say(server, "* end")
        for number in range(len(lines) + 1):
            last = "%s-%d" % (origin, number)
            for name, stream in zip(of, self.both(server, last)):
                wanted = [e for e in of[name] if int(e.id.split("-")[1]) > number]
                self.assertEqual(self.until(stream, "end")[:-1], wanted, (name, last))
        for last in ("x", "1-1", origin + "-99", of["bob"][0].id + "0"):
            for name, stream in zip(of, self.both(server, last)):
                gap, *rest = self.until(stream, "end")
                self.assertEqual((gap.type, json.loads(gap.data)), ("gap", UNSAYABLE))
                self.assertEqual(rest[:-1], of[name], (name, last))

    def test_a_notice_of_a_gap_tells_nothing_of_the_others(self):
        server = self.start()
        alice, bob = self.both(server)
        place = alice.begin()
        for n in range(0, self.LINES + 100, 50):
            self.say(server, *["bob %d" % m for m in range(n, n + 50)])
            self.take(bob, 50)
        self.say(server, "alice a", "* end")
        self.assertEqual(self.data(self.until(alice, "end")), ["a", "end"])
        gap, *rest = self.until(self.listen(server, self.ALICE, place), "end")
        self.assertEqual((gap.type, json.loads(gap.data)), ("gap", UNSAYABLE))
        self.assertEqual(self.data(rest), ["a", "end"])

    def test_a_request_without_a_token_is_refused(self):
        server = self.start()
        for path in ("/", "/?", "/?token", "/?token=", "/?token=x", "/?token=rabbit-hol",
                     "/?token=rabbit-hole2", "/?token=RABBIT-HOLE", "/?token=alice", "/?user=alice",
                     "/?xtoken=rabbit-hole", "/?token=x&token=rabbit-hole", "/?token=%zz"):
            self.assertEqual(self.ask(server, path).status, 403, path)
        self.listen(server, "/?token=rabbit%2Dhole")

    def test_pages_of_others_may_not_read_it(self):
        stream = self.listen(self.start(), self.ALICE)
        self.assertIsNone(stream.header("Access-Control-Allow-Origin"))

    def test_a_line_must_name_its_user(self):
        server = self.start()
        alice, bob = self.both(server)
        wrong = ["", "alice", "carol x", " x", "Alice x", "*x", "** x", "ali x", "alicex x"]
        self.say(server, *wrong)
        self.say(server, "alice ", "bob   two  ", "* end")
        self.assertEqual(self.data(self.take(alice, 2)), ["", "end"])
        self.assertEqual(self.data(self.take(bob, 2)), ["  two  ", "end"])
        self.assertEqual(self.log(server).count("\n"), len(wrong))


class Latest(Serves, Fanout):
    name = "latest"
    GET = "/?pace_ms=0"
    LINE = DATA = "GOLD 1"
    LINES = 2048  # that its history keeps

    def settle(self, server, line):
        """Say a line, and see that it has arrived: so have those ahead of it."""
        stream = self.listen(server, self.GET)
        self.say(server, line)
        self.until(stream, line)
        stream.close()

    def newest(self, server):
        """The snapshot that a newcomer gets."""
        self.settle(server, "END %d" % time.monotonic_ns())
        stream = self.listen(server, self.GET)
        events = self.take(stream, 1)
        while not events[-1].data.startswith("END "):
            events += self.take(stream, 1)
        stream.close()
        return self.data(events[:-1])

    def test_each_line_goes_to_every_client_under_one_id(self):
        server = self.start()
        streams = [self.listen(server, self.GET) for _ in range(4)]
        self.say(server, "A 1", "B 1", "C 1")
        got = [self.take(stream, 3) for stream in streams]
        self.assertEqual(got, got[:1] * 4)

    def test_a_client_that_does_not_read_costs_the_others_nothing(self):
        """It finds what is the newest by then."""
        server = self.start()
        stalled = self.stalled(server, self.GET)
        stream = self.listen(server, self.GET)
        count = 40000
        for n in range(0, count, 50):
            self.say(server, *["%s %030d" % ("AB"[m % 2], m) for m in range(n, n + 50)])
            self.until(stream, "B %030d" % (n + 49))
        server.stdin.close()
        shown = [event.data for event in self.rest_of(stalled) if event.data and not event.type]
        self.assertLess(len(shown), count / 2)
        self.assertEqual(sorted(shown[-2:]), ["A %030d" % (count - 2), "B %030d" % (count - 1)])
        for name in "AB":
            prices = [int(e.split(" ")[1]) for e in shown if e[0] == name]
            self.assertEqual(prices, sorted(set(prices)))

    def test_a_client_that_does_not_take_the_end_does_not_hold_it_up(self):
        server = self.start()
        self.stalled(server, self.GET)
        for n in range(100):
            self.say(server, *["%s%d %d" % (x, n % 4, n) for x in "ABCD"] * 25)
        server.stdin.close()
        self.assertEqual(server.wait(LIMIT), 0, self.log(server))

    def test_a_newcomer_gets_the_newest_price_of_each_instrument(self):
        server = self.start()
        self.say(server, *["%s %d" % (name, n) for n in range(100) for name in ("A", "BB", "C")])
        self.assertEqual(self.newest(server), ["A 99", "BB 99", "C 99"])
        self.say(server, "BB 100")
        self.assertEqual(self.newest(server), ["A 99", "C 99", "BB 100"])

    def test_a_price_that_does_not_change_stays_in_the_snapshot(self):
        server = self.start()
        stream = self.listen(server, self.GET)
        self.say(server, "OLD 7", "OLDER 3")
        self.take(stream, 2)
        for n in range(0, 3 * self.LINES, 64):
            self.say(server, *["NEW %d" % m for m in range(n, n + 64)])
            self.until(stream, "NEW %d" % (n + 63))
            if n % 512 == 0:
                self.assertEqual(sorted(self.newest(server)),
                                 ["NEW %d" % (n + 63), "OLD 7", "OLDER 3"])
        self.assertLess(self.cpu(server), 300)

    def test_a_slow_dashboard_gets_the_newest_at_its_pace(self):
        server = self.start()
        slow = self.listen(server, "/?pace_ms=400")
        begin, count = time.monotonic(), 0
        while time.monotonic() - begin < 1.2:
            self.say(server, *["%s %d" % (name, count) for name in "ABC"])
            count += 1
            time.sleep(0.002)
        self.settle(server, "END 0")
        self.assertGreater(count, 50)
        shown = self.data(self.until(slow, "END 0")[:-1])
        for name in "ABC":
            prices = [int(e.split(" ")[1]) for e in shown if e[0] == name]
            self.assertEqual(prices, sorted(set(prices)))
            self.assertEqual(prices[-1], count - 1)
        self.assertLess(len(shown), 3 * 6)  # the first, and one each 0.4 s

    def test_a_pace_that_is_none_is_refused(self):
        server = self.start()
        for pace in ("x", "-1", "1x", "60001", "99999999999999999999", "1.5"):
            self.assertEqual(self.ask(server, "/?pace_ms=" + pace).status, 400, pace)
        for pace in ("0", "1", "60000", "", "%31"):
            self.listen(server, "/?pace_ms=" + pace).close()

    def test_what_is_no_price_is_told(self):
        server = self.start()
        stream = self.listen(server, self.GET)
        wrong = ["", "A", " 1", "A " + "1" * 39]
        self.say(server, *wrong)
        self.say(server, "A " + "1" * 38, "AA 2")
        self.assertEqual(self.data(self.take(stream, 2)), ["A " + "1" * 38, "AA 2"])
        self.say(server, *["N%d 1" % n for n in range(31)])
        self.assertEqual(self.data(self.take(stream, 30))[-1], "N29 1")
        self.assertTrue(wait_for(lambda: self.log(server).count("\n") == len(wrong) + 1))


class OpenSsl(Program):
    name = "servers/openssl"
    optional = True

    def start(self):
        if not shutil.which("openssl"):
            self.skipTest("no openssl here")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        cert, key = os.path.join(folder.name, "cert.pem"), os.path.join(folder.name, "key.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj",
                        "/CN=localhost", "-keyout", key, "-out", cert], check=True,
                       stderr=subprocess.DEVNULL)
        process = subprocess.Popen([self.path, "0", cert, key], stdout=subprocess.PIPE)
        self.addCleanup(self.end, process)
        address = process.stdout.readline().decode()
        self.assertRegex(address, r"^https://127\.0\.0\.1:[0-9]+/\n$")
        process.port = int(re.search(r":([0-9]+)/", address).group(1))
        return process

    def listen(self, server):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        s = context.wrap_socket(socket.create_connection(("127.0.0.1", server.port), LIMIT))
        self.addCleanup(s.close)
        s.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self.read_until(s, b"event: place\n")
        return s

    def test_one_that_speaks_no_tls_is_dropped_and_harms_no_other(self):
        server = self.start()
        stream = self.listen(server)
        s = self.raw(server, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        try:
            while s.recv(4096):
                pass
        except ConnectionError:
            pass
        self.listen(server)
        server.terminate()
        self.read_until(stream, b"data: \n\n")
        self.assertEqual(server.wait(LIMIT), 0)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # not ignored, so not in the programs
    Program.folder = os.path.abspath(sys.argv.pop(1))
    unittest.main()
