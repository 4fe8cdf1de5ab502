"""Whose requests ssecat serves: the hosts that they name:  python3 ssecat_access.py BUILD_DIR"""

import re
import select
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True

from programs import LIMIT, Program
from ssecat import Ssecat

class Access(Ssecat):
    def status_for(self, server, host, target="/healthz"):
        request = "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (target, host)
        return int(self.status_of(server, request.encode()).split()[1])

    def refusal(self, *args):
        done = subprocess.run([self.path, "--port", "0"] + list(args), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=LIMIT)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        return done.stderr


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
                ("10.0.0.1", 403), ("0.0.0.0", 403), ("[::2]", 403), ("::1", 403), ("[", 403),
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
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(self.end, process)
        self.assertTrue(select.select([process.stdout], [], [], LIMIT)[0], "it tells no address")
        process.port = int(re.search(rb":([0-9]+)/", process.stdout.readline()).group(1))
        return process

    def test_elsewhere_any_host_is_served_until_some_are_named(self):
        self.assertEqual(self.status_for(self.open(), "any.example"), 200)
        server = self.open("--host", "one.example")
        for host, status in (("one.example", 200), ("localhost", 200), ("any.example", 403)):
            self.assertEqual(self.status_for(server, host), status, host)


if __name__ == "__main__":
    Program.folder = sys.argv.pop(1)
    unittest.main(verbosity=2)
