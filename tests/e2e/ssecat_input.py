"""How ssecat makes events of its input:  python3 ssecat_input.py BUILD_DIR"""

import os
import re
import select
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
        self.assertRegex(done.stderr, b"^ssecat: standard input is closed")

    def test_an_input_that_cannot_be_read_is_told_and_ends_the_streams_in_order(self):
        folder = os.open(".", os.O_RDONLY)
        self.addCleanup(os.close, folder)
        server = self.start("--wait", 1, stdin=folder)
        stream = self.ask(server, "/events")
        self.assertEqual(stream.events(), [])
        self.assertIsNotNone(stream.farewell)
        self.assertEqual(server.wait(LIMIT), 1)
        self.assertEqual(self.log(server), "ssecat: standard input: Is a directory\n")

    def test_no_input_at_all_is_an_end_too(self):
        server = self.start(stdin=subprocess.DEVNULL)
        self.assertEqual(server.wait(LIMIT), 0)

class LongLines(Ssecat):
    def pieces(self, stream, end):
        """The data of the events up to one that ends with a text."""
        pieces = [stream.next().data]
        while not pieces[-1].endswith(end):
            pieces.append(stream.next().data)
        return pieces

    def test_a_line_is_one_event_up_to_what_the_history_holds(self):
        for args, held in ((["--event", "x" * 100], 1024 * 1024), (["--history", 131072], 131072)):
            done = self.refused(*args, "--max-line", 1999999999)
            most = int(re.search("holds lines of ([0-9]+) bytes", done).group(1))
            self.assertTrue(held - 200 < most < held)
            self.refused(*args, "--max-line", most + 1)
            for more in ([], ["--max-line", most]):
                server = self.start(*args, *more)
                stream = self.listen(server)
                self.say(server, b"x" * most + b"\nnext\n")
                self.assertEqual(len(stream.next().data), most)
                self.assertEqual(stream.next().data, "next")
                self.assertEqual(self.log(server), "")
                self.say(server, b"x" * most + b"y\n")
                self.assertEqual(self.pieces(stream, "y"), ["x" * most, "y"])

    def refused(self, *args):
        done = subprocess.run([self.path, *map(str, args)], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=LIMIT)
        self.assertEqual(done.returncode, 1)
        return done.stderr

    def test_a_line_that_is_too_long_arrives_in_pieces_loses_nothing_and_is_told(self):
        server = self.start("--max-line", LINE_LIMIT)
        stream = self.listen(server)
        line = "\u20ac" * LINE_LIMIT + "end"
        self.say(server, "short\n" + line + "\nnext\n")
        self.assertEqual(stream.next().data, "short")
        pieces = self.pieces(stream, "end")
        self.assertEqual("".join(pieces), line)
        self.assertTrue(all(LINE_LIMIT - 4 < len(p.encode()) <= LINE_LIMIT for p in pieces[:-1]))
        self.assertEqual(stream.next().data, "next")
        self.assertEqual(self.log(server), "ssecat: line 2 is too long for one event, and comes in "
                                           "pieces; see --max-line\n")

    def test_that_a_line_is_too_long_is_no_error(self):
        for quiet, told in (([], True), (["--quiet"], False)):
            done = subprocess.run([self.path, "--port", "0", "--max-line", "16", *quiet],
                                  input=b"x" * 17, capture_output=True, timeout=LIMIT)
            self.assertEqual((done.returncode, b"too long" in done.stderr), (0, told))

    def test_a_line_at_the_limit_stays_whole_whatever_ends_it(self):
        server = self.start("--max-line", LINE_LIMIT)
        stream = self.listen(server)
        for end in (b"\n", b"\r\n"):
            self.say(server, b"x" * LINE_LIMIT + end + b"next\n")
            self.assertEqual(len(stream.next().data), LINE_LIMIT)
            self.assertEqual(stream.next().data, "next")
        self.assertEqual(self.log(server), "")

    def test_a_line_end_that_comes_in_two_reads_is_one(self):
        server = self.start("--max-line", LINE_LIMIT)
        stream = self.listen(server)
        self.say(server, b"x" * LINE_LIMIT + b"\r")
        time.sleep(0.2)
        self.say(server, b"\nnext\n")
        self.assertEqual(len(stream.next().data), LINE_LIMIT)
        self.assertEqual(stream.next().data, "next")

    def test_a_line_that_comes_slowly_is_whole(self):
        server = self.start()
        stream = self.listen(server)
        for n in range(40):
            self.say(server, b"%-9999d|" % n)
            time.sleep(0.005)
        self.say(server, b"\n")
        self.assertEqual(stream.next().data, "".join("%-9999d|" % n for n in range(40)))

    def test_a_line_of_breaks_grows_and_is_whole_or_told(self):
        for breaks, told in ((100000, False), (500000, True)):
            server = self.start()
            stream = self.listen(server)
            self.say(server, b"\r" * breaks + b"x\n")
            pieces = self.pieces(stream, "x")
            self.assertEqual(pieces == ["\n" * breaks + "x"], not told)
            # A piece that ends in a break has another event after it, and no data line for that.
            self.assertGreaterEqual("".join(pieces).count("\n"), breaks - len(pieces))
            self.assertEqual("line 1 is too long" in self.log(server), told)

    def test_memory_is_bounded_whatever_the_line(self):
        server = self.start("--history", 131072, "--max-line", 130000)
        stream = self.listen(server)
        before = self.memory(server)
        self.say(server, b"x")
        for _ in range(200):
            self.say(server, b"x" * 130000)
            stream.next()
        self.assertLess(self.memory(server) - before, 1024)
        self.say(server, b"end\n")
        self.pieces(stream, "end")

    def test_memory_for_a_long_line_is_given_back(self):
        if self.is_sanitized():
            self.skipTest("a sanitizer keeps memory that is freed")
        server = self.start("--history", 40000000)
        mapped = int(re.search(r"VmSize:\s+(\d+)", self.proc(server, "status")).group(1))
        if mapped > 1 << 30:
            self.skipTest("a sanitizer keeps what is freed")
        stream = self.listen(server)
        self.say(server, b"x" * 30000000 + b"\n")
        self.assertEqual(len(stream.next().data), 30000000)
        large = self.memory(server)
        self.say(server, b"next\n")
        self.assertEqual(stream.next().data, "next")
        self.assertLess(self.memory(server), large - 25000)


class Forms(Ssecat):
    def gets(self, stream, *expected):
        self.assertEqual([stream.next().data for _ in expected], list(expected))

    def gets_nothing(self, stream):
        self.assertEqual(select.select([stream.answer.fp.raw], [], [], 0.2)[0], [])

    def test_records_end_in_nul_and_may_have_lines(self):
        server = self.start("--input", "nul")
        stream = self.listen(server)
        self.say(server, b"one\ntwo\0three\r\n\0\0rest")
        self.gets(stream, "one\ntwo", "three\n", "")
        server.stdin.close()
        self.gets(stream, "rest")

    def test_a_progress_bar_is_a_line_each_time(self):
        server = self.start("--input", "cr")
        stream = self.listen(server)
        self.say(server, b"10%\r20%\r")
        self.gets(stream, "10%", "20%")
        self.say(server, b"30%\r")
        self.gets(stream, "30%")
        self.say(server, b"\n40%\r\ndone\n\r\n\rrest\r")
        self.gets(stream, "40%", "done", "", "", "rest")
        self.say(server, b"\n")
        server.stdin.close()
        self.assertEqual(stream.events(), [])
        self.assertEqual(stream.farewell.type, "farewell")

    def test_a_long_line_is_searched_once(self):
        server = self.start("--input", "cr", "--history", 40000000)
        stream = self.listen(server)
        self.say(server, b"x" * 30000000 + b"\r")
        self.assertEqual(len(stream.next().data), 30000000)
        self.assertLess(self.cpu(server), 2 * os.sysconf("SC_CLK_TCK"))

    def test_raw_text_arrives_before_its_line_ends(self):
        server = self.start("--input", "raw")
        stream = self.listen(server)
        for text in ("Password: ", "a b", " c\nd", "\n"):
            self.say(server, text)
            self.gets(stream, text)

    def test_raw_text_is_cut_between_characters_and_never_within_a_line_end(self):
        server = self.start("--input", "raw")
        stream = self.listen(server)
        self.say(server, b"1 \xe2\x82")
        self.gets(stream, "1 ")
        self.gets_nothing(stream)
        self.say(server, b"\xac\r")
        self.gets(stream, "\u20ac")
        self.gets_nothing(stream)
        self.say(server, b"\n2\r")
        self.gets(stream, "\n2")
        self.say(server, b"3\r")
        self.gets(stream, "\n3")
        server.stdin.close()
        self.gets(stream, "\n")

    def test_raw_text_is_whole_however_much_comes_at_once(self):
        for args in ((), ("--max-line", 1001)):
            text = "".join("%d \u20ac\r\n" % n for n in range(20000))
            with tempfile.TemporaryFile() as f:
                f.write(text.encode())
                f.seek(0)
                server = self.start("--input", "raw", "--wait", 1, *args, stdin=f)
                stream = self.ask(server, "/events")
                data = [e.data for e in stream.events()]
            self.assertEqual("".join(data), text.replace("\r\n", "\n"))
            self.assertEqual(self.log(server), "")
            if args:
                self.assertLessEqual(max(map(len, data)), 1001)

    def test_a_form_that_does_not_exist_is_refused_with_those_that_do(self):
        for form in ("", "line", "lines,", "nul,", "or", "Raw", "cr or raw"):
            done = subprocess.run([self.path, "--input", form], stdin=subprocess.DEVNULL,
                                  capture_output=True, text=True, timeout=LIMIT)
            self.assertEqual(done.returncode, 1)
            self.assertEqual(done.stderr, "ssecat: bad value for --input: '%s'; "
                                          "lines, nul, cr or raw\n" % form)


if __name__ == "__main__":
    Program.folder = sys.argv.pop(1)
    unittest.main(verbosity=2)
