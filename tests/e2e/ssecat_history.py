"""The history file of ssecat:  python3 ssecat_history.py BUILD_DIR"""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True

from programs import LIMIT, Program
from ssecat import Ssecat


class HistoryFile(Ssecat):
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


class Refused(Ssecat):
    """What is no history, or cannot be one, is named, and is as it was."""

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder_name = folder.name
        self.history = os.path.join(folder.name, "history")

    def refuses(self, *args, path=None, command=()):
        path = path or self.history
        run = subprocess.run([*command, self.path, "--port", "0", "--history-file", path, *args],
                             stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT)
        self.assertEqual((run.returncode, run.stdout), (1, ""))
        self.assertTrue(run.stderr.startswith("ssecat: %s: " % path), run.stderr)
        return run.stderr[len("ssecat: %s: " % path):]

    def made(self):
        """A history, and its bytes."""
        self.end(self.start("--history-file", self.history))
        with open(self.history, "rb") as f:
            return f.read()

    def test_what_is_no_regular_file(self):
        self.assertIn("directory", self.refuses(path=self.folder_name).lower())
        self.assertIn("not a regular file", self.refuses(path="/dev/null"))
        fifo = self.history + ".fifo"
        os.mkfifo(fifo)
        self.assertIn("not a regular file", self.refuses(path=fifo))

    def test_a_file_that_may_not_be_written(self):
        self.made()
        os.chmod(self.history, 0o444)
        os.chmod(self.folder_name, 0o755)
        command = ()
        if os.geteuid() == 0:  # who may everything
            os.chown(self.history, 65534, 65534)
            command = ("setpriv", "--reuid=65534", "--clear-groups", "--inh-caps=-all")
            if subprocess.run([*command, self.path, "--version"], capture_output=True).returncode:
                self.skipTest("another user may not run %s" % self.path)
        self.assertIn("denied", self.refuses(command=command))

    def test_a_foreign_file_of_the_same_size_even_if_it_begins_with_zeros(self):
        size = len(self.made())
        for content in (b"x" * size, bytes(size - 1) + b"x", bytes(96) + b"x" * (size - 96)):
            with open(self.history, "wb") as f:
                f.write(content)
            self.assertIn("not a history", self.refuses())
            with open(self.history, "rb") as f:
                self.assertEqual(f.read(), content)

    def test_a_file_of_zeros_is_one_that_a_crash_left_before_its_first_event(self):
        size = len(self.made())
        with open(self.history, "wb") as f:
            f.truncate(size)
        self.assertTrue(any(self.made()))

    def on_small_disk(self, kind):
        """A command that runs another one with a file system that holds 16 KiB where the history
        will be, and then prints the size of the file."""
        mount = {"tmpfs": 'mount -t tmpfs -o size=16k none "$0"',
                 "ramfs": 'mount -t ramfs none "$0" && ulimit -f 32'}[kind] # in units of 512 bytes
        command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
                   mount + ' && "$@"; status=$?; stat -c %s "$0"/history >&2; exit $status',
                   self.folder_name]
        if subprocess.run([*command, "true"], capture_output=True).returncode != 0:
            self.skipTest("no namespaces here (Debian: util-linux, user namespaces)")
        return command

    def test_a_disk_that_is_full_is_found_out_at_the_start_and_leaves_an_empty_file(self):
        self.assertEqual(self.refuses(command=self.on_small_disk("tmpfs")),
                         "No space left on device\n0\n")

    def test_a_file_that_may_not_be_so_large_is_left_empty_too(self):
        self.assertEqual(self.refuses(command=self.on_small_disk("ramfs")), "File too large\n0\n")

    def test_of_two_that_start_at_once_one_gets_it(self):
        for _ in range(20):
            servers = [subprocess.Popen([self.path, "--port", "0", "--history-file", self.history],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE) for _ in range(2)]
            told = [s.stdout.readline() for s in servers]
            self.assertEqual(sum(bool(t) for t in told), 1, told)
            for s in servers:
                s.stdin.close()
            self.assertEqual(sorted(s.wait(LIMIT) for s in servers), [0, 1])
            self.assertIn(b"another process uses it", b"".join(s.stderr.read() for s in servers))
            for s in servers:
                s.stdout.close()
                s.stderr.close()
            os.unlink(self.history)


class Truncated(Ssecat):
    """Somebody else makes the file shorter while it is in use."""

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.history = os.path.join(folder.name, "history")
        self.server = self.start("--history-file", self.history, "--patience", 0)
        self.last = self.gone_after(self.server, "one\n")

    def ends_naming_it(self):
        self.assertEqual(self.server.wait(LIMIT), 1)
        self.assertIn("ssecat: %s: what was in it is gone" % self.history, self.log(self.server))

    def test_the_next_line_finds_it_out_and_the_file_is_named(self):
        os.truncate(self.history, 0)
        with contextlib.suppress(ConnectionError):  # it may see the last client leave only now
            self.say(self.server, "two\n")
        self.ends_naming_it()

    def test_a_client_that_comes_finds_it_out(self):
        os.truncate(self.history, 0)
        with contextlib.suppress(ConnectionError):
            self.raw(self.server, self.GET)
        self.ends_naming_it()

    def test_a_client_that_needs_what_is_gone_finds_it_out(self):
        witness = self.listen(self.server)
        for _ in range(20):
            self.say(self.server, "x" * 10000 + "\n")
            witness.next()
        os.truncate(self.history, os.path.getsize(self.history) - 1048576 + 50000)
        self.raw(self.server, b"GET /events HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: %s\r\n\r\n"
                 % self.last.encode())
        self.ends_naming_it()

    def test_a_file_that_was_emptied_and_filled_again_is_told(self):
        size = os.path.getsize(self.history)
        os.truncate(self.history, 0)
        os.truncate(self.history, size)
        try:
            self.say(self.server, "two\n")
        except BrokenPipeError:
            pass  # it has found it out between the two
        self.ends_naming_it()

    def test_a_file_that_was_removed_serves_on(self):
        os.unlink(self.history)
        stream = self.listen(self.server)
        self.say(self.server, "two\n")
        self.assertEqual(stream.next().data, "two")
        self.ends_by(self.server, signal.SIGTERM, 0)


if __name__ == "__main__":
    Program.folder = sys.argv.pop(1)
    unittest.main(verbosity=2)
