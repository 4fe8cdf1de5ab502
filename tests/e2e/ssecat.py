"""ssecat, run as a user would run it:  python3 ssecat.py BUILD_DIR

Lines go into its standard input, and each test judges what its clients get. Standard library only."""

import os
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True

from programs import LIMIT, TOP, Event, Program, Stream, wait_for

HEAD_LIMIT = 8192  # bytes of a request
LINE_LIMIT = 64 * 1024
QUEUE = 256 * 1024


class Ssecat(Program):
    name = "ssecat"
    GET = b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n"

    def start(self, *args, stdin=subprocess.PIPE, **env):
        log = tempfile.TemporaryFile("w+")
        self.addCleanup(log.close)
        process = subprocess.Popen([self.path, "--port", "0"] + [str(a) for a in args], cwd=TOP,
                                   stdin=stdin, stdout=subprocess.PIPE, stderr=log,
                                   env=dict(os.environ, **env))
        self.addCleanup(self.end, process)
        self.assertTrue(select.select([process.stdout], [], [], LIMIT)[0], "it tells no address")
        address = process.stdout.readline().decode()
        self.assertRegex(address, r"^ssecat: http://127\.0\.0\.1:[0-9]+/ ")
        process.port = int(re.search(r":([0-9]+)/", address).group(1))
        process.log = log
        return process

    def end(self, process):
        if process.stdin and not process.stdin.closed:
            try:
                process.stdin.close()
            except BrokenPipeError:
                pass
        super().end(process)

    def say(self, process, text):
        process.stdin.write(text if isinstance(text, bytes) else text.encode())
        process.stdin.flush()

    def listen(self, process, path="/events", **kwargs):
        """A stream whose first bytes have come, so that it gets every line from now on."""
        stream = self.ask(process, path, **kwargs)
        self.assertEqual(stream.status, 200)
        stream.first = stream.next()
        return stream

    def answer_to(self, process, request, limit=LIMIT):
        s = self.raw(process, request)
        s.settimeout(limit)
        got = b""
        while True:
            part = s.recv(65536)
            if not part:
                return got
            got += part

    def status_of(self, process, request, **kwargs):
        return self.answer_to(process, request, **kwargs).split(b"\r\n")[0].decode()


class Lines(Ssecat):
    def test_each_line_is_an_event_with_an_id_of_its_own(self):
        server = self.start()
        stream = self.listen(server)
        self.say(server, "one\ntwo\n")
        one, two = stream.next(), stream.next()
        self.assertEqual((one.type, one.data, two.data), (None, "one", "two"))
        epoch, sequence = one.id.split("-")
        self.assertRegex(epoch, "^[0-9a-f]+$")
        self.assertEqual(two.id, "%s-%d" % (epoch, int(sequence) + 1))

    def test_a_line_arrives_as_it_is(self):
        server = self.start()
        stream = self.listen(server)
        for line in ("", " leading", "trailing ", "\ttab", "data: forged", "id: 9", ": comment",
                     "event: x", "\u2603 \u2028 \x85 \x0b", "a:b", "x" * 5000):
            self.say(server, line + "\n")
            self.assertEqual(stream.next().data, line)

    def test_crlf_ends_a_line_and_a_lone_cr_breaks_it(self):
        server = self.start()
        stream = self.listen(server)
        self.say(server, b"dos\r\nprogress\rbar\n\r\n")
        self.assertEqual([stream.next().data for _ in range(3)], ["dos", "progress\nbar", ""])

    def test_a_last_line_without_its_end_is_sent_at_the_end(self):
        server = self.start()
        stream = self.listen(server)
        self.say(server, "half")
        time.sleep(0.1)
        self.say(server, " and whole\nrest")
        self.assertEqual(stream.next().data, "half and whole")
        server.stdin.close()
        self.assertEqual(stream.next().data, "rest")

    def test_a_line_that_is_too_long_arrives_in_pieces_and_loses_nothing(self):
        server = self.start()
        stream = self.listen(server)
        line = "\u20ac" * LINE_LIMIT + "end"
        self.say(server, line + "\nnext\n")
        pieces = [stream.next().data]
        while not pieces[-1].endswith("end"):
            pieces.append(stream.next().data)
        self.assertEqual("".join(pieces), line)
        self.assertTrue(all(len(p.encode()) <= LINE_LIMIT for p in pieces))
        self.assertEqual(stream.next().data, "next")

    def test_a_line_at_the_limit_stays_whole_whatever_ends_it(self):
        server = self.start()
        stream = self.listen(server)
        for end in (b"\n", b"\r\n"):
            self.say(server, b"x" * LINE_LIMIT + end + b"next\n")
            self.assertEqual(len(stream.next().data), LINE_LIMIT)
            self.assertEqual(stream.next().data, "next")

    def test_a_line_end_that_comes_in_two_reads_is_one(self):
        server = self.start()
        stream = self.listen(server)
        self.say(server, b"x" * LINE_LIMIT + b"\r")
        time.sleep(0.2)
        self.say(server, b"\nnext\n")
        self.assertEqual(len(stream.next().data), LINE_LIMIT)
        self.assertEqual(stream.next().data, "next")

    def test_a_line_of_nothing_but_breaks_arrives_whole(self):
        server = self.start()
        stream = self.listen(server)
        self.say(server, b"\r" * LINE_LIMIT + b"x\nnext\n")
        breaks = 0
        while True:
            data = stream.next().data
            if data == "next":
                break
            breaks += data.count("\n")
        self.assertGreater(breaks, LINE_LIMIT * 0.99)

    def test_a_file_is_read_to_its_end(self):
        with tempfile.TemporaryFile() as f:
            f.write(b"".join(b"%d\n" % n for n in range(50000)))
            f.seek(0)
            server = self.start("--wait", 1, stdin=f)
            stream = self.ask(server, "/events")
            self.assertEqual([int(e.data) for e in stream.events()], list(range(50000)))
            self.assertEqual(server.wait(LIMIT), 0)

    def test_a_standard_input_that_is_closed_is_told(self):
        done = subprocess.run(["sh", "-c", '"$0" --port 0 <&-', self.path], timeout=LIMIT,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, b"^ssecat: standard input: ")

    def test_no_input_at_all_is_an_end_too(self):
        server = self.start(stdin=subprocess.DEVNULL)
        self.assertEqual(server.wait(LIMIT), 0)


class Options(Ssecat):
    def run_with(self, *args):
        return subprocess.run([self.path] + list(args), stdin=subprocess.DEVNULL, timeout=LIMIT,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def test_help_and_version_are_printed_on_standard_output(self):
        for option in ("--help", "-h"):
            done = self.run_with(option)
            self.assertEqual((done.returncode, done.stderr), (0, b""))
            for known in (b"--port", b"--bind", b"--event", b"--heartbeat", b"--retry", b"--cors",
                          b"--max-clients", b"--quiet", b"--help"):
                self.assertIn(known, done.stdout)
        done = self.run_with("--version")
        self.assertRegex(done.stdout, rb"^ssecat, libsse [0-9]+\.[0-9]+\.[0-9]+\n$")

    def test_what_makes_no_sense_is_refused_in_words(self):
        for args in (["--port", "65536"], ["--port", "x"], ["--port", "-1"], ["--port", ""],
                     ["--event", "a\nb"], ["--event", "\xff\xfe"], ["--event", "place"], ["--heartbeat", "-1"],
                     ["--retry", "2147483648"], ["--retry", "1s"], ["--cors", "a\r\nX: y"],
                     ["--cors", ""], ["--max-clients", "many"], ["--nothing"], ["extra"],
                     ["--wait", "2", "--max-clients", "1"], ["--port"]):
            done = subprocess.run([self.path.encode()] + [a.encode("latin-1") for a in args],
                                  stdin=subprocess.DEVNULL, timeout=LIMIT,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.assertEqual((done.returncode, done.stdout), (1, b""), args)
            self.assertGreater(len(done.stderr), 10, args)

    def test_a_port_that_is_taken_is_told(self):
        server = self.start()
        done = self.run_with("--port", str(server.port))
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"in use", done.stderr)

    def test_the_event_type_is_the_option_s(self):
        server = self.start("--event", "log line")
        stream = self.listen(server)
        self.say(server, "x\n")
        self.assertEqual(stream.next()[:3:2], ("log line", "x"))

    def test_heartbeats_come_in_silence_only(self):
        server = self.start("--heartbeat", 1)
        stream = self.listen(server)
        self.assertEqual(stream.next(), Event(comment=""))
        start = time.monotonic()
        while time.monotonic() - start < 1.5:
            self.say(server, "busy\n")
            self.assertEqual(stream.next().data, "busy")
            time.sleep(0.1)

    def test_without_heartbeats_it_is_silent(self):
        server = self.start("--heartbeat", 0)
        s = self.raw(server, self.GET)
        self.read_until(s, b"data: \n\n")
        s.settimeout(1.5)
        self.assertRaises(socket.timeout, s.recv, 1)

    def test_the_reconnection_time_comes_first(self):
        self.assertEqual(self.listen(self.start("--retry", 1234)).first, Event(retry="1234"))

    def test_a_page_of_the_allowed_origin_may_read_the_stream(self):
        stream = self.listen(self.start("--cors", "https://example.org"))
        self.assertEqual(stream.header("Access-Control-Allow-Origin"), "https://example.org")
        self.assertEqual(stream.header("Vary"), "Origin")
        self.assertIsNone(self.listen(self.start()).header("Access-Control-Allow-Origin"))

    def test_quiet_prints_nothing(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        done = self.run_with("--quiet", "--port", str(port))
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"", b""))

    def test_it_listens_where_it_is_told(self):
        done = self.run_with("--bind", "::1", "--port", "0")
        if b"annot assign" in done.stderr or b"not supported" in done.stderr:
            self.skipTest("no IPv6 here")
        self.assertRegex(done.stdout, rb"^ssecat: http://\[::1\]:[0-9]+/ ")

    def test_it_waits_for_the_clients_that_it_is_told_of(self):
        server = self.start("--wait", 3)
        self.say(server, "a\nb\n")
        streams = [self.ask(server, "/events") for _ in range(3)]
        server.stdin.close()
        for stream in streams:
            self.assertEqual([e.data for e in stream.events()], ["a", "b"])

    def test_it_stays_if_it_is_told(self):
        server = self.start("--stay", "--heartbeat", 1)
        stream = self.listen(server)
        self.say(server, "last\n")
        server.stdin.close()
        self.assertEqual(stream.next().data, "last")
        self.assertEqual(stream.next(), Event(comment=""))
        self.ends_by(server, signal.SIGTERM, 0)


class Requests(Ssecat):
    def test_the_stream_has_the_head_that_clients_and_proxies_need(self):
        stream = self.listen(self.start())
        self.assertEqual(stream.header("Content-Type"), "text/event-stream")
        self.assertEqual(stream.header("Cache-Control"), "no-cache, no-store, no-transform")
        self.assertEqual(stream.header("X-Accel-Buffering"), "no")
        self.assertEqual(stream.first, Event(comment=""))

    def test_an_old_client_is_answered_in_its_version(self):
        s = self.raw(self.start(), b"GET /events HTTP/1.0\r\n\r\n")
        self.assertTrue(self.read_until(s, b":\n\n").startswith(b"HTTP/1.0 200 OK\r\n"))

    def test_the_page_knows_the_event_type(self):
        for args, attribute in (((), 'data-event=""'),
                                (("--event", 'a"<b>&\''),
                                 'data-event="a&#34;&#60;b&#62;&#38;&#39;"')):
            answer = self.ask(self.start(*args))
            page = answer.body().decode()
            self.assertEqual(answer.status, 200)
            self.assertEqual(answer.header("Content-Type"), "text/html; charset=utf-8")
            self.assertIn("default-src 'none'", answer.header("Content-Security-Policy"))
            self.assertTrue(page.startswith("<!doctype html>") or page.startswith("<!DOCTYPE html>"))
            self.assertEqual(page.count(attribute), 1)

    def test_what_is_no_request_is_told_so(self):
        server = self.start()
        host = b"\r\nHost: a\r\n"
        for request, status in (
                (b"GET / HTTP/1.1" + host + b"\r\n", "200 OK"),
                (b"GET /?x HTTP/1.1" + host + b"\r\n", "200 OK"),
                (b"\r\nGET / HTTP/1.1\nHost: a\n\n", "200 OK"),
                (b"GET http://a/ HTTP/1.1" + host + b"\r\n", "200 OK"),
                (b"GET /no HTTP/1.1" + host + b"\r\n", "404 Not Found"),
                (b"POST /events HTTP/1.1" + host + b"\r\n", "405 Method Not Allowed"),
                (b"OPTIONS * HTTP/1.1" + host + b"\r\n", "405 Method Not Allowed"),
                (b"GET / HTTP/1.1\r\n\r\n", "400 Bad Request"),
                (b"GET / HTTP/1.1" + host + b"Host: b\r\n\r\n", "400 Bad Request"),
                (b"GET / HTTP/1.1" + host + b" folded\r\n\r\n", "400 Bad Request"),
                (b"GET / HTTP/1.1" + host + b"a : b\r\n\r\n", "400 Bad Request"),
                (b"GET / HTTP/1.1" + host + b"a: b\0c\r\n\r\n", "400 Bad Request"),
                (b"GET / HTTP/1.1" + host + b"a: b\rc: d\r\n\r\n", "400 Bad Request"),
                (b"GET / HTTP/1.1" + host + b"nonsense\r\n\r\n", "400 Bad Request"),
                (b"GET /\r\n\r\n", "400 Bad Request"),
                (b"GET  / HTTP/1.1\r\n", "400 Bad Request"),
                (b"G@T / HTTP/1.1\r\n", "400 Bad Request"),
                (b"\x16\x03\x01\x02\x00\x01\xfc\x03\x03\n", "400 Bad Request"),
                (b"HEAD / HTTP/1.1" + host + b"\r\n", "200 OK"),
                (b"HEAD /no HTTP/1.1" + host + b"\r\n", "404 Not Found"),
                (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505 "),
                (b"x" * HEAD_LIMIT, "431 "),
                (b"GET / HTTP/1.1" + host + b"a: " + b"b" * HEAD_LIMIT, "431 ")):
            self.assertEqual(self.status_of(server, request), "HTTP/1.1 " + status, request[:60])
        self.assertIn(b"\r\nallow: GET, HEAD, OPTIONS\r\n",
                      self.answer_to(server, b"PUT / HTTP/1.1" + host + b"\r\n"))

    def test_head_is_answered_as_get_without_content(self):
        server = self.start()
        for path, type in (("/", "text/html; charset=utf-8"), ("/events", "text/event-stream"),
                           ("/healthz", "text/plain; charset=utf-8"), ("/metrics", None)):
            s = self.raw(server, b"HEAD %s HTTP/1.1\r\nHost: x\r\n\r\n" % path.encode())
            got = b"".join(iter(lambda: s.recv(65536), b"")).decode()
            self.assertTrue(got.startswith("HTTP/1.1 200 OK\r\n"), path)
            self.assertTrue(got.endswith("\r\n\r\n"), path)
            if type:
                self.assertIn("content-type: %s\r\n" % type, got.lower())

    def test_a_page_of_the_allowed_origin_may_ask_first_and_read_refusals(self):
        server = self.start("--cors", "https://example.org")
        asks = {"Origin": "https://example.org", "Access-Control-Request-Method": "GET",
                "Access-Control-Request-Headers": "last-event-id"}
        preflight = self.ask(server, "/events", "OPTIONS", headers=asks)
        self.assertEqual(preflight.status, 204)
        self.assertIn("last-event-id", preflight.header("Access-Control-Allow-Headers").lower())
        refused = self.ask(server, "/events", headers={"Accept": "text/html"})
        self.assertEqual(refused.status, 406)
        for answer in (preflight, refused):
            self.assertEqual(answer.header("Access-Control-Allow-Origin"), "https://example.org")
        self.assertIsNone(self.ask(self.start(), "/events", "OPTIONS", headers=asks)
                          .header("Access-Control-Allow-Origin"))

    def test_a_request_that_comes_byte_by_byte_is_a_request(self):
        s = self.raw(self.start(), b"")
        for byte in self.GET:
            s.sendall(bytes([byte]))
        self.assertIn(b" 200 OK", self.read_until(s, b":\n\n"))

    def test_a_request_that_does_not_come_to_its_end_is_answered_408(self):
        server = self.start()
        self.assertEqual(self.status_of(server, b"GET / HT", limit=8), "HTTP/1.1 408 Request Timeout")

    def test_who_rules_the_stream_out_is_answered_406(self):
        server = self.start()
        for accept, status in (("text/event-stream", 200), ("*/*", 200), ("text/*;q=0.1", 200),
                               ("text/event-stream;q=.9, */*; q=0,5", 200),
                               ("text/html", 406), ("*/*, text/event-stream;q=0", 406)):
            stream = self.ask(server, "/events", headers={"Accept": accept})
            self.assertEqual(stream.status, status, accept)

    def test_several_accept_fields_are_one_list(self):
        server = self.start()
        request = b"GET /events HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\nAccept: %s\r\n\r\n"
        s = self.raw(server, request % b"text/event-stream")
        self.assertIn(b" 200 OK", self.read_until(s, b"\r\n"))
        self.assertIn("406", self.status_of(server, request % b"text/plain"))

    def test_past_max_clients_it_is_503_until_one_has_gone(self):
        server = self.start("--max-clients", 2, "--heartbeat", 1)
        streams = [self.listen(server), self.listen(server)]
        refused = self.ask(server, "/events")
        self.assertEqual(refused.status, 503)
        self.assertTrue(5 <= int(refused.header("Retry-After")) <= 30)
        self.assertEqual(self.ask(server, "/").status, 200)
        streams[0].close()

        def room():
            stream = self.ask(server, "/events")
            return stream.status == 200

        self.assertTrue(wait_for(room, 5))
        self.say(server, "x\n")
        self.assertEqual(streams[1].next_event().data, "x")


class Clients(Ssecat):
    def test_each_client_gets_every_line_in_order(self):
        server = self.start("--wait", 20)
        streams = [self.ask(server, "/events") for _ in range(20)]
        for n in range(1000):
            self.say(server, "%d\n" % n)
        server.stdin.close()
        for stream in streams:
            self.assertEqual([int(e.data) for e in stream.events()], list(range(1000)))
        self.assertEqual(server.wait(LIMIT), 0)

    def test_a_client_that_stops_reading_is_cut_and_costs_nobody_anything(self):
        server = self.start("--wait", 2)
        stalled = self.raw(server, self.GET, receive_buffer=4096)
        stream = self.ask(server, "/events", limit=20)
        lines, size = 4000, 5000
        writer = os.fork()
        if writer == 0:
            for n in range(lines):
                server.stdin.write(b"%06d%s\n" % (n, b"x" * size))
            server.stdin.flush()
            os._exit(0)
        server.stdin.close()
        got = [int(e.data[:6]) for e in stream.events()]
        os.waitpid(writer, 0)
        self.assertEqual(got, list(range(lines)))
        self.assertEqual(server.wait(2 * LIMIT), 0)
        self.assertIn("does not keep up", self.log(server))
        stalled.close()

    def test_without_patience_nobody_waits(self):
        server = self.start("--wait", 2, "--patience", 0)
        stalled = self.raw(server, self.GET, receive_buffer=4096)
        stream = self.listen(server)
        for _ in range(300):
            self.say(server, b"x" * 30000 + b"\n")
            start = time.monotonic()
            stream.next()
            self.assertLess(time.monotonic() - start, 0.9)
        server.stdin.close()
        self.assertEqual(server.wait(2 * LIMIT), 0)
        self.assertIn("does not keep up", self.log(server))
        stalled.close()

    def test_a_client_that_stops_reading_makes_place_for_another(self):
        server = self.start("--max-clients", 1, "--patience", 0)
        stalled = self.raw(server, self.GET, receive_buffer=4096)
        self.read_until(stalled, b":\n\n")
        for _ in range(20):
            self.say(server, b"x" * 30000 + b"\n")
        self.assertEqual(self.ask(server, "/events").status, 503)
        self.assertTrue(wait_for(lambda: self.ask(server, "/events").status == 200, 45))
        self.assertIn("does not keep up", self.log(server))
        stalled.close()

    def test_a_client_that_talks_without_end_does_not_silence_the_others(self):
        server = self.start()
        stream = self.listen(server)
        talker = os.fork()
        if talker == 0:
            s = self.raw(server, self.GET)
            try:
                while True:
                    s.sendall(b"x" * 65536)
            finally:
                os._exit(0)
        time.sleep(0.3)
        try:
            for n in range(20):
                self.say(server, "%d\n" % n)
                self.assertEqual(stream.next().data, str(n))
        finally:
            os.kill(talker, signal.SIGKILL)
            os.waitpid(talker, 0)

    def test_memory_does_not_grow_with_what_has_passed(self):
        server = self.start("--wait", 2, "--stay", "--patience", 100)
        stalled = self.raw(server, self.GET, receive_buffer=4096)
        stream = self.listen(server)
        sizes = []
        for n in range(400):
            self.say(server, b"x" * 30000 + b"\n")
            stream.next()
            if n in (100, 399):
                sizes.append(self.memory(server))
        self.assertLess(sizes[1] - sizes[0], 512, sizes)
        stalled.close()

    def test_a_client_that_has_gone_is_noticed_by_heartbeats(self):
        server = self.start("--heartbeat", 1)
        descriptors = len(self.proc(server, "fd"))
        stream = self.listen(server)
        self.assertEqual(len(self.proc(server, "fd")), descriptors + 1)
        stream.close()
        self.assertTrue(wait_for(lambda: len(self.proc(server, "fd")) == descriptors, 4))

    def test_a_client_that_has_closed_is_noticed_at_once(self):
        server = self.start("--max-clients", 1, "--heartbeat", 0)
        self.listen(server).close()
        self.assertTrue(wait_for(lambda: self.ask(server, "/events").status == 200, 2))

    def test_a_client_that_reads_slowly_and_steadily_gets_everything(self):
        with tempfile.TemporaryFile() as f:
            f.write(b"".join(b"%d\n" % n for n in range(400000)))
            f.seek(0)
            server = self.start("--wait", 1, stdin=f)
            s = self.raw(server, self.GET, receive_buffer=65536)
            tail = b""
            while True:
                part = s.recv(65536)
                if not part:
                    break
                tail = (tail + part)[-200:]
                time.sleep(len(part) / 4e6)
            self.assertIn(b"data: 399999\n", tail)
            self.assertEqual(self.log(server), "")

    def test_at_the_limit_of_connections_it_rests(self):
        server = self.start("--max-clients", 1)
        waiting = [self.raw(server, b"") for _ in range(80)]
        time.sleep(0.5)
        before = self.cpu(server)
        time.sleep(1)
        self.assertLessEqual(self.cpu(server) - before, 5)
        for s in waiting:
            s.close()
        time.sleep(0.5)
        self.assertEqual(self.ask(server, "/").status, 200)

    def test_a_client_that_closes_its_sending_side_still_listens(self):
        server = self.start()
        s = self.raw(server, self.GET)
        self.read_until(s, b":\n\n")
        s.shutdown(socket.SHUT_WR)
        time.sleep(0.1)
        self.say(server, "x\n")
        self.assertIn(b"data: x\n\n", self.read_until(s, b"x\n\n"))

    def test_what_a_client_sends_behind_its_request_is_of_no_account(self):
        server = self.start()
        s = self.raw(server, self.GET + b"garbage" * 10000)
        self.read_until(s, b":\n\n")
        self.say(server, "x\n")
        self.assertIn(b"data: x\n\n", self.read_until(s, b"x\n\n"))

    def test_in_silence_it_does_not_compute(self):
        server = self.start()
        streams = [self.listen(server) for _ in range(3)]
        before = self.cpu(server)
        time.sleep(1)
        self.assertLessEqual(self.cpu(server) - before, 2)
        self.assertEqual(len(streams), 3)

    def test_without_descriptors_it_waits_and_goes_on(self):
        import resource
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)

        def few():
            resource.setrlimit(resource.RLIMIT_NOFILE, (12, 12))

        log = tempfile.TemporaryFile("w+")
        self.addCleanup(log.close)
        server = subprocess.Popen([self.path, "--port", "0"], stdin=subprocess.PIPE, stderr=log,
                                  stdout=subprocess.PIPE, preexec_fn=few)
        self.addCleanup(self.end, server)
        server.port = int(re.search(rb":([0-9]+)/", server.stdout.readline()).group(1))
        server.log = log
        streams = [self.raw(server, self.GET) for _ in range(12)]
        time.sleep(0.5)
        before = self.cpu(server)
        time.sleep(0.5)
        self.assertLessEqual(self.cpu(server) - before, 10)
        self.assertIsNone(server.poll(), self.log(server))
        self.say(server, "x\n")
        self.assertIn(b"data: x\n\n", self.read_until(streams[0], b"x\n\n"))
        for s in streams[:8]:
            s.close()
        self.say(server, "y\n" * 3)
        time.sleep(0.3)
        self.assertIn(b" 200 OK", self.read_until(streams[11], b":\n\n"))
        self.assertEqual(resource.getrlimit(resource.RLIMIT_NOFILE), limit)

    def test_curl_shows_the_lines(self):
        server = self.start()
        self.say(server, "")
        process = subprocess.Popen(["sh", "-c", "sleep 0.5; echo seen"], stdout=server.stdin)
        shown = self.curl("http://127.0.0.1:%d/events" % server.port)
        process.wait(LIMIT)
        self.assertIn("data: seen\n\n", shown)


class History(Ssecat):
    def first(self, server, count, **kwargs):
        stream = self.listen(server, **kwargs)
        return [stream.next() for _ in range(count)]

    def gone_after(self, server, lines):
        """The id of the last line of a client that has left."""
        stream = self.listen(server)
        self.say(server, lines)
        events = [stream.next() for _ in lines.splitlines()]
        stream.close()
        return events[-1].id

    def test_who_comes_back_gets_what_came_meanwhile(self):
        server = self.start()
        last = self.gone_after(server, "one\n")
        witness = self.listen(server)
        self.say(server, "two\nthree\n")
        self.assertEqual([witness.next().data for _ in range(2)], ["two", "three"])
        for how in ({"headers": {"Last-Event-ID": last}},
                    {"path": "/events?lastEventId=" + last},
                    {"path": "/events?x=1&last_event_id=" + last.replace("-", "%2D")}):
            self.assertEqual([e.data for e in self.first(server, 2, **how)], ["two", "three"])

    def test_what_is_no_longer_kept_is_told_with_its_ids_and_their_number(self):
        server = self.start("--history", 131072)
        last = self.gone_after(server, "one\n")
        witness = self.listen(server)
        self.say(server, "".join(c * 60000 + "\n" for c in "abcd"))
        for c in "abcd":
            self.assertEqual(witness.next().data, c * 60000)
        gap, c, d = self.first(server, 3, headers={"Last-Event-ID": last})
        epoch = last.split("-")[0]
        self.assertEqual(gap, Event(type="gap", id=epoch + "-3",
                                    data='{"first":"%s-2","last":"%s-3","count":2}' % (epoch, epoch)))
        self.assertEqual([c.data[0], d.data[0]], ["c", "d"])

    def test_an_id_that_was_never_given_is_a_gap_of_unknown_size(self):
        server = self.start()
        last = self.gone_after(server, "one\n")
        for bad in ("nonsense", "x" * 500, last[:-1] + "9", "0-1"):
            gap, one = self.first(server, 2, headers={"Last-Event-ID": bad})
            self.assertEqual(gap, Event(type="gap", id=last[:-1] + "0",
                                        data='{"first":null,"last":null,"count":null}'))
            self.assertEqual(one.data, "one")

    def test_from_start_gives_a_new_client_what_is_kept(self):
        server = self.start("--from-start")
        self.gone_after(server, "one\ntwo\n")
        self.assertEqual([e.data for e in self.first(server, 2)], ["one", "two"])

    def test_a_history_file_outlives_kill_9(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "history")
            server = self.start("--history-file", path)
            last = self.gone_after(server, "one\n")
            witness = self.listen(server)
            self.say(server, "two\n")
            witness.next()
            server.kill()
            server.wait()
            server = self.start("--history-file", path)
            stream = self.listen(server, headers={"Last-Event-ID": last})
            self.assertEqual(stream.next().data, "two")
            self.say(server, "three\n")
            three = stream.next()
            self.assertEqual(three.data, "three")
            self.assertEqual(three.id.split("-")[1], "3")
            self.assertNotEqual(three.id.split("-")[0], last.split("-")[0])

    def refuses(self, *args):
        run = subprocess.run([self.path, "--port", "0", *map(str, args)], stdin=subprocess.DEVNULL,
                             capture_output=True, text=True, timeout=LIMIT)
        self.assertEqual(run.returncode, 1)
        return run.stderr

    def test_a_file_that_is_no_history_of_this_size_is_left_alone(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "history")
            server = self.start("--history-file", path)
            self.assertIn("another process", self.refuses("--history-file", path))
            self.end(server)
            with open(path, "rb") as f:
                before = f.read()
            self.assertIn("--history", self.refuses("--history-file", path, "--history", 200000))
            with open(path, "rb") as f:
                self.assertEqual(f.read(), before)
            with open(path, "r+b") as f:
                f.write(b"something else")
            self.assertIn("not a history", self.refuses("--history-file", path))
            self.assertIn("No such file", self.refuses("--history-file", folder + "/no/file"))

    def test_health_and_metrics_can_be_asked(self):
        server = self.start("--heartbeat", 1)
        last = self.gone_after(server, "one\n")
        self.first(server, 0, headers={"Last-Event-ID": last})
        self.first(server, 0, headers={"Last-Event-ID": "0-0"})
        open_one = self.listen(server)
        self.assertEqual(open_one.next(), Event(comment=""))
        health = self.answer_to(server, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        self.assertTrue(health.startswith(b"HTTP/1.1 200 OK\r\n"))
        self.assertTrue(health.endswith(b"\r\n\r\nok\n"))
        answer = self.answer_to(server, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").decode()
        self.assertIn("text/plain; version=0.0.4", answer)
        body = answer.split("\r\n\r\n")[1]
        values = dict(line.rsplit(" ", 1) for line in body.splitlines() if line[0] != "#")
        self.assertEqual(values["ssecat_resumed_total"], "1")
        self.assertEqual(values["ssecat_events_total"], "1")
        self.assertEqual(values["ssecat_streams_total"], "4")
        self.assertEqual(values["ssecat_gaps_total"], "1")
        self.assertGreaterEqual(int(values["ssecat_heartbeats_total"]), 1)
        for name in values:
            self.assertIn("# TYPE " + name + " ", body)


class Endings(Ssecat):
    def test_the_end_of_the_input_ends_the_streams_when_all_is_delivered(self):
        server = self.start()
        stream = self.listen(server)
        self.say(server, "x\n")
        server.stdin.close()
        self.assertEqual(stream.next().data, "x")
        farewell = stream.next()
        self.assertEqual((farewell.type, farewell.data), ("farewell", ""))
        self.assertTrue(1000 <= int(farewell.retry) < 5000)
        self.assertIsNone(stream.next())
        self.assertEqual(server.wait(LIMIT), 0)

    def test_a_signal_drains(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            server = self.start()
            streams = [self.listen(server) for _ in range(8)]
            idle = self.raw(server, b"GET ")
            self.say(server, "x\n")
            self.assertEqual([s.next().data for s in streams], ["x"] * 8)
            server.send_signal(number)
            times = [int(s.next().retry) for s in streams]
            self.assertGreater(len(set(times)), 4, "they all come back at once")
            self.assertTrue(all(1000 <= t < 5000 for t in times))
            self.assertEqual([s.next() for s in streams], [None] * 8)
            self.assertEqual(server.wait(LIMIT), 0, self.log(server))
            idle.close()

    def test_a_stalled_client_does_not_stop_the_end_for_long(self):
        server = self.start()
        stalled = self.raw(server, self.GET, receive_buffer=4096)
        self.read_until(stalled, b":\n\n")
        for _ in range(100):
            self.say(server, b"x" * 60000 + b"\n")
        server.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        server.send_signal(signal.SIGTERM)
        self.assertEqual(server.wait(LIMIT), 0)
        stalled.close()

    def test_after_a_restart_the_ids_are_others(self):
        ids = []
        for _ in range(2):
            server = self.start()
            stream = self.listen(server)
            self.say(server, "x\n")
            ids.append(stream.next().id)
            self.ends_by(server, signal.SIGKILL, -signal.SIGKILL)
        self.assertNotEqual(ids[0], ids[1])


if __name__ == "__main__":
    Program.folder = sys.argv.pop(1)
    unittest.main(verbosity=2)
