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

    def refusal(self, *args):
        """What it says when it does not start."""
        done = subprocess.run([self.path, "--port", "0"] + list(args), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=LIMIT)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        return done.stderr

    def file(self, content):
        """The name of a file with this text, or these bytes."""
        f = tempfile.NamedTemporaryFile()
        self.addCleanup(f.close)
        f.write(content if isinstance(content, bytes) else content.encode())
        f.flush()
        return f.name

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

    def status(self, process, *args, **kwargs):
        """The status alone of what http.client asks."""
        stream = self.ask(process, *args, **kwargs)
        stream.close()
        return stream.status

    def gone_after(self, server, lines):
        """The id of the last line of a client that has left."""
        stream = self.listen(server)
        self.say(server, lines)
        events = [stream.next() for _ in lines.splitlines()]
        stream.close()
        return events[-1].id


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
        stream = self.listen(server)
        descriptors = len(self.proc(server, "fd"))
        stream.close()
        self.assertTrue(wait_for(lambda: len(self.proc(server, "fd")) == descriptors - 1, 4))

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

    def test_health_and_metrics_can_be_asked(self):
        server = self.start("--heartbeat", 1)
        last = self.gone_after(server, "one\n")
        self.first(server, 0, headers={"Last-Event-ID": last})
        self.first(server, 0, headers={"Last-Event-ID": "0-0"})
        open_one = self.listen(server)
        self.assertEqual(open_one.next(), Event(comment=""))
        health = self.answer_to(server, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self.assertTrue(health.startswith(b"HTTP/1.1 200 OK\r\n"))
        self.assertTrue(health.endswith(b"\r\n\r\nok\n"))
        answer = self.answer_to(server, b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n").decode()
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


if __name__ == "__main__":
    Program.folder = sys.argv.pop(1)
    unittest.main(verbosity=2)
