"""ssecat as a process among others: signals, descriptors, diagnostics:  python3 ssecat_process.py BUILD_DIR"""

import signal
import sys
import time
import unittest

sys.dont_write_bytecode = True

from programs import LIMIT, Program
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
        for _ in range(100):
            self.say(server, b"x" * 60000 + b"\n")
        server.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        server.send_signal(signal.SIGTERM)
        self.assertEqual(server.wait(LIMIT), 0)
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


if __name__ == "__main__":
    Program.folder = sys.argv.pop(1)
    unittest.main(verbosity=2)
