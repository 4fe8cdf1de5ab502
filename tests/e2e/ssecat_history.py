"""The history file of ssecat:  python3 ssecat_history.py BUILD_DIR"""

import os
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


if __name__ == "__main__":
    Program.folder = sys.argv.pop(1)
    unittest.main(verbosity=2)
