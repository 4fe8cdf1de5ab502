"""The examples of fan-out, run as a user would run them:  python3 fanout_examples.py BUILD_DIR

Lines go into the standard input of a program, and each test judges what its clients get.
Standard library only; the tests that look into /proc are for Linux."""

import json
import os
import re
import select
import signal
import socket
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

    def answer_to(self, process, request):
        s = self.raw(process, request)
        return b"".join(iter(lambda: s.recv(65536), b"")).decode()

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

    def request(self, *fields, method="GET", version="HTTP/1.1"):
        lines = ["%s %s %s" % (method, self.GET, version), "Host: localhost"] + list(fields)
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def files(self, server):
        """How many descriptors it has open, with one more client than the test has so far."""
        self.listen(server, self.GET)
        return len(self.proc(server, "fd"))

    def test_a_port_that_is_taken_is_told(self):
        done = self.run_to_the_end(str(self.start().port))
        self.assertEqual((done.returncode, done.stdout), (1, b""))
        self.assertRegex(done.stderr.decode(), "^%s: .+\n$" % self.name)

    def test_the_head_is_that_of_a_stream(self):
        stream = self.listen(self.start(), self.GET)
        self.assertEqual(stream.header("Content-Type"), "text/event-stream")
        self.assertEqual(stream.header("Connection"), "close")
        self.assertEqual(stream.header("X-Accel-Buffering"), "no")
        self.assertIn("no-store", stream.header("Cache-Control"))
        self.assertIsNone(stream.header("Content-Length"))
        self.assertIsNone(stream.header("Transfer-Encoding"))

    def test_wrong_requests_are_refused(self):
        server = self.start()
        get = self.GET.encode()
        wrong = {
            b"\r\n\r\n": 400,
            b"GET\r\n\r\n": 400,
            b"GET " + get + b"\r\n\r\n": 400,
            b"GET  HTTP/1.1\r\nHost: x\r\n\r\n": 400,
            b"GET x HTTP/1.1\r\nHost: x\r\n\r\n": 400,
            b"GET " + get + b" HTTP/1.1 \r\nHost: x\r\n\r\n": 400,
            b"GET " + get + b" HTTP/1.1\r\n\r\n": 400,
            b"GET " + get + b" HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n": 400,
            b"GET " + get + b" HTTP/1.1\r\nHost: x\r\nno field\r\n\r\n": 400,
            b"GET " + get + b" HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n": 400,
            b"GET " + get + b" HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n": 400,
            b"GET " + get + b" HTTP/1.1\r\nHost: x\r\n: b\r\n\r\n": 400,
            b"GET " + get + b" HTTP/2.0\r\nHost: x\r\n\r\n": 505,
            self.request(method="get"): 405,
            self.request(method="HEAD"): 405,
            self.request("Content-Length: 5", method="POST") + b"hello": 405,
            self.request("Accept: text/html"): 406,
            self.request("Accept: */*", "X: " + "x" * 4096): 431,
        }
        for request, status in wrong.items():
            head = self.answer_to(server, request).split("\r\n")
            self.assertTrue(head[0].startswith("HTTP/1.1 %d " % status), (request, head))
            self.assertEqual(status == 405, "Allow: GET" in head)
            self.assertIn("Content-Length: 0", head)
        for fields in ((), ("Accept: */*",), ("accept:text/event-stream",),
                       ("Accept: text/html", "Accept: text/*")):
            s = self.raw(server, self.request(*fields))
            self.assertTrue(self.read_until(s, b"\n\n").startswith(b"HTTP/1.1 200 "), fields)

    def test_a_refusal_arrives_whatever_the_client_goes_on_to_send(self):
        server = self.start()
        s = self.raw(server, self.request("Content-Length: 40000", method="POST"))
        s.sendall(b"x" * 20000)
        self.assertTrue(self.read_until(s, b"\r\n\r\n").startswith(b"HTTP/1.1 405 "))
        s.sendall(b"x" * 20000)
        self.assertEqual(s.recv(1), b"")

    def test_a_request_in_pieces_is_read_to_its_end(self):
        s = self.raw(self.start(), b"")
        for byte in self.request():
            self.assertEqual(select.select([s], [], [], 0.002)[0], [])
            s.sendall(bytes([byte]))
        self.assertTrue(self.read_until(s, b"\n\n").endswith(b"retry: 1000\n\n"))

    def test_a_half_close_is_no_disconnect(self):
        server = self.start()
        s = self.raw(server, self.request())
        s.shutdown(socket.SHUT_WR)
        self.read_until(s, b"retry: 1000\n\n")
        self.say(server, self.LINE)
        self.read_until(s, b"data: %s\n\n" % self.DATA.encode())

    def test_a_client_that_was_reset_is_forgotten(self):
        server = self.start()
        files = self.files(server)
        gone = self.raw(server, self.request())
        self.read_until(gone, b"retry: 1000\n\n")
        self.assertEqual(len(self.proc(server, "fd")), files + 1)
        gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        gone.close()
        self.assertTrue(wait_for(lambda: len(self.proc(server, "fd")) == files))

    def test_clients_that_left_are_forgotten_when_something_is_said(self):
        server = self.start()
        files = self.files(server)
        for stream in [self.listen(server, self.GET) for _ in range(8)]:
            stream.close()
        self.say(server, self.LINE)  # answered by a reset

        def forgotten():
            return len(self.proc(server, "fd")) == files

        self.assertTrue(wait_for(forgotten))
        self.assertEqual(self.listen(server, self.GET).status, 200)

    def test_it_rests_where_there_is_nothing_to_do(self):
        server = self.start()
        stream = self.listen(server, self.GET)
        self.say(server, self.LINE)
        self.take(stream, 1)
        before = self.cpu(server)
        time.sleep(0.3)
        self.assertLess(self.cpu(server) - before, 3)

    def test_at_the_end_of_the_input_all_are_sent_away(self):
        server = self.start()
        silent = self.raw(server, b"")
        streams = [self.listen(server, self.GET) for _ in range(5)]
        self.say(server, self.LINE)
        server.stdin.close()
        retries = set()
        for stream in streams:
            blocks = list(iter(stream.next, None))
            self.assertEqual(blocks[0].data, self.DATA)
            retries.add(int(blocks[-1].retry))
        self.assertTrue(all(1000 <= retry < 5000 for retry in retries), retries)
        self.assertGreater(len(retries), 1, "they all come back at once")
        self.assertEqual(silent.recv(1), b"")
        self.assertEqual(server.wait(LIMIT), 0, self.log(server))

    def test_who_does_not_take_the_end_does_not_hold_it_up(self):
        server = self.start()
        stalled = self.raw(server, self.request(), receive_buffer=4096)
        self.read_until(stalled, b"retry: 1000\n\n")
        for _ in range(100):
            self.say(server, *[self.LINE] * 100)
        server.stdin.close()
        self.assertEqual(server.wait(LIMIT), 0, self.log(server))

    def test_a_signal_ends_it(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            server = self.start()
            self.listen(server, self.GET)
            self.ends_by(server, number, -number)

    def test_curl_shows_the_events(self):
        server = self.start()
        self.say(server, self.LINE)
        last = self.last_id(server)
        self.say(server, self.LINE)
        shown = self.curl("-m", "0.3", "-H", "Last-Event-ID: " + last,
                          "http://127.0.0.1:%d%s" % (server.port, self.GET))
        self.assertRegex(shown, r"^retry: 1000\n\nid: [0-9a-f]+-\d+\ndata: %s\n\n" % self.DATA)

    def last_id(self, server):
        """The id of the newest event."""
        stream = self.listen(server, self.GET)
        self.say(server, self.LINE)
        event = self.take(stream, 1)[0]
        stream.close()
        return event.id


class Broadcast(Serves, Fanout):
    name = "broadcast"
    EVENTS = 4096  # that the log keeps

    def test_each_line_goes_to_every_client_under_one_id(self):
        server = self.start()
        streams = [self.listen(server, path) for path in ("/", "/a/b", "/?x=y", "/favicon.ico")]
        self.say(server, "one", "two")
        self.say(server, "three")
        got = [self.take(stream, 3) for stream in streams]
        self.assertEqual(self.data(got[0]), ["one", "two", "three"])
        self.assertEqual(got, got[:1] * 4)
        epochs, numbers = zip(*(event.id.split("-") for event in got[0]))
        self.assertEqual(len(set(epochs)), 1)
        self.assertLess(abs(int(epochs[0], 16) / 1000 - time.time()), 60)
        self.assertEqual([int(n) for n in numbers], [1, 2, 3])

    def test_a_line_arrives_as_it_is(self):
        server = self.start()
        stream = self.listen(server)
        for line in ("", " leading", "trailing ", "data: forged", "id: 9", ": x",
                     "\u2603 \u2028"):
            self.say(server, line)
            self.assertEqual(self.take(stream, 1)[0].data, line)
        self.say(server, "dos\r", "a\rb")
        self.assertEqual(self.data(self.take(stream, 2)), ["dos", "a\nb"])

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

    def test_a_last_line_without_its_end_is_sent(self):
        server = self.start()
        stream = self.listen(server)
        server.stdin.write(b"half")
        server.stdin.flush()
        time.sleep(0.05)
        server.stdin.write(b" and whole")
        server.stdin.close()
        self.assertEqual([(e.type, e.data) for e in stream.events()],
                         [(None, "half and whole"), ("end", "")])

    def test_who_is_new_gets_what_comes(self):
        server = self.start()
        early = self.listen(server)
        self.say(server, "before")
        self.take(early, 1)
        late = self.listen(server)
        self.say(server, "after")
        self.assertEqual(self.take(late, 1), self.take(early, 1))

    def test_who_comes_back_gets_exactly_what_it_has_missed(self):
        server = self.start()
        stream = self.listen(server)
        lines = [str(n) for n in range(200)]
        self.say(server, *lines[:100])
        events = self.take(stream, 100)
        for n in (0, 50, 98, 99):
            back = self.listen(server, last=events[n].id)
            query = self.listen(server, "/?lastEventId=" + events[n].id)
            self.assertEqual(self.take(back, 99 - n), events[n + 1:])
            self.assertEqual(self.take(query, 99 - n), events[n + 1:])
        self.say(server, *lines[100:])
        events += self.take(stream, 100)
        self.assertEqual(self.data(events), lines)
        self.assertEqual(self.take(back, 100), events[100:])
        self.assertEqual(self.take(query, 100), events[100:])

    def test_one_that_comes_back_too_late_is_told_what_it_has_lost(self):
        server = self.start()
        stream = self.listen(server)
        self.say(server, *[str(n) for n in range(10)])
        events = self.take(stream, 10)
        total = 2 * self.EVENTS
        for n in range(10, total, 512):
            self.say(server, *[str(m) for m in range(n, min(n + 512, total))])
        self.same(self.data(self.until(stream, str(total - 1))),
                  [str(n) for n in range(10, total)])
        back = self.listen(server, last=events[4].id)
        gap = self.take(back, 1)[0]
        lost = total - self.EVENTS - 5
        epoch = events[0].id.split("-")[0]
        self.assertEqual(gap.type, "gap")
        self.assertEqual(json.loads(gap.data), {"first": "%s-6" % epoch, "count": lost,
                                                "last": "%s-%d" % (epoch, 5 + lost)})
        rest = self.until(back, str(total - 1))
        self.same(self.data(rest), [str(n) for n in range(5 + lost, total)])
        again = self.listen(server, last=gap.id)  # who comes back after the gap is not told twice
        self.same(self.until(again, str(total - 1)), rest)

    def test_an_id_that_is_none_of_ours_is_answered_with_a_gap_and_what_there_is(self):
        server = self.start()
        stream = self.listen(server)
        self.say(server, "one", "two")
        events = self.take(stream, 2)
        epoch = events[0].id.split("-")[0]
        for last in ("x", "1-1", epoch, epoch + "-", epoch + "-3", epoch + "-01", "?", "x\ty",
                     "0" + events[0].id, "y" * 36, "y" * 37, "y" * 38, "y" * 1000):
            back = self.listen(server, last=last)
            gap = self.take(back, 1)[0]
            self.assertEqual((gap.type, json.loads(gap.data)), ("gap", UNSAYABLE), last)
            self.assertEqual(self.take(back, 2), events, last)
        query = self.listen(server, "/?last_event_id=%zz")
        self.assertEqual([e.type for e in self.take(query, 3)], ["gap", None, None])
        self.assertEqual(self.take(self.listen(server, last=epoch + "-0"), 2), events)

    def test_an_id_of_an_earlier_run_is_not_taken_for_one_of_this(self):
        first = self.start()
        last = self.last_id(first)
        second = self.start()
        self.say(second, "a", "b")
        back = self.listen(second, last=last)
        gap = self.take(back, 1)[0]
        self.assertEqual((gap.type, json.loads(gap.data)), ("gap", UNSAYABLE))
        self.assertEqual(self.data(self.take(back, 2)), ["a", "b"])

    def test_a_client_that_does_not_read_is_told_of_its_gap_and_costs_nobody_anything(self):
        server = self.start(ASAN_OPTIONS="quarantine_size_mb=1:thread_local_quarantine_size_kb=64")
        stalled = self.raw(server, self.request(), receive_buffer=4096)
        stream = self.listen(server)
        memory = self.memory(server)
        lines = [("%d " % n).ljust(1500, "x") for n in range(3000)]
        for n in range(0, len(lines), 20):
            self.say(server, *lines[n:n + 20])
            self.assertEqual(self.data(self.take(stream, 20)), lines[n:n + 20])
        self.assertLess(self.memory(server), memory + 4096)
        server.stdin.close()
        blocks = self.rest_of(stalled)
        self.assertEqual((blocks[0], blocks[-1].type), (FIRST, "end"))
        events, at = blocks[1:-1], 0
        for event in events:
            if event.type == "gap":
                gap = json.loads(event.data)
                self.assertEqual(gap["first"].split("-")[1], str(at + 1))
                at += gap["count"]
                self.assertEqual(gap["last"].split("-")[1], str(at))
            else:
                self.assertEqual(event.data, lines[at])
                at += 1
        self.assertEqual(at, len(lines))
        self.assertIn("gap", [event.type for event in events])

    def test_heartbeats_come_where_nothing_else_does(self):
        server = self.start(60)
        stream = self.listen(server)
        begin = time.monotonic()
        for _ in range(5):
            self.assertEqual(stream.next(), Event(comment=""))
        self.assertGreater(time.monotonic() - begin, 5 * 0.06 - 0.02)
        self.assertLess(time.monotonic() - begin, 2)
        self.say(server, "x")
        while stream.next().data is None:
            pass

    def test_a_heartbeat_shows_who_has_left(self):
        server = self.start(50)
        files = self.files(server)
        for stream in [self.listen(server) for _ in range(5)]:
            stream.close()
        self.assertTrue(wait_for(lambda: len(self.proc(server, "fd")) == files))

    def test_who_neither_asks_nor_leaves_is_cut_off(self):
        server = self.start()
        files = self.files(server)
        mute = self.raw(server, b"GET / HTTP/1.1\r\n")
        refused = self.raw(server, self.request(method="POST"))
        stream = self.listen(server)
        self.assertEqual(len(self.proc(server, "fd")), files + 3)
        mute.settimeout(8)
        self.assertEqual(mute.recv(1), b"")
        self.assertTrue(wait_for(lambda: len(self.proc(server, "fd")) == files + 1))
        self.read_until(refused, b"\r\n\r\n")
        self.say(server, "x")
        self.take(stream, 1)

    def test_those_who_find_no_place_wait_for_one(self):
        server = self.start()
        streams = [self.listen(server) for _ in range(256)]
        late = [self.raw(server, self.request()) for _ in range(2)]
        self.assertEqual(select.select(late, [], [], 0.2)[0], [])
        before = self.cpu(server)
        time.sleep(0.2)
        self.assertLess(self.cpu(server) - before, 3)
        for stream in streams[:2]:
            stream.close()
        self.say(server, "x")
        for s in late:
            self.read_until(s, b"retry: 1000\n\n")
        self.say(server, "y")
        for s in late:
            self.assertIn(b"data: y\n\n", self.read_until(s, b"data: y\n\n"))
        self.assertEqual(self.data(self.take(streams[2], 2)), ["x", "y"])

    def test_at_the_end_it_reports(self):
        server = self.start()
        streams = [self.listen(server) for _ in range(2)]
        self.say(server, "a", "b")
        last = self.take(streams[0], 2)[0].id
        self.take(self.listen(server, last=last), 1)
        self.take(self.listen(server, last="x"), 3)
        server.stdin.close()
        self.assertEqual(server.wait(LIMIT), 0)
        self.assertRegex(self.log(server), r"^broadcast: 2 events to 4 clients, \d+ bytes; "
                                           r"2 came back, 1 of them too late; 1 gaps\n$")

    def test_its_input_can_be_a_file(self):
        with tempfile.TemporaryFile() as f:
            f.write(b"a\nb\n")
            f.seek(0)
            self.assertEqual(self.start(stdin=f).wait(LIMIT), 0)
        self.assertEqual(self.start(stdin=subprocess.DEVNULL).wait(LIMIT), 0)


class Threads(Serves, Fanout):
    name = "threads"

    def listen_on(self, server, thread, last=None):
        """A stream of this thread."""
        for _ in range(16):
            stream = self.listen(server, last=last)
            if stream.header("X-Thread") == str(thread):
                return stream
            stream.close()
        self.fail("no connection came to thread %d" % thread)

    def test_each_line_goes_to_the_clients_of_all_threads_under_one_id(self):
        server = self.start(3)
        streams = [self.listen(server) for _ in range(12)]
        by_thread = [stream.header("X-Thread") for stream in streams]
        self.assertEqual({thread: by_thread.count(thread) for thread in by_thread},
                         {"0": 4, "1": 4, "2": 4})
        lines = [str(n) for n in range(5000)]
        for n in range(0, len(lines), 500):
            self.say(server, *lines[n:n + 500])
        got = [self.take(stream, len(lines)) for stream in streams]
        self.same(self.data(got[0]), lines)
        for other in got[1:]:
            self.same(other, got[0])

    def test_who_comes_back_may_come_to_another_thread(self):
        server = self.start(3)
        stream = self.listen_on(server, 0)
        self.say(server, *[str(n) for n in range(20)])
        events = self.take(stream, 20)
        for thread in (1, 2, 0):
            for n in (0, 10, 18):
                self.assertEqual(self.take(self.listen_on(server, thread, events[n].id), 19 - n),
                                 events[n + 1:])

    def test_who_goes_from_thread_to_thread_loses_nothing_while_lines_come(self):
        server = self.start(4)
        stream, got, threads = self.listen(server), [], set()
        lines = ["%d %s" % (n, x) for n in range(120) for x in "ab"]
        for hop in range(0, len(lines), 2):
            self.raw(server, b"").close()
            waiting = self.raw(server, b"")  # it has its thread ahead of the lines
            self.say(server, *lines[hop:hop + 2])
            got += self.take(stream, 1)  # of two, so that there is something to replay
            stream.close()
            waiting.sendall(self.request("Last-Event-ID: " + got[-1].id))
            head = self.read_until(waiting, b"retry: 1000\n\n").decode()
            threads.add(re.search(r"X-Thread: (\d+)", head, re.I).group(1))
            got.append(parse(self.read_until(waiting, b"\n\n").decode()[:-2]))
            waiting.close()
            self.assertEqual(self.data(got), lines[:hop + 2])
            stream = self.listen(server, last=got[-1].id)
        self.assertEqual(threads, {"0", "1", "2", "3"})

    def test_long_lines_are_cut_alike_by_all_threads(self):
        server = self.start(3)
        streams = [self.listen(server) for _ in range(3)]
        for n in range(20):
            server.stdin.write(b"x" * 5000)
            server.stdin.flush()
        self.say(server, "", "end")
        got = [self.until(stream, "end") for stream in streams]
        self.assertEqual("".join(self.data(got[0])), "x" * 100000 + "end")
        self.assertEqual(got, got[:1] * 3)

    def test_a_last_line_without_its_end_is_sent_by_all(self):
        server = self.start(2)
        streams = [self.listen(server) for _ in range(4)]
        server.stdin.write(b"half")
        server.stdin.close()
        for stream in streams:
            self.assertEqual(self.data(stream.events()), ["half"])
        self.assertEqual(server.wait(LIMIT), 0)

    def test_one_thread_is_enough_and_none_is_refused(self):
        server = self.start(1)
        stream = self.listen(server)
        self.say(server, "x")
        self.assertEqual(self.data(self.take(stream, 1)), ["x"])
        for threads in ("0", "17", "x"):
            done = self.run_to_the_end("0", threads)
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stderr, rb"^threads: .+\n$")


class Topics(Serves, Fanout):
    name = "topics"
    ALICE, BOB = "/?token=rabbit-hole", "/?x=1&token=can-we-fix-it"
    GET = ALICE
    LINE, DATA = "alice hello", "hello"
    EVENTS = 1024  # that the log keeps

    def both(self, server, last=None):
        return self.listen(server, self.ALICE, last), self.listen(server, self.BOB, last)

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
        epoch = of["bob"][-1].id.split("-")[0]
        self.say(server, "* end")
        for number in range(len(lines) + 1):
            last = "%s-%d" % (epoch, number)
            for name, stream in zip(of, self.both(server, last)):
                wanted = [e for e in of[name] if int(e.id.split("-")[1]) > number]
                self.assertEqual(self.until(stream, "end")[:-1], wanted, (name, last))
        for last in ("x", "1-1", epoch + "-99", of["bob"][0].id + "0"):
            for name, stream in zip(of, self.both(server, last)):
                gap, *rest = self.until(stream, "end")
                self.assertEqual((gap.type, gap.id, json.loads(gap.data)), ("gap", None, UNSAYABLE))
                self.assertEqual(rest[:-1], of[name], (name, last))

    def test_a_notice_of_a_gap_tells_nothing_of_the_others(self):
        server = self.start()
        alice, bob = self.both(server)
        self.say(server, "* start")
        last = self.take(alice, 1)[0].id
        self.assertEqual(self.take(bob, 1)[0].id, last)
        for n in range(self.EVENTS + 100):
            self.say(server, "bob b%d" % n)
        self.say(server, "alice a", "* end")
        self.assertEqual(self.data(self.until(alice, "end")), ["a", "end"])
        self.assertEqual(len(self.until(bob, "end")), self.EVENTS + 101)
        for stream, count in ((self.listen(server, self.ALICE, last), 2),
                              (self.listen(server, self.BOB, last), self.EVENTS - 1)):
            gap, *rest = self.until(stream, "end")
            self.assertEqual((gap.type, gap.id, json.loads(gap.data)), ("gap", None, UNSAYABLE))
            self.assertEqual(len(rest), count)

    def test_one_that_falls_behind_is_told_of_its_own_gap_alone(self):
        server = self.start()
        stalled = self.raw(server, self.request(), receive_buffer=4096)
        bob = self.listen(server, self.BOB)
        for n in range(300):
            lines = ["alice %s" % ("a%d" % n).ljust(1000, "-"), "bob secret%d" % n] * 5
            self.say(server, *lines)
            self.assertEqual(self.data(self.take(bob, 5)), ["secret%d" % n] * 5)
        self.say(server, "* end")
        server.stdin.close()
        blocks = self.rest_of(stalled)
        gaps = [block for block in blocks if block.type == "gap"]
        self.assertGreater(len(gaps), 0)
        for gap in gaps:
            self.assertEqual((gap.id, json.loads(gap.data)), (None, UNSAYABLE))
        others = [b for b in blocks if b.data is not None and b.type is None]
        self.assertTrue(all(b.data == "end" or b.data.startswith("a") for b in others))
        self.assertEqual(others[-1].data, "end")

    def test_who_has_no_token_is_refused(self):
        server = self.start()
        for path in ("/", "/?", "/?token", "/?token=", "/?token=x", "/?token=rabbit-hol",
                     "/?token=rabbit-hole2", "/?token=RABBIT-HOLE", "/?token=alice", "/?user=alice",
                     "/?xtoken=rabbit-hole", "/?token=x&token=rabbit-hole"):
            self.assertEqual(self.ask(server, path).status, 403, path)

    def test_pages_of_others_may_not_read_it(self):
        stream = self.listen(self.start(), self.ALICE)
        self.assertIsNone(stream.header("Access-Control-Allow-Origin"))

    def test_who_is_meant_has_to_be_said(self):
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
    LINE = DATA = "GOLD 1"
    EVENTS = 2048  # that the log keeps

    def newest(self, server, path="/?pace_ms=0"):
        """The snapshot that a newcomer gets."""
        stream = self.listen(server, path)
        end = "END %d" % time.monotonic_ns()
        self.say(server, end)
        events = self.until(stream, end)
        stream.close()
        return [e.data for e in events if not e.data.startswith("END ")]

    def settle(self, server, line):
        """Say a line, and see that it has arrived: so have those ahead of it."""
        stream = self.listen(server, "/?pace_ms=0")
        self.say(server, line)
        self.until(stream, line)
        stream.close()

    def test_a_newcomer_gets_the_newest_price_of_each_instrument(self):
        server = self.start()
        self.say(server, *["%s %d" % (name, n) for n in range(100) for name in ("A", "BB", "C")])
        self.settle(server, "D 1")
        self.assertEqual(self.newest(server), ["A 99", "BB 99", "C 99", "D 1"])
        self.say(server, "BB 100")
        self.assertEqual(self.newest(server), ["A 99", "C 99", "D 1", "BB 100"])

    def test_a_price_that_does_not_change_stays_in_the_snapshot(self):
        server = self.start()
        stream = self.listen(server, "/?pace_ms=0")
        self.say(server, "OLD 7", "OLDER 3")
        self.take(stream, 2)
        for n in range(0, 3 * self.EVENTS, 64):
            self.say(server, *["NEW %d" % m for m in range(n, n + 64)])
            self.until(stream, "NEW %d" % (n + 63))
            if n % 512 == 0:
                self.assertEqual(sorted(self.newest(server)),
                                 ["NEW %d" % (n + 63), "OLD 7", "OLDER 3"])
        self.assertLess(self.cpu(server), 300)

    def test_a_slow_dashboard_gets_the_newest_at_its_pace(self):
        server = self.start()
        slow = self.listen(server, "/?pace_ms=400")
        fast = self.listen(server, "/?pace_ms=0")
        begin, count, got = time.monotonic(), 0, []
        while time.monotonic() - begin < 1.2:
            self.say(server, *["%s %d" % (name, count) for name in "ABC"])
            got += self.until(fast, "C %d" % count)
            count += 1
            time.sleep(0.002)
        self.settle(server, "END 0")
        self.assertGreater(count, 50)
        self.same(self.data(got), ["%s %d" % (x, n) for n in range(count) for x in "ABC"])
        shown = self.data(self.until(slow, "END 0")[:-1])
        for name in "ABC":
            prices = [int(e.split(" ")[1]) for e in shown if e[0] == name]
            self.assertEqual(prices, sorted(set(prices)))
            self.assertEqual(prices[-1], count - 1)
        self.assertLess(len(shown), 3 * 6)  # the first, and one each 0.4 s

    def test_one_that_did_not_read_finds_what_is_the_newest_by_then(self):
        server = self.start()
        stalled = self.raw(server, self.request(), receive_buffer=4096)
        stream = self.listen(server, "/?pace_ms=0")
        count = 40000
        for n in range(0, count, 50):
            self.say(server, *["%s %030d" % ("AB"[m % 2], m) for m in range(n, n + 50)])
            self.until(stream, "B %030d" % (n + 49))
        server.stdin.close()
        events = self.rest_of(stalled)
        shown = [event.data for event in events if event.data and event.type is None]
        self.assertLess(len(shown), count / 2)
        self.assertEqual(sorted(shown[-2:]), ["A %030d" % (count - 2), "B %030d" % (count - 1)])
        for name in "AB":
            prices = [int(e.split(" ")[1]) for e in shown if e[0] == name]
            self.assertEqual(prices, sorted(set(prices)))

    def test_who_comes_back_gets_the_newest_of_what_has_changed(self):
        server = self.start()
        stream = self.listen(server, "/?pace_ms=0")
        self.say(server, "A 1", "B 1", "C 1")
        last = self.take(stream, 3)[-1].id
        stream.close()
        self.say(server, "A 2", "B 2", "A 3")
        self.settle(server, "END 0")
        back = self.listen(server, "/?pace_ms=0", last=last)
        self.assertEqual(self.data(self.until(back, "END 0")), ["B 2", "A 3", "END 0"])

    def test_a_pace_that_is_none_is_refused(self):
        server = self.start()
        for pace in ("x", "-1", "1x", "60001", "99999999999999999999", "1.5", "%31"):
            self.assertEqual(self.ask(server, "/?pace_ms=" + pace).status, 400, pace)
        for pace in ("0", "1", "60000", ""):
            self.listen(server, "/?pace_ms=" + pace).close()

    def test_what_is_no_price_is_told(self):
        server = self.start()
        stream = self.listen(server, "/?pace_ms=0")
        wrong = ["", "A", " 1", "A " + "1" * 39]
        self.say(server, *wrong)
        self.say(server, "A " + "1" * 38, "AA 2")
        self.assertEqual(self.data(self.take(stream, 2)), ["A " + "1" * 38, "AA 2"])
        self.say(server, *["N%d 1" % n for n in range(31)])
        self.assertEqual(self.data(self.take(stream, 30))[-1], "N29 1")
        self.assertTrue(wait_for(lambda: self.log(server).count("\n") == len(wrong) + 1))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # not ignored, so not in the programs
    Program.folder = os.path.abspath(sys.argv.pop(1))
    unittest.main()
