"""The command line of ssecat:  python3 ssecat_options.py BUILD_DIR"""

import re
import signal
import socket
import subprocess
import sys
import time
import unittest

sys.dont_write_bytecode = True

from programs import LIMIT, Event, Program
from ssecat import Ssecat


class Options(Ssecat):
    def run_with(self, *args):
        return subprocess.run([self.path] + list(args), stdin=subprocess.DEVNULL, timeout=LIMIT,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def help(self):
        done = self.run_with("--help")
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        return done.stdout.decode()

    def options(self):
        """What the help says of each option, by its name."""
        parts = re.split(r"^  (?:-\w, |    )--([a-z-]+)(?: [A-Z]+)? +", self.help(), flags=re.M)
        return {name: " ".join(text.split("\n\n")[0].split())
                for name, text in zip(parts[1::2], parts[2::2])}

    def test_help_and_version_are_printed_on_standard_output(self):
        self.assertEqual(self.run_with("-h").stdout.decode(), self.help())
        self.assertLessEqual({"port", "bind", "event", "heartbeat", "retry", "cors", "max-clients",
                              "quiet", "help"}, set(self.options()))
        done = self.run_with("--version")
        self.assertRegex(done.stdout, rb"^ssecat, libsse [0-9]+\.[0-9]+\.[0-9]+\n$")

    def test_the_help_fits_a_terminal(self):
        self.assertLessEqual(max(map(len, self.help().splitlines())), 80)

    def test_an_empty_address_path_or_name_is_refused(self):
        for name in ("bind", "history-file", "token-file", "host", "cors", "farewell", "ping"):
            done = self.run_with("--%s=" % name)
            self.assertEqual((done.returncode, done.stdout), (1, b""))
            self.assertIn("bad value for --%s: ''" % name, done.stderr.decode())

    def test_help_that_cannot_be_printed_is_an_error(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([self.path, "--help"], stdout=full, stderr=subprocess.PIPE,
                                  timeout=LIMIT)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"standard output", done.stderr)

    def test_the_help_names_each_range_and_a_value_outside_of_it_is_refused_with_it(self):
        ranges = 0
        for name, text in self.options().items():
            found = re.search(r"\((\d+) to (\d+)( [a-z]+)?;", text)
            if found is None:
                continue
            ranges += 1
            least, most = int(found.group(1)), int(found.group(2))
            for value in (least - 1, most + 1):
                done = self.run_with("--" + name, str(value))
                self.assertEqual((done.returncode, done.stdout), (1, b""))
                self.assertEqual(done.stderr.decode(), "ssecat: bad value for --%s: '%d'; %s\n"
                                 % (name, value, found.group()[1:-1]))
            for value in (least, most):
                self.assertEqual(self.run_with("--" + name, str(value), "--version").returncode, 0)
        self.assertGreaterEqual(ranges, 7)

    def test_a_default_is_what_the_help_says(self):
        self.assertIn("default 15)", self.options()["heartbeat"])
        self.assertIn("default 127.0.0.1)", self.options()["bind"])
        self.assertIn("default message)", self.options()["event"])

    def test_a_mistake_in_an_option_is_told_by_its_name(self):
        for args, words in ((["-Z"], "-Z is not an option"), (["-qZ"], "-Z is not an option"),
                            (["--nothing"], "--nothing is not an option"),
                            (["--quiet=3"], "--quiet=3: this option takes no value"),
                            (["--port"], "--port needs a value"), (["-qp"], "-p needs a value"),
                            (["-p", "x"], "bad value for --port: 'x'; 0 to 65535"),
                            (["extra"], "unexpected 'extra'")):
            done = self.run_with(*args)
            self.assertEqual((done.returncode, done.stdout), (1, b""))
            self.assertIn(words, done.stderr.decode())

    def test_what_makes_no_sense_is_refused_in_words(self):
        for args in (["--port", "65536"], ["--port", "x"], ["--port", "-1"], ["--port", ""],
                     ["--event", "a\nb"], ["--event", "\xff\xfe"], ["--event", "place"],
                     ["--event", "gap"], ["--event", "retry"], ["--heartbeat", "-1"],
                     ["--retry", "2147483648"], ["--retry", "1s"], ["--cors", "a\r\nX: y"],
                     ["--cors", ""], ["--max-clients", "many"], ["--nothing"], ["extra"],
                     ["--wait", "2", "--max-clients", "1"], ["--port"]):
            done = subprocess.run([self.path.encode()] + [a.encode("latin-1") for a in args],
                                  stdin=subprocess.DEVNULL, timeout=LIMIT,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.assertEqual((done.returncode, done.stdout), (1, b""), args)
            self.assertGreater(len(done.stderr), 10, args)

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


if __name__ == "__main__":
    Program.folder = sys.argv.pop(1)
    unittest.main(verbosity=2)
