"""Whose requests ssecat serves: hosts, tokens, origins:  python3 ssecat_access.py BUILD_DIR"""

import os
import re
import select
import signal
import socket
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True

from programs import LIMIT, Program
from ssecat import Ssecat

TOKEN = "s3cr3t+/=~%41&x"
ENCODED = "s3cr3t%2B%2f%3D~%2541%26x"


class Access(Ssecat):
    def status_for(self, server, host, target="/healthz"):
        request = "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (target, host)
        return int(self.status_of(server, request.encode()).split()[1])


class Hosts(Access):
    def test_on_the_loopback_a_foreign_host_is_refused(self):
        server = self.start()
        for host, status in (
                ("localhost", 200), ("LocalHost:80", 200), ("localhost.", 200),
                ("localhost.:8080", 200), ("127.0.0.1", 200), ("127.255.0.9:1", 200),
                ("[::1]", 200), ("[::1]:8080", 200), ("[0:0:0:0:0:0:0:1]", 200), ("", 200),
                ("evil.example", 403), ("evil.example:8080", 403), ("localhost.evil.example", 403),
                ("evil.localhost.example", 403), ("127.0.0.1.evil.example", 403),
                ("evil-localhost", 403), ("localhostx", 403), ("128.0.0.1", 403), ("127.0.0", 403),
                ("10.0.0.1", 403), ("0.0.0.0", 403), ("[::2]", 403), ("[::1].evil.example", 403), ("::1", 403), ("[", 403),
                (":80", 403), (".", 403), ("*", 403), ("x" * 300, 403)):
            self.assertEqual(self.status_for(server, host), status, host)

    def test_every_path_and_method_is_refused(self):
        server = self.start("--cors", "*")
        for method in ("GET", "HEAD", "OPTIONS", "POST"):
            for path in ("/", "/events", "/metrics", "/no"):
                answer = self.ask(server, path, method, headers={"Host": "evil.example"})
                self.assertEqual(answer.status, 403)

    def test_the_host_of_an_absolute_target_counts(self):
        server = self.start()
        for target, host, status in (("http://evil.example/", "localhost", 403),
                                     ("https://evil.example:80", "localhost", 403),
                                     ("http://localhost/", "evil.example", 200),
                                     ("HTTPS://[::1]:80?x", "evil.example", 200)):
            self.assertEqual(self.status_for(server, host, target), status, target)

    def test_a_request_that_names_no_host_is_served(self):
        self.assertEqual(self.status_of(self.start(), b"GET / HTTP/1.0\r\n\r\n"), "HTTP/1.1 200 OK")

    def test_more_hosts_can_be_served(self):
        server = self.start("--host", "sse.example.org", "--host", "[FD00::1]", "--host", "x.")
        for host, status in (("SSE.example.org", 200), ("sse.example.org:443", 200),
                             ("[fd00::1]:80", 200), ("x", 200), ("localhost", 200),
                             ("127.0.0.1", 200), ("example.org", 403), ("a.sse.example.org", 403),
                             ("fd00::1", 403)):
            self.assertEqual(self.status_for(server, host), status, host)
        self.assertEqual(self.status_for(self.start("--host", "*"), "evil.example"), 200)

    def test_a_name_that_it_is_bound_to_is_served(self):
        with open("/etc/hosts") as f:
            lines = [line.split("#")[0].split() for line in f]
        names = [name for line in lines if line and line[0].startswith("127.") for name in line[1:]
                 if not name.startswith("localhost")]
        if not names:
            self.skipTest("no name but localhost is of the loopback here")
        self.assertEqual(self.status_for(self.start(), names[0]), 403)
        self.assertEqual(self.status_for(self.start("--bind", names[0]), names[0].upper()), 200)

    def test_an_address_without_brackets_names_no_host(self):
        try:
            with socket.socket(socket.AF_INET6) as s:
                s.bind(("::1", 0))
        except OSError:
            self.skipTest("no IPv6 here")
        server = self.start("--bind", "127.0.0.1", "--bind", "::1")
        self.assertEqual(self.status_for(server, ":80"), 403)
        self.assertEqual(self.status_for(server, "[::1]:80"), 200)

    def test_what_is_no_host_is_no_option(self):
        for host in ("", "a b", "a:80", "http://a", "a/", "[::1", "[]", "a@b", "*.a", "[::1]:80"):
            self.assertIn("--host", self.refusal("--host", host), host)

    def test_the_first_refusal_is_told(self):
        server = self.start()
        for host in ("one.example", "two.example"):
            self.assertEqual(self.status_for(server, host), 403)
        self.assertEqual(self.log(server).count("\n"), 1, self.log(server))
        self.assertIn("one.example", self.log(server))
        self.assertIn("--host", self.log(server))

    def open(self, *args):
        """A server at all addresses of the machine."""
        process = subprocess.Popen([self.path, "--port", "0", "--bind", "0.0.0.0"] + list(args),
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL)
        self.addCleanup(self.end, process)
        self.assertTrue(select.select([process.stdout], [], [], LIMIT)[0], "it tells no address")
        process.port = int(re.search(rb":([0-9]+)/", process.stdout.readline()).group(1))
        return process

    def test_elsewhere_any_host_is_served_until_some_are_named(self):
        self.assertEqual(self.status_for(self.open(), "any.example"), 200)
        server = self.open("--host", "one.example")
        for host, status in (("one.example", 200), ("localhost", 200), ("any.example", 403)):
            self.assertEqual(self.status_for(server, host), status, host)


class Token(Access):
    def guarded(self, *args):
        return self.start("--token-file", self.file(TOKEN + "\n"), *args)

    def test_without_it_nothing_is_served_but_health(self):
        server = self.guarded()
        for path in ("/", "/events", "/metrics", "/no", "/healthz/"):
            for method in ("GET", "HEAD"):
                answer = self.ask(server, path, method)
                self.assertEqual((answer.status, answer.header("WWW-Authenticate")),
                                 (401, "Bearer"), path)
        self.assertEqual(self.status(server, "/healthz"), 200)
        self.assertEqual(self.status(server, "/", "OPTIONS"), 204)

    def test_each_way_to_bring_it_is_enough(self):
        server = self.guarded()
        for path in ("/", "/events", "/metrics"):
            for query, fields in (
                    ("", {"Authorization": "Bearer " + TOKEN}),
                    ("", {"authorization": "bearer  " + TOKEN}),
                    ("", {"Cookie": "ssecat-token=" + TOKEN}),
                    ("", {"Cookie": "a=b; ssecat-token=wrong;ssecat-token=%s; c" % TOKEN}),
                    ("?access_token=" + ENCODED, {}),
                    ("?x&access_token=%s&lastEventId=1" % ENCODED, {"Authorization": "Basic x"})):
                self.assertEqual(self.status(server, path + query, headers=fields), 200, query)

    def test_a_token_that_is_not_quite_it_is_refused(self):
        server = self.guarded()
        for token in ("", TOKEN[:-1], TOKEN + "x", TOKEN + TOKEN, TOKEN.upper(), "x" + TOKEN[1:],
                      TOKEN[:-1] + "y", '"%s"' % TOKEN, "x" * 2000):
            for fields in ({"Authorization": "Bearer " + token}, {"Cookie": "ssecat-token=" + token}):
                self.assertEqual(self.status(server, "/events", headers=fields), 401, token)
        for path in ("/events?access_token=", "/events?access_token", "/events?access_token=%",
                     "/events?Access_Token=" + ENCODED, "/events?access_token=" + "x" * 2000,
                     "/events?access_token=" + ENCODED + "%00", "/" + ENCODED):
            self.assertEqual(self.status(server, path), 401, path)
        for fields in ({"Authorization": TOKEN}, {"Authorization": "Basic " + TOKEN},
                       {"Authorization": "Bearer"}, {"Authorization": "Bearer\t" + TOKEN},
                       {"Cookie": TOKEN}, {"Cookie": "Ssecat-Token=" + TOKEN},
                       {"Cookie": "xssecat-token=" + TOKEN}, {"X": "Bearer " + TOKEN}):
            self.assertEqual(self.status(server, "/events", headers=fields), 401, fields)

    def test_it_is_never_told(self):
        server = self.guarded()
        page = self.ask(server, "/?access_token=" + ENCODED)
        self.assertEqual(page.header("Referrer-Policy"), "no-referrer")
        self.assertEqual(page.header("Cache-Control"), "no-store")
        self.assertIsNone(page.header("Set-Cookie"))
        shown = page.body().decode() + self.ask(server, "/metrics?access_token=" + ENCODED
                                                ).body().decode()
        self.status(server, "/events?access_token=%s1" % ENCODED)
        self.ends_by(server, signal.SIGTERM, 0)
        for text in (shown, self.log(server), server.stdout.read().decode()):
            self.assertNotIn(TOKEN, text)
            self.assertNotIn(ENCODED, text)

    def test_the_end_of_its_line_is_not_of_it(self):
        for end in ("", "\n", "\r\n"):
            server = self.start("--token-file", self.file("abc" + end))
            self.assertEqual(self.status(server, headers={"Authorization": "Bearer abc"}), 200)
        longest = "x" * 1024
        server = self.start("--token-file", self.file(longest + "\r\n"))
        for query in (longest, "%78" * 1024):
            self.assertEqual(self.status(server, "/?access_token=" + query), 200)

    def test_a_file_without_a_token_is_told(self):
        for text, words in (("", "no token"), ("\n", "no token"), ("\r\n", "no token"),
                            ("x" * 1025, "1024"), ("x" * 100000, "1024"), ("a b", "ASCII"),
                            ("one\ntwo\n", "ASCII"), ("\u00e9", "ASCII"), ("a;b", "ASCII"),
                            ("a\n\n", "ASCII"), (" a", "ASCII"), ('"a"', "ASCII")):
            name = self.file(text)
            told = self.refusal("--token-file", name)
            self.assertRegex(told, "^ssecat: %s: .*%s.*\n$" % (name, words))
            self.assertTrue(len(text) < 4 or text.strip() not in told)
        self.assertIn("No such file", self.refusal("--token-file", "/no/such/file"))
        self.assertIn("directory", self.refusal("--token-file", "/tmp"))
        if os.getuid():
            name = self.file("abc")
            os.chmod(name, 0)
            self.assertIn("denied", self.refusal("--token-file", name))


class Origins(Access):
    ASKS = {"Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "last-event-id, hx-request"}

    def allowed(self, answer):
        return answer.header("Access-Control-Allow-Origin")

    def test_every_answer_can_be_read_by_a_page_of_the_origin(self):
        origin = "https://example.org"
        server = self.start("--cors", origin, "--max-clients", 0)
        for method, path, fields, status in (
                ("GET", "/", {}, 200), ("GET", "/healthz", {}, 200), ("GET", "/metrics", {}, 200),
                ("OPTIONS", "/events", self.ASKS, 204), ("OPTIONS", "/no", self.ASKS, 204),
                ("GET", "/events?%", {}, 503), ("HEAD", "/events", {}, 503),
                ("GET", "/events", {"Accept": "text/html"}, 406), ("GET", "/no", {}, 404),
                ("POST", "/events", {}, 405), ("GET", "/", {"Host": "evil.example"}, 403),
                ("GET", "/", {"Cookie": "x" * 62000, "A": "y" * 8000}, 431),
                ("GET", "/", {"Content-Length": "x"}, 400)):
            answer = self.ask(server, path, method, headers=dict(fields, Origin=origin))
            self.assertEqual(answer.status, status, path)
            self.assertEqual((self.allowed(answer), answer.header("Vary")), (origin, "Origin"))
        answer = self.ask(self.start("--cors", origin, "--token-file", self.file("abc")), "/events")
        self.assertEqual((answer.status, self.allowed(answer)), (401, origin))

    def test_without_the_option_no_origin_is_allowed(self):
        server = self.start()
        for method, path in (("GET", "/"), ("GET", "/events"), ("OPTIONS", "/events"),
                             ("GET", "/no")):
            answer = self.ask(server, path, method, headers=dict(self.ASKS, Origin="http://a"))
            self.assertIsNone(self.allowed(answer))
            self.assertIsNone(answer.header("Access-Control-Allow-Headers"))

    def test_a_preflight_allows_what_it_asks_for(self):
        answer = self.ask(self.start("--cors", "*"), "/events", "OPTIONS",
                          headers=dict(self.ASKS, Origin="https://a"))
        self.assertEqual((answer.status, self.allowed(answer), answer.header("Vary")),
                         (204, "*", None))
        self.assertEqual(answer.header("Access-Control-Allow-Methods"), "GET, HEAD, OPTIONS")
        headers = re.split(", *", answer.header("Access-Control-Allow-Headers").lower())
        self.assertLessEqual({"last-event-id", "cache-control", "hx-request"}, set(headers))

    def test_one_of_several_origins_is_named(self):
        server = self.start("--cors", "https://a", "--cors", "https://b:8443")
        for origin, allowed in (("https://a", "https://a"), ("https://b:8443", "https://b:8443"),
                                ("https://c", "https://a"), ("https://b", "https://a"),
                                ("HTTPS://A", "https://a"), (None, "https://a")):
            for path in ("/", "/events", "/no"):
                answer = self.ask(server, path, headers={"Origin": origin} if origin else {})
                self.assertEqual((self.allowed(answer), answer.header("Vary")),
                                 (allowed, "Origin"))
                self.assertIsNone(answer.header("Access-Control-Allow-Credentials"))

    def test_credentials_are_for_named_origins_only(self):
        server = self.start("--cors", "https://a", "--cors", "https://b", "--cors-credentials")
        for method, path in (("GET", "/"), ("GET", "/events"), ("OPTIONS", "/events"),
                             ("GET", "/no")):
            answer = self.ask(server, path, method, headers={"Origin": "https://b"})
            self.assertEqual((self.allowed(answer), answer.header("Vary"),
                              answer.header("Access-Control-Allow-Credentials")),
                             ("https://b", "Origin", "true"))
        for args in ((), ("--cors", "*"), ("--cors", "https://a", "--cors", "*")):
            self.assertIn("--cors", self.refusal("--cors-credentials", *args))


if __name__ == "__main__":
    Program.folder = sys.argv.pop(1)
    unittest.main(verbosity=2)
