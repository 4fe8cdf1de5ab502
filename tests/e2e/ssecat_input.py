"""How ssecat makes events of its input:  python3 ssecat_input.py BUILD_DIR"""

import subprocess
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True

from programs import LIMIT, Program
from ssecat import Ssecat

LINE_LIMIT = 64 * 1024


class Lines(Ssecat):
    def test_each_line_is_an_event_with_an_id_of_its_own(self):
        server = self.start()
        stream = self.listen(server)
        self.say(server, "one\ntwo\n")
        one, two = stream.next(), stream.next()
        self.assertEqual((one.type, one.data, two.data), (None, "one", "two"))
        epoch, sequence = one.id.split("-")
        self.assertRegex(epoch, "^[0-9a-f]+$")
        self.assertEqual(two.id, "%s-%d" % (epoch, int(sequence) + 1))

    def test_a_line_arrives_as_it_is(self):
        server = self.start()
        stream = self.listen(server)
        for line in ("", " leading", "trailing ", "\ttab", "data: forged", "id: 9", ": comment",
                     "event: x", "\u2603 \u2028 \x85 \x0b", "a:b", "x" * 5000):
            self.say(server, line + "\n")
            self.assertEqual(stream.next().data, line)

    def test_crlf_ends_a_line_and_a_lone_cr_breaks_it(self):
        server = self.start()
        stream = self.listen(server)
        self.say(server, b"dos\r\nprogress\rbar\n\r\n")
        self.assertEqual([stream.next().data for _ in range(3)], ["dos", "progress\nbar", ""])

    def test_a_last_line_without_its_end_is_sent_at_the_end(self):
        server = self.start()
        stream = self.listen(server)
        self.say(server, "half")
        time.sleep(0.1)
        self.say(server, " and whole\nrest")
        self.assertEqual(stream.next().data, "half and whole")
        server.stdin.close()
        self.assertEqual(stream.next().data, "rest")

    def test_a_line_that_is_too_long_arrives_in_pieces_and_loses_nothing(self):
        server = self.start()
        stream = self.listen(server)
        line = "\u20ac" * LINE_LIMIT + "end"
        self.say(server, line + "\nnext\n")
        pieces = [stream.next().data]
        while not pieces[-1].endswith("end"):
            pieces.append(stream.next().data)
        self.assertEqual("".join(pieces), line)
        self.assertTrue(all(len(p.encode()) <= LINE_LIMIT for p in pieces))
        self.assertEqual(stream.next().data, "next")

    def test_a_line_at_the_limit_stays_whole_whatever_ends_it(self):
        server = self.start()
        stream = self.listen(server)
        for end in (b"\n", b"\r\n"):
            self.say(server, b"x" * LINE_LIMIT + end + b"next\n")
            self.assertEqual(len(stream.next().data), LINE_LIMIT)
            self.assertEqual(stream.next().data, "next")

    def test_a_line_end_that_comes_in_two_reads_is_one(self):
        server = self.start()
        stream = self.listen(server)
        self.say(server, b"x" * LINE_LIMIT + b"\r")
        time.sleep(0.2)
        self.say(server, b"\nnext\n")
        self.assertEqual(len(stream.next().data), LINE_LIMIT)
        self.assertEqual(stream.next().data, "next")

    def test_a_line_of_nothing_but_breaks_arrives_whole(self):
        server = self.start()
        stream = self.listen(server)
        self.say(server, b"\r" * LINE_LIMIT + b"x\nnext\n")
        breaks = 0
        while True:
            data = stream.next().data
            if data == "next":
                break
            breaks += data.count("\n")
        self.assertGreater(breaks, LINE_LIMIT * 0.99)

    def test_a_file_is_read_to_its_end(self):
        with tempfile.TemporaryFile() as f:
            f.write(b"".join(b"%d\n" % n for n in range(50000)))
            f.seek(0)
            server = self.start("--wait", 1, stdin=f)
            stream = self.ask(server, "/events")
            self.assertEqual([int(e.data) for e in stream.events()], list(range(50000)))
            self.assertEqual(server.wait(LIMIT), 0)

    def test_a_standard_input_that_is_closed_is_told(self):
        done = subprocess.run(["sh", "-c", '"$0" --port 0 <&-', self.path], timeout=LIMIT,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, b"^ssecat: standard input: ")

    def test_no_input_at_all_is_an_end_too(self):
        server = self.start(stdin=subprocess.DEVNULL)
        self.assertEqual(server.wait(LIMIT), 0)


if __name__ == "__main__":
    Program.folder = sys.argv.pop(1)
    unittest.main(verbosity=2)
