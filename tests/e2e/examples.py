"""The example programs, run as a user would run them:  python3 examples.py BUILD_DIR

Each test starts a program of BUILD_DIR, talks to it over the loopback and judges what comes back.
The programs that need a server library are skipped where they were not built; format and blocking
have to be there. Standard library only; the tests that look into /proc are for Linux."""

import json
import os
import select
import shutil
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


class Serves:
    """What holds for each program that serves."""

    def test_a_port_that_is_taken_is_told(self):
        done = self.run_to_the_end(str(self.start().port))
        self.assertEqual((done.returncode, done.stdout), (1, b""))
        self.assertRegex(done.stderr.decode(), "^%s: .+\n$" % self.name)


class Format(Program):
    name = "format"

    def test_it_prints_one_event(self):
        done = self.run_to_the_end()
        self.assertEqual(done.returncode, 0)
        self.assertEqual(done.stderr, b"")
        self.assertEqual(done.stdout, b"event: greeting\nid: 7\ndata: Hello,\ndata:   world!\n\n")
        self.assertEqual(parse(done.stdout.decode()[:-2]),
                         Event("greeting", "7", "Hello,\n  world!"))

    def test_it_takes_an_id(self):
        self.assertIn(b"\nid: a-1\n", self.run_to_the_end("a-1").stdout)

    def test_a_line_break_in_the_id_is_refused_in_words(self):
        for line_break in ("\n", "\r", "\r\n"):
            done = self.run_to_the_end("8" + line_break + "data: forged")
            self.assertEqual(done.returncode, 1)
            self.assertEqual(done.stdout, b"")
            self.assertRegex(done.stderr, rb"^format: .*field.*\n$")


class Pieces(Program):
    name = "pieces"

    def body(self, done):
        head, blank, body = done.stdout.decode().partition("\n\n")
        self.assertIn("content-type: text/event-stream", head.split("\n"))
        self.assertTrue(body.startswith(":\n\n"))
        return body[3:]

    def test_the_output_of_a_command_is_one_event(self):
        for command in ("true", "echo hello", "printf 'a\\r\\nb'", "seq 20000"):
            output = subprocess.run(["sh", "-c", command], stdout=subprocess.PIPE).stdout.decode()
            done = self.run_to_the_end(command)
            self.assertEqual(done.returncode, 0, command)
            body = self.body(done)
            self.assertTrue(body.endswith("\n\n"))
            self.assertEqual(parse(body[:-2]),
                             Event("output", data=output.replace("\r\n", "\n")), command)

    def test_a_command_that_fails_early_is_told_in_place_of_its_output(self):
        for command in ("false", "echo no luck; false", "seq 300; false", "no-such-command"):
            done = self.run_to_the_end(command)
            self.assertEqual((self.body(done), done.returncode),
                             ("event: failed\ndata: %s\n\n" % command, 0))

    def test_an_id_can_be_given_if_each_client_sends_it_back(self):
        self.assertIn("\nid: a-1\n", self.body(self.run_to_the_end("true", "a-1")))
        for id in ("a b c?", "\u00e4", "a\nb"):
            self.assertEqual(self.run_to_the_end("true", id).returncode, 1)

    def test_one_that_fails_later_leaves_an_event_that_clients_discard(self):
        done = self.run_to_the_end("seq 20000; false")
        self.assertEqual(done.returncode, 1)
        self.assertTrue(self.body(done).startswith("event: output\ndata: 1\n"))
        self.assertNotIn("\n\n", self.body(done))
        self.assertRegex(done.stderr, rb"^pieces: .+\n$")


class Journal(Program):
    name = "journal"

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = os.path.join(folder.name, "journal")

    def run_on(self, *args):
        done = self.run_to_the_end(self.file, *args)
        self.assertEqual((done.returncode, done.stderr), (0, b""), args)
        return done.stdout.decode()

    def add(self, text, type="note"):
        return self.run_on("add", type, text)[:-1]

    def test_what_was_added_is_shown_in_order(self):
        ids = [self.add(text) for text in ("one", "", "two\nlines")]
        shown = [parse(block) for block in self.run_on().split("\n\n")[:-1]]
        self.assertEqual(shown.pop(0), Event(retry="5000"))
        self.assertEqual(shown, [Event("note", ids[0], "one"), Event("note", ids[1], ""),
                                 Event("note", ids[2], "two\nlines")])
        self.assertEqual([id.split("-")[1] for id in ids], ["1", "2", "3"])
        self.assertEqual(len({id.split("-")[0] for id in ids}), 3)

    def test_what_came_after_an_id_is_shown(self):
        first, second = self.add("one"), self.add("two")
        self.assertEqual(self.run_on("after", first),
                         "retry: 5000\n\nevent: note\nid: %s\ndata: two\n\n" % second)
        self.assertEqual(self.run_on("after", second), "retry: 5000\n\n")

    def test_an_id_that_is_not_kept_is_told(self):
        gone = self.add("one")
        self.run_on("drop", "0")
        kept = self.add("two")
        for id in (gone, "x", kept + "0"):
            self.assertRegex(self.run_on("after", id), r"\n: .+ no longer kept.+\n\n.+\n.+\ndata: two\n")

    def test_only_what_is_old_is_dropped(self):
        self.add("one")
        self.run_on("drop", "3600")
        self.assertIn("data: one\n", self.run_on())

    def test_bytes_that_are_no_text_are_mended(self):
        subprocess.run([self.path, self.file, "add", "note", b"a\xffb\xe2\x82"], check=True,
                       stdout=subprocess.DEVNULL)
        self.assertIn("data: a\ufffdb\ufffd\n", self.run_on())

    def test_the_oldest_go_when_it_is_full(self):
        for n in range(40):
            self.add("%d %s" % (n, "x" * 3000))
        shown = [parse(block).data.split()[0] for block in self.run_on().split("\n\n")[1:-1]]
        self.assertEqual(shown, [str(n) for n in range(40 - len(shown), 40)])
        self.assertTrue(15 < len(shown) < 25, len(shown))

    def test_what_is_wrong_is_told(self):
        with open(self.file, "w") as f:
            f.write("no journal")
        for args in ((self.file,), (), (self.file + "2", "add"), (self.file + "2", "sing"),
                     (self.file + "2", "add", "no\ntype", "x"), (self.file + "2", "after", " x")):
            done = self.run_to_the_end(*args)
            self.assertEqual(done.returncode, 1, args)
            self.assertRegex(done.stderr, rb"^journal: .+\n$")


class Sizes(Program):
    name = "sizes"

    def test_a_binding_finds_what_it_needs(self):
        done = self.run_to_the_end()
        lines = done.stdout.decode().splitlines()
        self.assertRegex(lines[0], r"^libsse \d+\.\d+\.\d+$")
        self.assertGreater(len(lines), 10)
        for line in lines[1:]:
            self.assertRegex(line, r"^.+ +[1-9][0-9]*$")
        self.assertIn("subscriber, bytes", done.stdout.decode())


class Blocking(Serves, Program):
    name = "blocking"
    GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"

    def test_the_head_is_followed_by_a_first_body_byte_at_once(self):
        s = self.raw(self.start(60000, 0), self.GET)
        head = self.read_until(s, b"\r\n\r\n").decode("ascii").lower().split("\r\n")[:-2]
        self.assertEqual(head[0], "http/1.1 200 ok")
        self.assertIn("content-type: text/event-stream", head)
        self.assertIn("connection: close", head)
        self.assertIn("access-control-allow-origin: *", head)
        self.assertTrue([f for f in head if f.startswith("cache-control:") and "no-store" in f])
        self.assertFalse([f for f in head if f.startswith(("content-length", "transfer-"))])
        self.assertEqual(self.read_until(s, b"\n\n"), b"retry: 2000\n\n")

    def test_ticks_are_counted_on_from_client_to_client(self):
        server = self.start(20, 20000)
        last = 0
        for _ in range(3):
            stream = self.ask(server)
            self.assertEqual(stream.next(), Event(retry="2000"))
            first = int(stream.next().data)
            self.assertGreater(first, last)
            for n in range(first + 1, first + 4):
                self.assertEqual(stream.next(), Event(id=str(n), data=str(n)))
            last = first + 3
            stream.close()

    def test_heartbeats_come_between_ticks(self):
        stream = self.ask(self.start(500, 100))
        self.assertEqual(stream.next(), Event(retry="2000"))
        for n in ("1", "2"):
            beats = 0
            while True:
                event = stream.next()
                if event.data is not None:
                    break
                self.assertEqual(event, Event(comment=""))
                beats += 1
            self.assertEqual(event, Event(id=n, data=n))
            self.assertTrue(1 <= beats <= 5, beats)

    def test_traffic_keeps_heartbeats_away(self):
        stream = self.ask(self.start(50, 75))
        self.assertEqual(stream.next(), Event(retry="2000"))
        for n in range(1, 6):
            self.assertEqual(stream.next(), Event(id=str(n), data=str(n)))

    def test_a_request_in_pieces_is_read_to_its_end(self):
        s = self.raw(self.start(60000, 0), b"GET / HT")
        for piece in (b"TP/1.1\r\nHost: x\r", b"\n\r", b"\n"):
            self.assertEqual(select.select([s], [], [], 0.05)[0], [])
            s.sendall(piece)
        self.assertTrue(self.read_until(s, b"\n\n").endswith(b"retry: 2000\n\n"))

    def test_a_half_close_is_no_disconnect(self):
        s = self.raw(self.start(50, 20), self.GET)
        s.shutdown(socket.SHUT_WR)
        self.read_until(s, b"id: 3\ndata: 3\n\n")

    def test_a_reset_is_noticed_without_a_heartbeat(self):
        server = self.start(60000, 0)
        gone = self.raw(server, self.GET)
        self.read_until(gone, b"retry: 2000\n\n")
        gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        gone.close()
        self.assertEqual(self.ask(server).next(), Event(retry="2000"))

    def test_a_closed_peer_is_noticed_by_the_heartbeat(self):
        server = self.start(60000, 50)
        gone = self.raw(server, self.GET)
        self.read_until(gone, b"retry: 2000\n\n")
        gone.close()
        self.assertEqual(self.ask(server).next(), Event(retry="2000"))
        self.assertRegex(self.log(server), r"^blocking: .+\n")

    def test_a_killed_client_is_noticed_by_the_heartbeat(self):
        if not shutil.which("curl"):
            self.skipTest("no curl here")
        server = self.start(60000, 50)
        client = subprocess.Popen(["curl", "-sN", server.url], stdout=subprocess.PIPE)
        self.addCleanup(client.stdout.close)
        self.assertTrue(select.select([client.stdout], [], [], LIMIT)[0])
        client.kill()
        client.wait(LIMIT)
        self.assertEqual(self.ask(server).next(), Event(retry="2000"))

    def test_clients_that_neither_ask_nor_read_are_dropped(self):
        mute, stalled = self.start(60000, 0), self.start(0, 0)
        self.raw(mute, b"GET /")
        self.raw(stalled, self.GET, receive_buffer=4096)
        for server in (mute, stalled):
            self.assertEqual(self.ask(server, limit=8).next(), Event(retry="2000"))
        self.assertIn("transport failed", self.log(stalled))

    def test_curl_shows_ticks(self):
        self.assertRegex(self.curl("--max-time", "0.3", self.start(50, 0).url),
                         r"^retry: 2000\n\nid: 1\ndata: 1\n\nid: 2\ndata: 2\n\n")

    def test_a_signal_ends_it(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            server = self.start(20, 0)
            self.assertEqual(self.ask(server).next_event().id, "1")
            self.ends_by(server, number, -number)


class Progress(Serves, Program):
    name = "progress"
    optional = True
    SSE = {"Accept": "text/event-stream"}
    RESULT = {"step": 10, "of": 10, "sum": 55}

    def steps(self, first):
        """The events of the job from a step on."""
        events = []
        for n in range(first, 11):
            data = '{"step":%d,"of":10,"sum":%d}' % (n, sum(range(n + 1)))
            events.append(Event("progress" if n < 10 else "done", str(n), data))
        return events

    def job(self, server, **headers):
        return self.ask(server, "/job",
                        headers={k.replace("_", "-"): v for k, v in headers.items()})

    def test_plain_clients_get_the_result_at_once(self):
        server = self.start(60000)
        for accept in (None, "*/*", "application/json", "text/html, */*;q=0.8",
                       "application/json, text/event-stream;q=0.5", "*/*, text/event-stream;q=0"):
            answer = self.job(server, **({"Accept": accept} if accept else {}))
            self.assertEqual(answer.status, 200, accept)
            self.assertEqual(answer.header("Content-Type"), "application/json", accept)
            self.assertEqual(answer.header("Vary"), "Accept")
            self.assertEqual(json.loads(answer.body()), self.RESULT)

    def test_who_takes_neither_is_answered_406(self):
        server = self.start(0)
        for accept in ("text/html", "text/event-stream;q=0", "application/json;q=0"):
            answer = self.job(server, Accept=accept)
            self.assertEqual((answer.status, answer.header("Vary")), (406, "Accept"), accept)

    def test_event_stream_clients_get_every_step(self):
        server = self.start(10)
        for accept in ("text/event-stream", "Text/Event-Stream", "text/event-stream;q=0.1",
                       "text/event-stream, application/json;q=0.5", "text/event-stream, */*"):
            stream = self.job(server, Accept=accept)
            self.assertEqual(stream.status, 200, accept)
            self.assertEqual(stream.header("Content-Type"), "text/event-stream", accept)
            self.assertEqual(stream.header("Transfer-Encoding"), "chunked")
            self.assertEqual(stream.header("X-Accel-Buffering"), "no")
            self.assertIn("no-store", stream.header("Cache-Control"))
            self.assertEqual(stream.next(), Event(retry="1000"))
            self.assertEqual(stream.events(), self.steps(1))

    def test_the_last_event_is_the_plain_answer(self):
        server = self.start(0)
        last = self.job(server, Accept="text/event-stream").events()[-1]
        self.assertEqual(last.type, "done")
        self.assertEqual(last.data.encode(), self.job(server).body())

    def test_steps_arrive_as_they_are_done(self):
        server = self.start(100)
        begin = time.monotonic()
        stream = self.job(server, Accept="text/event-stream")
        times = [time.monotonic() - begin for _ in iter(stream.next_event, None)]
        for n, at in enumerate(times):
            self.assertGreater(at, 0.1 * (n + 1) - 0.01)
        self.assertLess(times[0], times[-1] - 0.5)

    def test_a_client_that_comes_back_goes_on_where_it_was(self):
        server = self.start(5)
        for last in range(1, 10):
            stream = self.job(server, Accept="text/event-stream", Last_Event_ID=str(last))
            self.assertEqual(stream.events(), self.steps(last + 1))

    def test_an_id_that_was_never_sent_starts_anew(self):
        server = self.start(0)
        for last in ("", "0", "11", "-3", "3x", "x", "100", "0" * 99, "3\x01"):
            stream = self.job(server, Accept="text/event-stream", Last_Event_ID=last)
            self.assertEqual(stream.events(), self.steps(1), repr(last))

    def test_after_the_last_event_the_answer_is_204(self):
        answer = self.job(self.start(0), Accept="text/event-stream", Last_Event_ID="10")
        self.assertEqual(answer.status, 204)
        self.assertIsNone(answer.header("Content-Type"))
        self.assertEqual(answer.body(), b"")

    def test_a_plain_client_gets_no_204(self):
        answer = self.job(self.start(0), Last_Event_ID="10")
        self.assertEqual((answer.status, json.loads(answer.body())), (200, self.RESULT))

    def test_other_methods_and_paths_are_refused(self):
        server = self.start(0)
        answer = self.ask(server, "/job", "POST", b"x")
        self.assertEqual((answer.status, answer.header("Allow")), (405, "GET"))
        self.assertEqual(self.ask(server, "/jobs").status, 404)

    def test_the_page_follows_the_job(self):
        answer = self.ask(self.start(0), "/")
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.header("Content-Type"), "text/html")
        page = answer.body().decode()
        self.assertIn("new EventSource('/job')", page)
        for kind in {event.type for event in self.steps(1)}:
            self.assertIn("addEventListener('%s'" % kind, page)

    def test_clients_do_not_wait_for_each_other(self):
        server = self.start(50)
        streams = [self.job(server, Accept="text/event-stream") for _ in range(8)]
        begin = time.monotonic()
        for stream in streams:
            self.assertEqual(stream.events(), self.steps(1))
        self.assertLess(time.monotonic() - begin, 8 * 0.5)

    def test_a_client_that_left_is_noticed_at_the_next_step(self):
        server = self.start(250)
        threads = len(self.proc(server, "task"))
        stream = self.job(server, Accept="text/event-stream")
        self.assertEqual(stream.next_event().id, "1")
        self.assertGreater(len(self.proc(server, "task")), threads)
        stream.close()
        begin = time.monotonic()
        self.assertTrue(wait_for(lambda: len(self.proc(server, "task")) == threads))
        self.assertLess(time.monotonic() - begin, 1.5)  # the job has 2.25 s to go
        self.assertEqual(self.job(server).status, 200)

    def test_curl_shows_the_steps(self):
        shown = self.curl("-H", "Accept: text/event-stream", "-H", "Last-Event-ID: 8",
                          self.start(10).url + "job")
        self.assertEqual([parse(b) for b in shown.split("\n\n")[1:-1]], self.steps(9))

    def test_a_signal_ends_it_cleanly(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            server = self.start(200)
            self.assertEqual(self.job(server, Accept="text/event-stream").next_event().id, "1")
            self.ends_by(server, number, 0)


class Tokens(Serves, Program):
    name = "tokens"
    optional = True
    TEXT = ("  One two\n\n\tthree — four:  \"fünf\"\n" + "aö" * 70 + " data: x\n\nid: 7 " +
            "z" * 200 + "\n last  ")

    def serve(self, text, token_ms, **env):
        with tempfile.NamedTemporaryFile("wb", delete=False) as f:
            f.write(text.encode())
        self.addCleanup(os.unlink, f.name)
        return self.start(token_ms, f.name, **env)

    SSE = {"Accept": "text/event-stream"}

    def post(self, server, prompt, headers=SSE, **kwargs):
        return self.ask(server, "/v1/tokens", "POST", prompt.encode(), headers, **kwargs)

    def check(self, stream, text):
        """A stream is this text, token by token, and at its end the whole of it."""
        events = stream.events()
        self.assertEqual("".join(e.data for e in events[:-1]), text)
        for e in events[:-1]:
            self.assertEqual(e, Event(data=e.data))
            self.assertRegex(e.data, r"^[^ \n]*[ \n]?$")
        self.assertEqual(events[-1], Event("done", data=text))
        return len(events) - 1

    def test_the_tokens_are_the_text_byte_for_byte(self):
        stream = self.post(self.serve(self.TEXT, 0), "unheard of")
        self.assertEqual(stream.status, 200)
        self.assertEqual(stream.header("Content-Type"), "text/event-stream")
        self.assertEqual(stream.header("Transfer-Encoding"), "chunked")
        self.assertEqual(stream.header("X-Accel-Buffering"), "no")
        self.assertIn("no-store", stream.header("Cache-Control"))
        self.assertGreater(self.check(stream, self.TEXT), len(self.TEXT.split()))

    def test_the_prompt_says_where_to_begin(self):
        server = self.serve(self.TEXT, 0)
        for prompt in ("two", "data: x\n\nid", "last", "\n"):
            self.check(self.post(server, prompt), self.TEXT[self.TEXT.index(prompt):])

    def test_the_text_in_the_folder_is_the_default(self):
        with open(os.path.join(TOP, "examples", "tokens.txt"), encoding="utf-8") as f:
            text = f.read()
        self.check(self.post(self.start(0), "unheard of"), text)

    def test_tokens_arrive_as_they_come(self):
        server = self.serve("a b c d", 100)
        begin = time.monotonic()
        stream = self.post(server, "a")
        times = [time.monotonic() - begin for _ in iter(stream.next_event, None)]
        for n, at in enumerate(times):
            self.assertGreater(at, 0.1 * n - 0.02)
        self.assertLess(times[0], times[-1] - 0.2)

    def test_a_file_that_is_missing_is_told(self):
        done = self.run_to_the_end("0", "0", "no such file")
        self.assertEqual((done.returncode, done.stdout), (1, b""))
        self.assertRegex(done.stderr, rb"^tokens: .+\n$")

    def test_an_empty_file_is_a_stream_without_tokens(self):
        self.check(self.post(self.serve("", 0), "x"), "")

    def test_wrong_requests_are_refused(self):
        server = self.serve(self.TEXT, 0)
        answer = self.ask(server, "/v1/tokens")
        self.assertEqual((answer.status, answer.header("Allow")), (405, "POST"))
        self.assertEqual(self.post(server, "").status, 400)
        self.assertEqual(self.post(server, "x", headers={"Accept": "text/html"}).status, 406)
        self.assertEqual(self.post(server, "x" * 4097).status, 413)
        self.assertEqual(self.ask(server, "/v1/token", "POST", b"x").status, 404)

    def test_one_route_has_two_answers(self):
        server = self.serve(self.TEXT, 0)
        for accept, type in ((None, "text/plain"), ("*/*", "text/plain"),
                             ("text/event-stream;q=0.5, text/plain", "text/plain"),
                             ("text/event-stream", "text/event-stream"),
                             ("text/event-stream, */*", "text/event-stream")):
            answer = self.post(server, "last", headers={"Accept": accept} if accept else {})
            self.assertEqual(answer.status, 200, accept)
            self.assertTrue(answer.header("Content-Type").startswith(type), accept)
            self.assertEqual(answer.header("Vary"), "Accept")
            if type == "text/plain":
                self.assertEqual(answer.body().decode(), "last  ")
            else:
                self.check(answer, "last  ")

    def test_one_connection_can_ask_again(self):
        stream = self.post(self.serve(self.TEXT, 0), "last")
        local = stream.connection.sock.getsockname()
        self.check(stream, "last  ")
        stream.ask("/v1/tokens", "POST", b"." * 4096, self.SSE)
        self.check(stream, self.TEXT)
        stream.ask("/v1/tokens", "POST", b"id:", self.SSE)
        self.check(stream, self.TEXT[self.TEXT.index("id:"):])
        self.assertEqual(stream.connection.sock.getsockname(), local)

    def test_a_client_of_http_1_0_gets_no_chunks(self):
        s = self.raw(self.serve("a b", 0),
                     b"POST /v1/tokens HTTP/1.0\r\nAccept: text/event-stream\r\n"
                     b"Content-Length: 1\r\n\r\na")
        got = b"".join(iter(lambda: s.recv(4096), b""))
        self.assertEqual(got.partition(b"\r\n\r\n")[2],
                         b'data: a \n\ndata: b\n\nevent: done\ndata: a b\n\n')

    def test_a_client_that_stops_reading_costs_nothing_and_loses_nothing(self):
        text = "begin " + " ".join("w%d" % n for n in range(140000))
        server = self.serve(text, 0, ASAN_OPTIONS="quarantine_size_mb=1:"
                                                  "thread_local_quarantine_size_kb=64")
        memory = self.memory(server)
        slow = self.raw(server, b"POST /v1/tokens HTTP/1.0\r\nAccept: text/event-stream\r\n"
                        b"Content-Length: 5\r\n\r\nbegin", receive_buffer=4096)

        def idle():
            before = self.cpu(server)
            time.sleep(0.2)
            return self.cpu(server) == before

        self.assertTrue(wait_for(idle, 2 * LIMIT), "it spins while the client is stalled")
        self.assertLess(self.memory(server), memory + 4096)
        self.check(self.post(server, "w139990"), text[text.index("w139990"):])
        got = b"".join(iter(lambda: slow.recv(1 << 20), b""))
        blocks = got.decode().partition("\r\n\r\n")[2].split("\n\n")
        self.assertEqual(blocks[-2:], ["event: done\ndata: " + text, ""])
        self.assertEqual("".join(parse(b).data for b in blocks[:-2]), text)

    def test_a_client_that_goes_on_sending_costs_nothing(self):
        server = self.serve("a b c", 300)
        s = self.raw(server, b"POST /v1/tokens HTTP/1.1\r\nAccept: text/event-stream\r\n"
                             b"Content-Length: 1\r\n\r\na")
        self.read_until(s, b"data: a \n\n\r\n")
        memory = self.memory(server)
        s.setblocking(False)
        sent = 0
        while sent < 32 << 20 and select.select([], [s], [], 0.1)[1]:
            sent += s.send(bytes(1 << 16))
        self.assertLess(sent, 32 << 20)
        self.assertLess(self.memory(server), memory + 4096)
        s.settimeout(LIMIT)
        self.assertIn(b"event: done\ndata: a b c", self.read_until(s, b"\r\n0\r\n\r\n"))

    def test_a_client_that_left_is_forgotten(self):
        server = self.serve(self.TEXT, 20)
        files = len(self.proc(server, "fd"))
        streams = [self.post(server, "One") for _ in range(4)]
        for stream in streams:
            self.assertEqual(stream.next().data, "One ")
        self.assertEqual(len(self.proc(server, "fd")), files + 4)
        for stream in streams:
            stream.close()
        self.assertTrue(wait_for(lambda: len(self.proc(server, "fd")) == files))
        self.check(self.post(server, "last"), "last  ")
        self.ends_by(server, signal.SIGTERM, 0)

    def test_curl_shows_the_tokens(self):
        shown = self.curl("-d", "two", "-H", "Accept: text/event-stream",
                          self.serve("one two\nthree", 10).url)
        self.assertEqual(shown, "data: two\ndata: \n\ndata: three\n\n"
                                "event: done\ndata: two\ndata: three\n\n")

    def test_a_signal_ends_it_cleanly(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            server = self.serve(self.TEXT, 50)
            self.assertEqual(self.post(server, "One").next().data, "One ")
            self.ends_by(server, number, 0)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # not ignored, so not in the programs
    Program.folder = os.path.abspath(sys.argv.pop(1))
    unittest.main()
