"""What ssecat answers to requests, good and bad:  python3 ssecat_http.py BUILD_DIR"""

import email.utils
import os
import re
import socket
import sys
import time
import unittest

sys.dont_write_bytecode = True

from programs import Event, Program, wait_for
from ssecat import Ssecat

HEAD_MOST = 64 * 1024  # bytes of the head of a request


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

    def test_a_page_of_the_users_is_served_in_place_of_the_page(self):
        for html in (b"x", b"<!doctype html><p>" + "\u00e4".encode() * 100000, b"a\0b", b"z" * 2**20):
            path = self.file(html)
            server = self.start("--page", path)
            os.truncate(path, 0)  # it was read
            for _ in range(2):
                answer = self.ask(server)
                self.assertEqual(answer.body(), html)
                self.assertEqual(answer.header("Content-Type"), "text/html; charset=utf-8")
                self.assertIn("default-src 'none'", answer.header("Content-Security-Policy"))

    def test_a_page_that_cannot_be_served_is_refused_at_the_start(self):
        for path, why in (("/no/such/page", "No such file"), ("/tmp", "directory"),
                          (self.file(b""), "empty"), (self.file(b"z" * (2**20 + 1)), "1048576")):
            self.assertIn(why, self.refusal("--page", path))

    def test_what_is_no_request_is_told_so(self):
        server = self.start()
        host = b"\r\nHost: localhost\r\n"
        for request, status in (
                (b"GET / HTTP/1.1" + host + b"\r\n", "200 OK"),
                (b"GET /?x HTTP/1.1" + host + b"\r\n", "200 OK"),
                (b"\r\nGET / HTTP/1.1\nHost: localhost\n\n", "200 OK"),
                (b"GET http://localhost/ HTTP/1.1" + host + b"\r\n", "200 OK"),
                (b"GET HTTPS://localhost HTTP/1.1" + host + b"\r\n", "200 OK"),
                (b"GET /no HTTP/1.1" + host + b"\r\n", "404 Not Found"),
                (b"POST /events HTTP/1.1" + host + b"\r\n", "405 Method Not Allowed"),
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
                (b"x" * HEAD_MOST, "431 "),
                (b"GET / HTTP/1.1" + host + b"a: " + b"b" * HEAD_MOST, "431 ")):
            self.assertEqual(self.status_of(server, request), "HTTP/1.1 " + status, request[:60])
        self.assertIn(b"\r\nallow: GET, HEAD, OPTIONS\r\n",
                      self.answer_to(server, b"PUT / HTTP/1.1" + host + b"\r\n"))

    def test_head_is_answered_as_get_without_content(self):
        server = self.start()
        for path in ("/", "/events", "/healthz", "/metrics", "/no"):
            got, head = ({}, {})
            for method, into in (("GET", got), ("HEAD", head)):
                answer = self.ask(server, path, method)
                into.update((k.lower(), v) for k, v in answer.answer.getheaders())
                into["status"] = answer.status
                into.pop("date")
            self.assertEqual(got, head)
            raw = self.answer_to(server, b"HEAD %s HTTP/1.0\r\n\r\n" % path.encode())
            self.assertTrue(raw.endswith(b"\r\n\r\n"), raw)

    def test_options_are_told_of_every_path_and_to_old_probes(self):
        server = self.start()
        for target in ("/events", "/", "/healthz", "/no", "*"):
            answer = self.ask(server, target, "OPTIONS")
            self.assertEqual((answer.status, answer.body()), (204, b""), target)
            self.assertEqual(answer.header("Allow"), "GET, HEAD, OPTIONS")
        self.assertEqual(self.status_of(server, b"OPTIONS / HTTP/1.0\r\n\r\n"),
                         "HTTP/1.0 204 No Content")

    def test_every_answer_has_a_date(self):
        server = self.start("--max-clients", 0)
        host = b" HTTP/1.1\r\nHost: localhost\r\n\r\n"
        for request, status in ((b"GET /" + host, 200), (b"HEAD /healthz" + host, 200),
                                (b"OPTIONS *" + host, 204), (b"GET /" + b"\r\n\r\n", 400),
                                (b"GET /no" + host, 404), (b"PUT /" + host, 405),
                                (b"GET /events" + host, 503)):
            answer = self.answer_to(server, request).decode()
            self.assertEqual(answer.split()[1], str(status))
            dates = re.findall(r"\r\n[Dd]ate: (.*)\r\n", answer.split("\r\n\r\n")[0] + "\r\n")
            self.assertEqual(len(dates), 1, answer[:500])
            self.assertRegex(dates[0], "^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), [0-9]{2} [A-Z][a-z]{2} "
                                       "[0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT$")
            at = email.utils.parsedate_to_datetime(dates[0])
            self.assertEqual(at.strftime("%a"), dates[0][:3])
            self.assertLess(abs(at.timestamp() - time.time()), 3)

    def test_the_date_is_english_and_of_greenwich_everywhere(self):
        server = self.start(LC_ALL="de_DE.UTF-8", TZ="Asia/Tokyo")
        dates = set()
        for _ in range(3):
            dates.add(email.utils.parsedate_to_datetime(self.ask(server).header("Date")))
            time.sleep(0.6)
        self.assertGreaterEqual(len(dates), 2, "it stands still")
        self.assertLess(abs(max(dates).timestamp() - time.time()), 3)

    def test_the_cookies_of_other_programs_are_let_pass(self):
        server = self.start()
        for size in (1000, 12000, 60000):
            stream = self.listen(server, headers={"Cookie": "a=" + "x" * size,
                                                  "Last-Event-ID": "nonsense"})
            self.assertEqual(stream.first.type, None)
            self.assertEqual(stream.next().type, "gap")

    def test_heads_without_end_share_a_bounded_memory(self):
        server = self.start("--max-clients", 700)
        before = self.memory(server)
        head = b"GET / HTTP/1.1\r\nHost: localhost\r\nCookie: " + b"x" * (HEAD_MOST - 1000)
        attackers = [self.raw(server, head) for _ in range(600)]
        refused = 0
        for s in attackers:
            s.settimeout(0.001)
            try:
                refused += b" 503 " in s.recv(100)
            except socket.timeout:
                pass
        self.assertTrue(400 < refused < 500, refused)
        if not self.is_sanitized():
            self.assertLess(self.memory(server) - before, 32 * 1024)
        self.assertEqual(self.status(server, "/healthz"), 200)
        for s in attackers:
            s.close()
        self.assertTrue(wait_for(lambda: self.status(server, headers={"Cookie": "x" * 60000}) == 200))

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
        request = b"GET /events HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\nAccept: %s\r\n\r\n"
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


if __name__ == "__main__":
    Program.folder = sys.argv.pop(1)
    unittest.main(verbosity=2)
