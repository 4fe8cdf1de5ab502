"""The events of ssecat that are no lines, in the shapes that clients want:
python3 ssecat_shapes.py BUILD_DIR"""

import signal
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True

from programs import LIMIT, Event, Program
from ssecat import Ssecat


class Shapes(Ssecat):
    def refuses(self, *args):
        done = subprocess.run([self.path, "--port", "0"] + list(args), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=LIMIT)
        self.assertEqual((done.returncode, done.stdout), (1, ""), args)
        return done.stderr

    def first_bytes(self, *args):
        """The body of a new stream up to its place."""
        s = self.raw(self.start(*args), self.GET)
        return self.read_until(s, b"data: \n\n").decode().split("\r\n\r\n")[1].split("id: ")[0]

    def test_the_end_of_the_input_has_a_type_of_its_own(self):
        for args, name in (((), "farewell"), (("--farewell", "sse-close"), "sse-close"),
                           (("--farewell", "x" * 96), "x" * 96)):
            server = self.start(*args)
            stream = self.listen(server)
            self.say(server, "last\n")
            server.stdin.close()
            self.assertEqual(stream.next().data, "last")
            end = stream.next()
            self.assertEqual(end, Event(type=name, data="", retry=end.retry))
            self.assertTrue(1000 <= int(end.retry) < 5000)
            self.assertIsNone(stream.next())

    def test_a_signal_is_no_end_of_the_input(self):
        for number in (signal.SIGTERM, signal.SIGHUP):
            server = self.start("--farewell", "bye")
            stream = self.listen(server)
            server.send_signal(number)
            end = stream.next()
            self.assertEqual(end, Event(type="retry", data="", retry=end.retry))
            self.assertTrue(1000 <= int(end.retry) < 5000)
            self.assertIsNone(stream.next())

    def test_the_page_knows_the_farewell(self):
        page = self.ask(self.start("--farewell", "a&b", "--event", "c")).body().decode()
        self.assertIn('data-event="c" data-farewell="a&#38;b"', page)

    def test_a_type_that_means_something_else_is_refused(self):
        for option in ("--farewell", "--ping", "--event"):
            for name in ("place", "gap", "retry", "a\nb", "x" * 257):
                self.assertIn(option, self.refuses(option, name))
        for option in ("--farewell", "--ping"):
            self.assertIn(option, self.refuses(option, ""))
            self.assertIn(option, self.refuses(option, "x" * 97))
            self.assertIn(option, self.refuses(option, "message"))
            self.assertIn(option, self.refuses(option, "a", "--event", "a"))
        self.assertIn("--farewell", self.refuses("--event", "farewell"))

    def test_a_stream_begins_in_the_shape_that_is_asked_for(self):
        for args, expected in (
                ((), ":\n\n"), (("--first", "block"), ":\n\n"), (("--first", "line"), ":\n"),
                (("--first", "typed"), ":\n\n"),
                (("--retry", 7), "retry: 7\n\n"), (("--retry", 7, "--first", "line"), "retry: 7\n"),
                (("--retry", 7, "--first", "typed"), "event: retry\nretry: 7\n\n")):
            self.assertEqual(self.first_bytes(*args), expected + "event: place\n", args)
        self.assertIn("block, line or typed", self.refuses("--first", "none"))

    def test_a_heartbeat_can_be_a_line_of_the_next_event(self):
        server = self.start("--heartbeat", 1, "--first", "line")
        s = self.raw(server, self.GET)
        self.read_until(s, b"event: place\n")
        self.read_until(s, b"data: \n\n:\n")
        self.say(server, "one\n")
        self.assertRegex(self.read_until(s, b"\n\n"), rb"^(:\n)*id: [^\n]*\ndata: one\n\n$")

    def test_a_heartbeat_can_be_an_event(self):
        for name in ("ping", "x" * 96):
            stream = self.listen(self.start("--heartbeat", 1, "--ping", name))
            self.assertEqual(stream.next(), Event(type=name, data=""))

    def test_a_plain_stream_has_lines_and_heartbeats_alone(self):
        server = self.start("--plain", "--history", 131072, "--heartbeat", 1, "--retry", 9)
        streams = [self.listen(server) for _ in range(2)]
        self.say(server, "one\ntwo\n")
        one, two = streams[0].next(), streams[0].next()
        self.assertEqual((one.data, two.data), ("one", "two"))
        self.assertEqual(streams[0].next(), Event(comment=""))
        back = self.listen(server, headers={"Last-Event-ID": one.id})
        self.assertEqual(back.next(), two)
        for missing in ("nonsense", "0-1"):
            back = self.listen(server, headers={"Last-Event-ID": missing})
            self.assertEqual([back.next(), back.next()], [one, two])
        server.stdin.close()
        self.assertEqual([e.data for e in streams[1].events()], ["one", "two"])
        for stream in streams:
            self.assertEqual((stream.place, stream.farewell), (None, None))

    def test_a_client_that_is_cut_before_its_first_event_misses_nothing(self):
        server = self.start()
        stream = self.listen(server)
        place = stream.begin()
        stream.close()
        witness = self.listen(server)
        self.say(server, "while it was away\n")
        self.assertEqual(witness.next().data, "while it was away")
        for how in ({"headers": {"Last-Event-ID": place}}, {"path": "/events?lastEventId=" + place}):
            self.assertEqual(self.listen(server, **how).next().data, "while it was away")


if __name__ == "__main__":
    Program.folder = sys.argv.pop(1)
    unittest.main(verbosity=2)
