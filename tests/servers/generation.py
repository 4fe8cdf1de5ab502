"""The programs generation_* of examples/servers:  python3 generation.py FOLDER NAME [unittest options]

Each sentence of generation.h is a test. Of a stream only this is accepted, which every SDK bears:
lines of ":", and events that are an id, a line of data, and a blank line. A blank line anywhere else
ends a stream of the SDK of OpenAI for Python.
Standard library only; the tests that look into /proc are for Linux."""

import http.client
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))

from programs import Program, wait_for

READERS, SLOTS = 48, 32  # GENERATION_READERS, and how many generations are kept
STREAM, JSON = {"Accept": "text/event-stream"}, {"Accept": "application/json"}
TEXT = "Plain, \u00e9t\u00e9, \u20ac 5, \U0001f600\U0001f9d1\u200d\U0001f680, \"quoted\" \\ \t\n\r end. "
EVENT = re.compile(rb"(?::\n)*id: ([0-9a-f]{1,16}-[0-9]+)\ndata: ([^\r\n]+)\n\n")
REPORT = re.compile(r"ERROR: \w*Sanitizer|WARNING: ThreadSanitizer|runtime error:|LeakSanitizer")


def events(body, whole=True):
    """The events in the bytes of a stream, as (id, data); whole: no part of one follows them."""
    found, at = [], 0
    while True:
        match = EVENT.match(body, at)
        if not match:
            break
        found.append((match.group(1).decode(), match.group(2).decode("utf-8")))
        at = match.end()
    rest = body[at:]
    if whole and rest.strip(b":\n") != b"" or re.search(rb"^\n|:\n\n", rest):
        raise AssertionError("no event of ours: %r" % rest[:300])
    return found


def chunks(found):
    """What the JSON of the events says, and the last one is the end."""
    if found[-1][1] != "[DONE]":
        raise AssertionError("the end is missing: %r" % (found[-1:],))
    return [json.loads(data) for _, data in found[:-1]]


def text(found):
    return "".join(c["choices"][0]["delta"].get("content", "") for c in chunks(found))


def reason(found):
    return chunks(found)[-1]["choices"][0]["finish_reason"]


class Generation(Program):
    ended = []

    def start(self, **env):
        settings = {"DEMO_PREFILL_MS": 0, "DEMO_TOKEN_MS": 1, "TSAN_OPTIONS": "suppressions=" +
                    os.path.join(os.path.dirname(os.path.abspath(__file__)), "thread.supp")}
        settings.update(env)
        log = tempfile.TemporaryFile("w+")
        process = subprocess.Popen([self.path, "0"], stdout=subprocess.PIPE, stderr=log, env=dict(
            os.environ, **{name: str(value) for name, value in settings.items()}))
        self.ended.append((self.id(), process, log))
        self.addCleanup(process.send_signal, signal.SIGTERM)
        process.port = int(re.search(rb":([0-9]+)/", process.stdout.readline()).group(1))
        self.server = process
        return process

    @classmethod
    def tearDownClass(cls):
        """Each test ends its program as an operator does. How that went is looked at here, since
        it may take two seconds."""
        wrong = []
        for test, process, log in cls.ended:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close()
            log.seek(0)
            said = log.read()
            log.close()
            if process.returncode != 0 or REPORT.search(said):
                wrong.append("%s: exit code %s\n%s" % (test, process.returncode, said[:4000]))
        if wrong:
            raise AssertionError("\n".join(wrong))

    def request(self, method, path, body=None, headers=None, limit=20):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=limit)
        self.addCleanup(connection.close)
        if isinstance(body, str):
            body = body.encode()
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        answer.connection = connection
        self.addCleanup(answer.close)
        return answer

    def post(self, prompt=TEXT, headers=STREAM, status=200):
        answer = self.request("POST", "/generations", prompt, headers)
        self.assertEqual(answer.status, status, answer.headers)
        answer.place = answer.getheader("Location")
        return answer

    def get(self, place, last=None, headers=STREAM, status=200):
        headers = dict(headers, **({"Last-Event-ID": last} if last else {}))
        answer = self.request("GET", place, headers=headers)
        self.assertEqual(answer.status, status)
        return answer

    def leave(self, answer):
        """Close the connection, as a client does that is cut off."""
        if answer.connection.sock:
            answer.connection.sock.close()
        answer.close()
        answer.connection.close()

    def take(self, answer, count):
        """The bytes of so many events."""
        body = b""
        while len(events(body, whole=False)) < count:
            line = answer.readline()
            self.assertTrue(line, "the stream has ended: %r" % body[-200:])
            body += line
        return body

    def whole(self, prompt=TEXT):
        """A generation that is over: its place, and its events."""
        answer = self.post(prompt)
        return answer.place, events(answer.read())

    def so_far(self, place):
        return json.loads(self.get(place, headers=JSON).read())["choices"][0]

    def is_over(self, place):
        return self.so_far(place)["finish_reason"]

    def follow(self, place, cut):
        """All events, by a client that is cut off after as many bytes as cut() says, even none."""
        found, last, end = [], None, time.monotonic() + 30
        while not found or found[-1][1] != "[DONE]":
            self.assertLess(time.monotonic(), end, "it does not come to the end")
            answer, body = self.get(place, last), b""
            limit = cut()
            while len(body) < limit:
                part = answer.read1(min(limit - len(body), 1000))
                if not part:
                    break
                body += part
            self.leave(answer)
            found += events(body, whole=False)
            last = found[-1][0] if found else None
        return found

    # POST starts a generation, and streams it.

    def test_a_stream_is_the_text_its_reason_and_the_end(self):
        self.start()
        answer = self.post()
        self.assertEqual(answer.getheader("Content-Type"), "text/event-stream")
        self.assertEqual(answer.getheader("X-Accel-Buffering"), "no")
        self.assertEqual(answer.getheader("Transfer-Encoding"), "chunked")
        self.assertEqual(answer.getheader("Access-Control-Allow-Origin"), "*")
        self.assertEqual(answer.getheader("Access-Control-Expose-Headers"), "location")
        self.assertRegex(answer.place, "^/generations/[0-9a-f]{32}$")
        body = answer.read()
        self.assertTrue(body.startswith(b":\n"), "Firefox and proxies wait for the first bytes")
        found = events(body)
        said = chunks(found)
        self.assertEqual(said[0]["choices"][0]["delta"], {"role": "assistant", "content": ""})
        self.assertEqual({c["id"] for c in said}, {answer.place[-32:]})
        self.assertEqual({c["object"] for c in said}, {"chat.completion.chunk"})
        self.assertEqual((text(found), reason(found)), (TEXT, "stop"))
        self.assertEqual([c["choices"][0]["finish_reason"] for c in said[:-1]],
                         [None] * (len(said) - 1))
        self.assertEqual([int(i.split("-")[1]) for i, _ in found],
                         list(range(1, len(found) + 1)))

    def test_the_place_is_known_before_there_is_a_token(self):
        self.start(DEMO_PREFILL_MS=1500)
        began = time.monotonic()
        answer = self.post()
        self.take(answer, 1)
        self.assertLess(time.monotonic() - began, 1)
        self.leave(answer)
        self.assertEqual(text(events(self.get(answer.place).read())), TEXT)

    def test_characters_are_never_split(self):
        self.start(DEMO_TOKEN_MS=0)
        for shift in range(6):
            prompt = "x" * shift + "a\u00e9\u20ac\U0001f600" * 30
            found = self.whole(prompt)[1]
            self.assertEqual(text(found), prompt)
            self.assertNotIn("\ufffd", text(found))

    def test_any_text_of_unicode_arrives(self):
        self.start(DEMO_TOKEN_MS=0)
        dice = random.Random(1)
        for _ in range(20):
            prompt = "".join(chr(dice.choice([dice.randrange(1, 128), dice.randrange(128, 0xD800),
                                              dice.randrange(0xE000, 0x110000), 0x22, 0x5C]))
                             for _ in range(dice.randrange(1, 300)))
            self.assertEqual(text(self.whole(prompt)[1]), prompt)

    def test_a_silent_prefill_is_kept_alive_by_comments(self):
        self.start(DEMO_PREFILL_MS=1000, GENERATION_BEAT_MS=100)
        answer = self.post("x")
        body = self.take(answer, 1)
        lines, began = 0, time.monotonic()
        while True:
            line = answer.readline()
            if line != b":\n":
                break
            lines += 1
        self.assertGreater(time.monotonic() - began, 0.8)
        self.assertTrue(4 <= lines <= 11, lines)
        body += b":\n" * lines + line + answer.read()
        self.assertEqual(text(events(body)), "x")

    def test_no_comment_where_tokens_flow(self):
        self.start(DEMO_TOKEN_MS=20, GENERATION_BEAT_MS=150)
        self.assertEqual(self.post("x" * 200).read().count(b":\n"), 1)

    # GET resumes it, exact.

    def test_a_stream_from_the_start_is_the_same_byte_for_byte(self):
        self.start()
        answer = self.post()
        body = answer.read()
        self.assertEqual(self.get(answer.place).read(), body)

    def test_resumed_at_random_cuts_while_it_goes_on(self):
        self.start(DEMO_TOKEN_MS=3)
        answer = self.post(TEXT * 8)
        dice = random.Random(2)
        results, threads = [], []

        def client(dice):
            results.append(self.follow(answer.place, lambda: dice.randrange(3000)))

        for n in range(8):
            threads.append(threading.Thread(target=client, args=(random.Random(dice.random()),)))
            threads[-1].start()
        found = events(answer.read())
        for thread in threads:
            thread.join()
        self.assertEqual(text(found), TEXT * 8)
        self.assertEqual(len(results), 8)
        for result in results:
            self.assertEqual(result, found)

    def test_resumed_at_random_cuts_after_it_has_ended(self):
        self.start(DEMO_TOKEN_MS=0)
        place, found = self.whole(TEXT * 8)
        dice = random.Random(3)
        for _ in range(5):
            self.assertEqual(self.follow(place, lambda: dice.randrange(1, 9000)), found)

    def test_resumed_after_each_event(self):
        self.start(DEMO_TOKEN_MS=0)
        place, found = self.whole()
        for n, (last, _) in enumerate(found[:-1]):
            self.assertEqual(events(self.get(place, last).read()), found[n + 1:])
        query = "%s?lastEventId=%s" % (place, found[4][0])
        self.assertEqual(events(self.get(query).read()), found[5:])

    def test_after_the_last_event_there_is_nothing_so_that_an_eventsource_stops(self):
        self.start(DEMO_TOKEN_MS=0)
        place, found = self.whole("x")
        self.assertEqual(self.get(place, found[-1][0], status=204).read(), b"")

    def test_an_id_of_another_generation_is_refused(self):
        self.start(DEMO_TOKEN_MS=0)
        place, found = self.whole("x")
        other = self.whole("y")[1]
        origin, number = found[-1][0].split("-")
        for last in (other[1][0], "x", "9" * 3000, "%s-%d" % (origin, int(number) + 1),
                     "%s-" % origin, "0" * 16 + "-1"):
            self.get(place, last, status=400)
        self.assertEqual(events(self.get(place).read()), found)

    def test_all_readers_of_a_generation_get_the_same(self):
        self.start(DEMO_TOKEN_MS=10)
        first = self.post(TEXT * 2)
        readers = [first]
        for _ in range(10):
            readers.append(self.get(first.place))
            time.sleep(0.05)
        bodies = [events(reader.read()) for reader in readers]
        self.assertEqual(bodies, [bodies[0]] * len(bodies))

    def test_it_goes_on_without_a_client(self):
        self.start(DEMO_TOKEN_MS=5)
        answer = self.post()
        self.take(answer, 2)
        self.leave(answer)
        self.assertTrue(wait_for(lambda: self.is_over(answer.place)))
        self.assertEqual(self.so_far(answer.place),
                         {"index": 0, "message": {"role": "assistant", "content": TEXT},
                          "finish_reason": "stop"})

    def test_if_so_wished_it_does_not_go_on_alone_for_long(self):
        self.start(DEMO_TOKEN_MS=10, GENERATION_ALONE_MS=300)
        watched, alone = self.post("x" * 500), self.post("x" * 500)
        self.take(alone, 3)
        self.leave(alone)
        self.take(watched, 100)
        self.assertTrue(wait_for(lambda: self.is_over(alone.place) == "cancelled"))
        self.assertIsNone(self.is_over(watched.place))

    # DELETE cancels.

    def test_delete_cancels(self):
        self.start(DEMO_TOKEN_MS=10)
        answer = self.post("x" * 30000)
        other = self.get(answer.place)
        body = self.take(answer, 10)
        began = time.monotonic()
        self.assertEqual(self.request("DELETE", answer.place).status, 204)
        found = events(body + answer.read())
        self.assertLess(time.monotonic() - began, 1)
        self.assertEqual(reason(found), "cancelled")
        self.assertEqual(events(other.read()), found)
        self.assertEqual(events(self.get(answer.place, found[4][0]).read()), found[5:])
        self.assertEqual(self.request("DELETE", answer.place).status, 204)
        self.assertEqual(events(self.get(answer.place).read()), found)

    def test_delete_cancels_a_prefill_and_makes_place(self):
        self.start(DEMO_PREFILL_MS=60000, GENERATION_MAX=1)
        for _ in range(5):
            answer = self.post()
            self.take(answer, 1)
            self.post(status=429)
            self.assertEqual(self.request("DELETE", answer.place).status, 204)
            self.assertEqual(reason(events(b":\n" + answer.read())), "cancelled")
            self.assertTrue(wait_for(lambda: len(self.proc(self.server, "task")) == self.threads()))

    def is_checked(self):
        with open(self.path, "rb") as f:
            return re.search(rb"__[amt]san_init", f.read()) is not None

    def threads(self):
        """How many threads there are where no model runs."""
        if not hasattr(self, "usual"):
            wait_for(lambda: False, 0.3)
            self.usual = len(self.proc(self.server, "task"))
        return self.usual

    # Bounded.

    def test_there_are_at_most_so_many_at_a_time(self):
        self.start(DEMO_TOKEN_MS=20, GENERATION_MAX=3)
        answers = [self.post("x" * 300) for _ in range(3)]
        refused = self.post(status=429)
        self.assertEqual(refused.getheader("Retry-After"), "1")
        self.assertEqual(refused.getheader("Access-Control-Allow-Origin"), "*")
        for answer in answers:
            self.assertEqual(text(events(answer.read())), "x" * 300)
        self.assertTrue(wait_for(lambda: self.request("POST", "/generations", "x").status == 200))

    def test_old_ones_expire(self):
        self.start(GENERATION_KEEP_MS=400)
        place, found = self.whole("x")
        self.assertEqual(events(self.get(place, found[0][0]).read()), found[1:])
        time.sleep(0.5)
        for method in ("GET", "DELETE", "HEAD"):
            self.assertEqual(self.request(method, place).status, 404)

    def test_one_that_is_read_does_not_expire(self):
        self.start(GENERATION_KEEP_MS=300, DEMO_TOKEN_MS=10)
        answer = self.post("x" * 300)
        found = events(answer.read())
        self.assertEqual(text(found), "x" * 300)

    def test_the_newest_are_kept(self):
        self.start(DEMO_TOKEN_MS=0)
        places = [self.whole("x%d" % n)[0] for n in range(SLOTS + 5)]
        for place in places[:5]:
            self.get(place, status=404)
        for n, place in enumerate(places[5:], 5):
            self.assertEqual(text(events(self.get(place).read())), "x%d" % n)

    def test_a_thousand_generations_leave_nothing_behind(self):
        self.start(DEMO_TOKEN_MS=0)
        memory = []
        for n in range(10):
            for _ in range(100):
                place, found = self.whole("x" * 300)
            self.assertEqual(reason(found), "stop")
            memory.append(self.memory(self.server))
            self.assertTrue(wait_for(lambda: len(self.proc(self.server, "fd")) < 15))
        if not self.is_checked():  # then it keeps memory for a while that was freed
            self.assertLess(memory[-1], memory[1] + 8192, memory)  # 9 KiB each
            self.assertLess(memory[-1], 64 * 1024, memory)
        self.assertLess(len(self.proc(self.server, "task")), READERS + 25)

    def test_at_its_limit_a_generation_ends_with_the_reason_length(self):
        self.start(DEMO_TOKEN_MS=0)
        for prompt in ("x\u00e9" * 10000, "\x01" * 32768):
            place, found = self.whole(prompt)
            self.assertEqual(reason(found), "length")
            said = text(found)
            self.assertTrue(prompt.startswith(said) and len(said) > 5000)
            self.assertEqual(events(self.get(place).read()), found)
            self.assertEqual(events(self.get(place, found[2000][0]).read()), found[2001:])
            self.assertEqual(self.so_far(place)["message"]["content"], said)

    def test_a_failure_of_the_model_is_told(self):
        self.start()
        place, found = self.whole("So far \u20ac[fail]")
        said = chunks(found)
        self.assertEqual(said[-1]["error"], {"message": "the model has failed",
                                             "type": "server_error"})
        self.assertEqual("".join(c["choices"][0]["delta"]["content"] for c in said[:-1]),
                         "So far \u20ac")
        self.assertEqual(self.is_over(place), "error")
        self.assertEqual(events(self.get(place, found[0][0]).read()), found[1:])

    def test_a_client_that_does_not_read_costs_the_model_nothing(self):
        server = self.start(DEMO_TOKEN_MS=0)
        prompt = "x" * 30000
        request = "POST /generations HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(prompt)
        stalled = self.raw(server, request.encode() + prompt.encode(), receive_buffer=4096)
        place = re.search(rb"ocation: (\S+)\r\n", self.read_until(stalled, b"\r\n\r\n")).group(1)
        self.assertTrue(wait_for(lambda: self.is_over(place.decode()), 20))
        found = events(self.get(place.decode()).read())
        self.assertEqual(reason(found), "length")
        before = self.cpu(server)
        time.sleep(0.5)
        self.assertLess(self.cpu(server) - before, 5, "it spins")
        self.assertEqual(self.whole("x")[1][-1][1], "[DONE]")

    def test_it_rests_while_a_model_is_silent(self):
        server = self.start(DEMO_PREFILL_MS=60000)
        answers = [self.post() for _ in range(4)]
        for answer in answers * 4:
            self.take(self.get(answer.place), 1)
        before = self.cpu(server)
        time.sleep(1)
        self.assertLess(self.cpu(server) - before, 10)

    def test_a_client_that_leaves_in_silence_is_noticed(self):
        asks = "httplib" in self.name  # it looks; the other one learns of it by a heartbeat
        server = self.start(DEMO_PREFILL_MS=60000, GENERATION_BEAT_MS=60000 if asks else 300)
        answer = self.post()
        self.take(answer, 1)
        files = len(self.proc(server, "fd"))
        others = [self.get(answer.place) for _ in range(10)]
        for other in others:
            self.take(other, 1)
        self.assertEqual(len(self.proc(server, "fd")), files + 10)
        for other in others:
            self.leave(other)
        self.assertTrue(wait_for(lambda: len(self.proc(server, "fd")) == files))

    def test_readers_are_bounded_and_delete_gets_through(self):
        self.start(DEMO_PREFILL_MS=60000, GENERATION_BEAT_MS=300)
        answer = self.post()
        readers = [answer] + [self.get(answer.place) for _ in range(READERS - 1)]
        for reader in readers:
            self.take(reader, 1)
        refused = self.get(answer.place, status=503)
        self.assertEqual(refused.getheader("Retry-After"), "1")
        self.post(status=503)
        self.assertEqual(self.request("DELETE", answer.place).status, 204)
        for reader in readers:
            self.assertTrue(reader.read().endswith(b"data: [DONE]\n\n"))
        self.assertEqual(reason(events(self.get(answer.place).read())), "cancelled")

    # The HTTP interface.

    def test_a_client_that_accepts_anything_gets_the_stream(self):
        self.start()
        for accept in ({}, {"Accept": "*/*"}, {"Accept": "application/json, text/event-stream"}):
            answer = self.post("x", accept)
            self.assertEqual(answer.getheader("Content-Type"), "text/event-stream")
            self.assertEqual(answer.getheader("Vary").lower(), "accept")
            self.assertEqual(text(events(answer.read())), "x")

    def test_curl_shows_the_events(self):
        self.start()
        shown = self.curl("-d", "So", "http://127.0.0.1:%d/generations" % self.server.port)
        self.assertEqual(text(events(shown.encode())), "So")

    def test_a_form_is_a_prompt_of_any_length(self):
        self.start(DEMO_TOKEN_MS=0)  # curl -d sends this type
        answer = self.post("x" * 9000, {"Content-Type": "application/x-www-form-urlencoded"})
        self.assertEqual(text(events(answer.read())), "x" * 9000)

    def test_a_client_that_asks_for_json_gets_the_whole_text(self):
        self.start(DEMO_PREFILL_MS=600)
        began = time.monotonic()
        answer = self.post(TEXT, JSON)
        whole = json.loads(answer.read())
        self.assertGreater(time.monotonic() - began, 0.5)
        self.assertEqual(answer.getheader("Content-Type"), "application/json")
        self.assertEqual(whole["object"], "chat.completion")
        self.assertEqual(whole["id"], answer.place[-32:])
        self.assertEqual(whole["choices"], [{"index": 0, "finish_reason": "stop", "message":
                                             {"role": "assistant", "content": TEXT}}])
        self.assertEqual(text(events(self.get(answer.place).read())), TEXT)

    def test_json_says_how_far_it_is(self):
        self.start(DEMO_TOKEN_MS=10)
        answer = self.post("x" * 1000)
        self.take(answer, 5)
        state = self.so_far(answer.place)
        self.assertIsNone(state["finish_reason"])
        self.assertTrue("x" * 1000 > state["message"]["content"] > "xx")

    def test_what_is_no_request_for_a_generation_is_refused(self):
        self.start()
        place = self.whole("x")[0]
        html = {"Accept": "text/html"}
        for method, path, body, headers, status in (
                ("POST", "/generations", "", {}, 400),
                ("POST", "/generations", b"\xff", {}, 400),
                ("POST", "/generations", b"x" * 32769, {}, 413),
                ("POST", "/generations", "x", html, 406),
                ("GET", "/generations", None, {}, 405),
                ("PUT", "/generations", "x", {}, 405),
                ("POST", place, "x", {}, 405),
                ("GET", place, None, html, 406),
                ("GET", place + "0", None, {}, 404),
                ("GET", place[:-1], None, {}, 404),
                ("GET", "/generations/", None, {}, 404),
                ("GET", "/generations/" + "0" * 32, None, {}, 404),
                ("DELETE", "/generations/" + "0" * 32, None, {}, 404),
                ("HEAD", "/generations/" + "0" * 32, None, {}, 404),
                ("GET", "/", None, {}, 404),
                ("HEAD", place, None, {}, 200),
                ("GET", place, None, {}, 200)):
            with self.subTest(method=method, path=path, status=status):
                answer = self.request(method, path, body, headers)
                self.assertEqual(answer.status, status)
                if status == 405:
                    self.assertIn("OPTIONS", answer.getheader("Allow"))
                if status != 413:
                    self.assertEqual(answer.getheader("Access-Control-Allow-Origin"), "*")
                if method == "HEAD" or status != 200:
                    self.assertEqual(answer.read(), b"")

    def test_a_preflight_allows_what_a_page_needs(self):
        self.start()
        for path, methods in (("/generations", "POST"), ("/generations/x", "DELETE")):
            answer = self.request("OPTIONS", path)
            self.assertEqual(answer.status, 204)
            self.assertIn(methods, answer.getheader("Access-Control-Allow-Methods"))
            allowed = ",".join(answer.headers.get_all("Access-Control-Allow-Headers"))
            for name in ("last-event-id", "content-type"):
                self.assertIn(name, allowed)

    def test_a_client_of_http_1_0_gets_no_chunks(self):
        server = self.start()
        s = self.raw(server, b"POST /generations HTTP/1.0\r\nContent-Length: 2\r\n\r\nSo")
        head, _, body = b"".join(iter(lambda: s.recv(4096), b"")).partition(b"\r\n\r\n")
        self.assertNotIn(b"ransfer-", head)
        self.assertEqual(text(events(body)), "So")

    # The end of the server.

    def test_sigterm_ends_all_generations(self):
        server = self.start(DEMO_TOKEN_MS=10)
        answers = [self.post("x" * 30000) for _ in range(4)]
        bodies = [self.take(answer, 5) for answer in answers]
        server.send_signal(signal.SIGTERM)
        began = time.monotonic()
        for answer, body in zip(answers, bodies):
            self.assertEqual(reason(events(body + answer.read())), "cancelled")
        self.assertEqual(server.wait(5), 0)
        self.assertLess(time.monotonic() - began, 2.5)

    def test_sigterm_ends_a_server_whose_clients_do_not_read(self):
        server = self.start(DEMO_TOKEN_MS=0)
        prompt = "x" * 30000
        request = "POST /generations HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(prompt)
        for _ in range(3):
            stalled = self.raw(server, request.encode() + prompt.encode(), receive_buffer=4096)
            self.read_until(stalled, b"\r\n\r\n")
        self.raw(server, b"POST /generations HTTP/1.1\r\n")
        time.sleep(0.5)
        server.send_signal(signal.SIGTERM)
        self.assertEqual(server.wait(5), 0)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    Program.folder = os.path.abspath(sys.argv.pop(1))
    Program.name = sys.argv.pop(1)
    if not os.path.exists(os.path.join(Program.folder, Program.name)):
        sys.exit("%s was not built" % Program.name)
    unittest.main()
