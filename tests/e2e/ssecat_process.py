"""ssecat as a process among others: signals, descriptors, diagnostics:  python3 ssecat_process.py BUILD_DIR"""

import itertools
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True

from programs import LIMIT, Program, Stream, wait_for
from ssecat import Ssecat


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
            farewells = [s.next() for s in streams]
            self.assertEqual({farewell.type for farewell in farewells}, {"retry"})
            times = [int(farewell.retry) for farewell in farewells]
            self.assertGreater(len(set(times)), 4, "they all come back at once")
            self.assertTrue(all(1000 <= t < 5000 for t in times))
            self.assertEqual([s.next() for s in streams], [None] * 8)
            self.assertEqual(server.wait(LIMIT), 0, self.log(server))
            idle.close()

    def test_a_stalled_client_does_not_stop_the_end_for_long(self):
        server = self.start()
        stalled = self.raw(server, self.GET, receive_buffer=4096)
        self.read_until(stalled, b":\n\n")
        for _ in range(15):
            self.say(server, b"x" * 60000 + b"\n")
        server.send_signal(signal.SIGTERM)
        self.assertEqual(server.wait(2 * LIMIT), 0)
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

class Signals(Ssecat):
    ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

    def ignoring(self, number):
        """Start it as nohup does, or a shell that runs it in the background."""
        before = signal.signal(number, signal.SIG_IGN)
        try:
            return self.start()
        finally:
            signal.signal(number, before)

    def test_a_signal_that_was_ignored_at_the_start_stays_ignored(self):
        for number in self.ENDING:
            server = self.ignoring(number)
            stream = self.listen(server)
            server.send_signal(number)
            time.sleep(0.1)
            self.say(server, "x\n")
            self.assertEqual(stream.next().data, "x")
            other = signal.SIGINT if number == signal.SIGTERM else signal.SIGTERM
            self.ends_by(server, other, 0)
            self.assertEqual(stream.events(), [])
            self.assertEqual(stream.farewell.type, "retry")

    def stalled(self):
        """A server with a client for which it would wait at the end."""
        server = self.start()
        stalled = self.raw(server, self.GET, receive_buffer=4096)
        self.read_until(stalled, b":\n\n")
        for _ in range(15):
            self.say(server, b"x" * 60000 + b"\n")
        return server, stalled

    def test_a_second_signal_ends_it_at_once(self):
        for first, second in itertools.product(self.ENDING[:2], repeat=2):
            server, stalled = self.stalled()
            server.send_signal(first)
            time.sleep(0.2)
            self.assertIsNone(server.poll())
            start = time.monotonic()
            self.ends_by(server, second, 0)
            self.assertLess(time.monotonic() - start, 1)
            stalled.close()

    def test_a_second_hangup_says_nothing_new(self):
        server, stalled = self.stalled()
        server.send_signal(signal.SIGHUP)
        time.sleep(0.1)
        server.send_signal(signal.SIGHUP)
        server.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        self.assertIsNone(server.poll())
        stalled.close()
        self.assertEqual(server.wait(LIMIT), 0)

    def test_a_signal_right_after_the_address_ends_it_in_order(self):
        for number in self.ENDING * 5:
            self.ends_by(self.start(), number, 0)

    def test_a_signal_at_any_time_of_the_start_ends_it(self):
        with tempfile.TemporaryDirectory() as folder:
            for n in range(100):
                server = subprocess.Popen(
                    [self.path, "--port", "0", "--history-file", folder + "/history"],
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE)
                self.addCleanup(self.end, server)
                time.sleep(random.random() * 0.01)
                number = self.ENDING[n % 3]
                server.send_signal(number)
                status = server.wait(LIMIT)
                served = server.stdout.read()
                self.assertIn(status, [0] if served else [0, -number])


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Descriptors(Ssecat):
    def started(self, redirections, *args):
        """Start it with redirections of the shell, at a port that it need not print."""
        port = free_port()
        server = subprocess.Popen(
            ["sh", "-c", 'exec "$0" "$@" ' + redirections, self.path, "--port", str(port),
             "--stay", *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(server.stderr.close)
        self.addCleanup(self.end, server)
        server.port = port
        return server

    def is_up(self, server):
        try:
            return Stream(server.port, "/healthz").status == 200
        except OSError:
            return False

    def test_without_descriptors_0_to_2_files_and_sockets_stay_above_them(self):
        for closed in itertools.chain.from_iterable(
                itertools.combinations((0, 1, 2), n) for n in range(4)):
            with tempfile.TemporaryDirectory() as folder, self.subTest(closed=closed):
                path = folder + "/history"
                server = self.started(" ".join("%d>&-" % n for n in closed), "--history-file", path)
                if 0 in closed:
                    self.assertEqual(server.wait(LIMIT), 1)
                    told = b"" if 2 in closed else b"ssecat: standard input is closed"
                    self.assertEqual(server.stderr.read()[:32], told)
                    self.assertFalse(os.path.exists(path))
                    continue
                self.assertTrue(wait_for(lambda: self.is_up(server)))
                links = {n: os.readlink("/proc/%d/fd/%d" % (server.pid, n)) for n in range(3)}
                for n in closed:
                    self.assertEqual(links[n], "/dev/null")
                self.assertNotIn(path, links.values())
                self.ends_by(server, signal.SIGTERM, 0)

    def log(self, server):
        return server.stderr.read()

    def test_a_diagnostic_with_standard_error_closed_leaves_the_history_alone(self):
        with tempfile.TemporaryDirectory() as folder:
            path = folder + "/history"
            lines = "".join("%d %s\n" % (n, "x" * 40) for n in range(100))
            done = subprocess.run(
                ["sh", "-c", 'exec "$0" --port 0 --max-line 16 --history-file "$1" >&- 2>&-',
                 self.path, path], input=lines.encode(), timeout=LIMIT)
            self.assertEqual(done.returncode, 0)
            server = self.start("--history-file", path, "--from-start")
            stream = self.listen(server)
            got = "".join(stream.next().data for _ in range(300))
            self.assertEqual(got, lines.replace("\n", ""))


class Diagnostics(Ssecat):
    """What ssecat says goes into pipes here that somebody else reads, too late or never."""

    def pipe(self, full=False):
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        if full:
            os.set_blocking(writing, False)
            try:
                while True:
                    os.write(writing, b"." * 4096)
            except BlockingIOError:
                os.set_blocking(writing, True)
        return reading, writing

    def terminal(self):
        """The two ends of a terminal, of which one is like a pipe."""
        try:
            reading, writing = os.openpty()
        except OSError as wrong:
            self.skipTest("no terminal here: %s" % wrong)
        self.addCleanup(os.close, reading)
        return reading, writing, "torn"

    def sockets(self):
        ends = [s.detach() for s in socket.socketpair()]
        self.addCleanup(os.close, ends[0])
        return ends

    def started(self, *args, out=None, error=None):
        """Start it with these pairs of ends as standard output and error."""
        out, error = out or self.pipe(), error or self.pipe()
        port = free_port()
        server = subprocess.Popen([self.path, "--port", str(port), *map(str, args)],
                                  stdin=subprocess.PIPE, stdout=out[1], stderr=error[1])
        self.addCleanup(self.end, server)
        server.stdout = open(os.devnull)
        server.port, server.out, server.error, server.shared = port, out[0], error[0], error[1]
        self.addCleanup(os.close, error[1])
        os.close(out[1])
        self.assertTrue(wait_for(lambda: self.is_up(server)))
        return server

    def is_up(self, server):
        try:
            return self.ask(server, "/healthz").status == 200
        except OSError:
            return False

    def read(self, descriptor):
        """All that is in a pipe now."""
        os.set_blocking(descriptor, False)
        got = b""
        try:
            while True:
                part = os.read(descriptor, 65536)
                if not part:
                    break
                got += part
        except BlockingIOError:
            pass
        return got.decode().replace("\r", "").lstrip(".")

    def test_slow_clients_are_cut_though_nobody_reads_that(self):
        server = self.started("--patience", 0, error=self.pipe(full=True))
        slow = [self.raw(server, self.GET, receive_buffer=4096) for _ in range(4)]
        stream = self.listen(server)
        for _ in range(300):
            self.say(server, b"x" * 30000 + b"\n")
            self.assertEqual(len(stream.next().data), 30000)
        cut = b"\nssecat_cut_total 4\n"
        self.assertTrue(wait_for(lambda: cut in self.ask(server, "/metrics").body(), 30))
        told = self.read(server.error)  # and there is room
        self.ask(server, "/healthz")
        self.assertEqual(told + self.read(server.error), "ssecat: 4 messages were lost\n")
        for s in slow:
            s.close()

    def test_messages_that_are_lost_are_counted(self):
        for ends in (self.pipe, self.terminal, self.sockets):
            with self.subTest(ends=ends.__name__):
                self.loses_messages(ends())

    def loses_messages(self, ends):
        server = self.started("--max-line", 16, "--heartbeat", 1, error=ends)
        stream = self.listen(server)
        lines = 5000
        for _ in range(lines):
            self.say(server, b"x" * 17 + b"\n")
            while stream.next().data != "x":
                pass
        before = self.read(server.error)
        stream.next()  # a heartbeat
        after = self.read(server.error)
        self.assertRegex(after, r"\A\n?ssecat: [0-9]+ messages were lost\n\Z")
        told = lost = 0
        for line in (before + after).splitlines():
            if re.match("ssecat: line [0-9]+ is too long .* see --max-line$", line):
                told += 1
            elif re.match("ssecat: [0-9]+ messages were lost$", line):
                lost += int(line.split()[1])
            else:
                self.assertEqual(ends[2:], ("torn",), line)
        if ends[2:]:  # a terminal takes a part of a message, which may be all but its end
            self.assertGreaterEqual(told + lost, lines)
            self.assertLess(told, lines)
        else:
            self.assertEqual(told + lost, lines)
        self.assertGreater(told, 100)
        self.say(server, b"x" * 17 + b"\n")
        stream.next()
        stream.next()
        self.assertIn("line %d is too long" % (lines + 1), self.read(server.error))

    def test_a_standard_error_without_a_reader_does_not_kill(self):
        server = self.started("--max-line", 16)
        stream = self.listen(server)
        os.close(os.dup(server.error))
        os.dup2(os.open(os.devnull, os.O_RDONLY), server.error)
        self.say(server, b"x" * 17 + b"\n")
        self.assertEqual([stream.next().data for _ in range(2)], ["x" * 16, "x"])
        self.ends_by(server, signal.SIGTERM, 0)

    def log(self, server):
        return self.read(server.error)

    def test_an_address_that_nobody_takes_is_told_and_does_not_stop_the_start(self):
        server = self.started(out=self.pipe(full=True))
        self.assertIn("standard output", self.read(server.error))
        self.ends_by(server, signal.SIGTERM, 0)

    def test_the_pipes_that_others_share_stay_as_they_are(self):
        server = self.started("--max-line", 16)
        stream = self.listen(server)
        self.say(server, b"x" * 17 + b"\n")
        stream.next()
        self.assertIn("too long", self.read(server.error))
        self.assertTrue(os.get_blocking(server.shared))
        self.ends_by(server, signal.SIGTERM, 0)


if __name__ == "__main__":
    Program.folder = sys.argv.pop(1)
    unittest.main(verbosity=2)
