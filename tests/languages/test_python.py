"""What examples/languages/python/sse.py adds to the library: waiting, threads, asyncio, exceptions."""
import asyncio
import pickle
import sys
import threading
import time
import unittest

import sse

LIMIT = 20  # seconds, after which a thread hangs


def datas(text):
    return [line[6:] for line in text.split(b"\n") if line.startswith(b"data: ") and line[6:]]


class Exceptions(unittest.TestCase):
    def test_a_refused_value_is_a_ValueError_with_the_status_and_its_text(self):
        with self.assertRaisesRegex(ValueError, "field") as caught:
            sse.encode("x", type="a\nb")
        self.assertEqual(caught.exception.status, -4)
        with self.assertRaises(ValueError):
            sse.Writer(capacity=3)
        with self.assertRaises(ValueError):
            sse.Channel("")

    def test_what_is_no_text_is_a_TypeError(self):
        for value in (7, ["x"]):
            with self.assertRaises(TypeError):
                sse.encode(value)
        self.assertEqual(sse.encode(bytearray(b"x")), sse.encode(memoryview(b"x")))
        with self.assertRaises(UnicodeEncodeError):
            sse.encode("\ud800")

    def test_a_full_queue_is_no_loss(self):
        writer = sse.Writer(64)
        writer.send("x" * 30)
        with self.assertRaises(sse.FullError):
            writer.send("y" * 30)
        self.assertEqual(writer.read(), b"data: " + b"x" * 30 + b"\n\n")
        writer.send("y" * 30)

    def test_a_stream_that_was_closed_is_a_ConnectionError(self):
        now = [0]
        channel, calls = sse.Channel("c", clock_ms=lambda: now[0]), []
        client = sse.Client(channel, stall_ms=1000, on_closed=lambda: calls.append(now[0]))
        channel._wakes = True  # as with keep_time, which would wait here
        channel.publish("unread")
        for now[0] in range(0, 2000, 100):
            channel.tick()
        self.assertEqual(len(calls), 1)
        self.assertLessEqual(1000, calls[0])
        with self.assertRaisesRegex(ConnectionError, "progress|stall"):
            client.read()

    def test_an_event_of_any_length_is_encoded(self):
        for length in (0, 4087, 4088, 4089, 1 << 20):
            self.assertEqual(sse.encode(b"x" * length), b"data: " + b"x" * length + b"\n\n")


    def test_a_number_that_is_out_of_its_range_is_refused(self):
        channel = sse.Channel("c")
        client = sse.Client(channel, tags=[7])
        for call in (lambda: channel.publish("for one", tag=2**64), lambda: channel.publish("x", tag=-1),
                     lambda: channel.publish("x", key=2**64), lambda: sse.Client(channel, tags=[2**64 + 7]),
                     lambda: sse.Client(channel, stall_ms=2**32), lambda: sse.encode("x", retry_ms=2**32 + 5),
                     lambda: sse.Writer().retry(2**32 + 5), lambda: channel.drain(limit_ms=2**32),
                     lambda: sse.Channel("c", heartbeat_ms=-1), lambda: sse.Channel("c", events=2**32 + 1),
                     lambda: sse.Channel("c", epoch=2**64)):
            with self.assertRaises(sse.InvalidError) as caught:
                call()
            self.assertEqual(caught.exception.status, -2)
        for tag in (None, "7", 7.0):
            with self.assertRaises(TypeError):
                channel.publish("x", tag=tag)
        client.read()
        self.assertIsNone(client.read(wait=False))

    def test_an_exception_passes_from_process_to_process(self):
        for kind in (sse.InvalidError, sse.FullError, sse.ClosedError):
            again = pickle.loads(pickle.dumps(kind(-104)))
            self.assertEqual((type(again), again.status, str(again)), (kind, -104, str(kind(-104))))

    def test_a_failure_of_on_closed_is_logged_and_fails_no_other_call(self):
        now = [0]
        channel = sse.Channel("c", clock_ms=lambda: now[0])
        sse.Client(channel, stall_ms=1000, on_closed=lambda: 1 // 0)
        channel._wakes = True
        channel.publish("unread")
        with self.assertLogs("sse", "ERROR"):
            for now[0] in range(0, 2000, 100):
                channel.tick()

    def test_a_refused_client_is_not_kept(self):
        channel = sse.Channel("c")
        with self.assertRaises(ValueError):
            sse.Client(channel, capacity=100)
        channel.drain()
        with self.assertRaises(sse.Error):
            sse.Client(channel)
        channel.keep_time()


class Waiting(unittest.TestCase):
    """A thread, or a task, that waits for a client is woken by each call that gives it something."""

    def setUp(self):
        self.channel = sse.Channel("/events")
        self.client = sse.Client(self.channel)
        self.client.read()  # its place
        self.got = []

    def check(self, call, *expected):
        thread = threading.Thread(target=self.wait, daemon=True)
        thread.start()
        time.sleep(0.05)
        call()
        thread.join(LIMIT)
        self.assertEqual(self.got, list(expected))

    def wait(self):
        try:
            self.got += datas(self.client.read()) or ["the end"]
        except sse.Error as e:
            self.got.append(e.status)

    def test_publish(self):
        self.check(lambda: self.channel.publish("1"), b"1")

    def test_send(self):
        self.check(lambda: self.client.send("2"), b"2")

    def test_close(self):
        self.check(self.client.close, "the end")

    def test_leave(self):
        self.check(self.client.leave, -6)

    def test_the_thread_that_keeps_the_time(self):
        self.channel = sse.Channel("/events", heartbeat_ms=100)
        timekeeper = threading.Thread(target=self.channel.keep_time, daemon=True)
        timekeeper.start()
        time.sleep(0.05)  # it waits for ever, but for the client that joins now
        with sse.Client(self.channel) as client:
            client.read()
            start = time.monotonic()
            self.assertEqual(client.read(), b":\n\n")
            self.assertLess(time.monotonic() - start, 5)
            self.channel.drain(retry_ms=7)
            self.assertIn(b"event: farewell\nretry: 7\n", b"".join(client))
            self.assertTrue(timekeeper.is_alive())
        timekeeper.join(LIMIT)
        self.assertFalse(timekeeper.is_alive())

    def test_a_task(self):
        async def run():
            async for chunk in self.client:
                self.got += datas(chunk)
                if len(self.got) == 3:
                    self.client.close()

        def publish():
            for n in range(3):
                time.sleep(0.02)
                self.channel.publish(str(n))

        thread = threading.Thread(target=publish)
        thread.start()
        asyncio.run(asyncio.wait_for(run(), LIMIT))
        thread.join()
        self.assertEqual(self.got, [b"0", b"1", b"2"])

    def test_a_loop_that_is_closed_fails_no_call_of_others(self):
        async def read_once():
            async for chunk in self.client:
                return

        self.channel.publish("1")
        asyncio.run(read_once())
        self.channel.publish("2")
        self.client.leave()
        self.assertEqual(self.channel.counters()["subscribers"], 0)

    def test_a_drain_ends_the_thread_that_keeps_the_time_however_threads_are_switched(self):
        usual = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        self.addCleanup(sys.setswitchinterval, usual)
        for _ in range(200):
            channel = sse.Channel("/events")
            timekeeper = threading.Thread(target=channel.keep_time, daemon=True)
            timekeeper.start()
            while not channel._wakes:
                time.sleep(0)
            channel.drain()
            timekeeper.join(LIMIT)
            self.assertFalse(timekeeper.is_alive())

    def test_an_exception_in_the_block_of_a_client_leaves(self):
        with self.assertRaises(ZeroDivisionError):
            with sse.Client(self.channel):
                self.assertEqual(self.channel.counters()["subscribers"], 2)
                raise ZeroDivisionError
        self.assertEqual(self.channel.counters()["subscribers"], 1)


class Threads(unittest.TestCase):
    def test_each_of_many_threads_reads_all_that_many_threads_publish(self):
        channel, readers, publishers, each = sse.Channel("/events", events=5000), 8, 4, 500
        got = [[] for _ in range(readers)]
        clients = [sse.Client(channel, capacity=2048) for _ in range(readers)]

        def read(i):
            with clients[i] as client:
                for chunk in iter(lambda: client.read(1 + 211 * i), b""):
                    got[i].append(chunk)

        def publish(i):
            for n in range(each):
                channel.publish("%d-%d" % (i, n))

        def come_and_go():
            while any(thread.is_alive() for thread in threads[readers:]):
                with sse.Client(channel, tags=[3]) as client:
                    client.send("hello")
                    client.read()

        threads = [threading.Thread(target=read, args=[i], daemon=True) for i in range(readers)]
        threads += [threading.Thread(target=publish, args=[i]) for i in range(publishers)]
        timekeeper = threading.Thread(target=channel.keep_time, daemon=True)
        for thread in [timekeeper] + threads:
            thread.start()
        come_and_go()
        channel.drain()
        for thread in threads + [timekeeper]:
            thread.join(LIMIT)
            self.assertFalse(thread.is_alive())
        first = datas(b"".join(got[0]))
        self.assertEqual(len(set(first)), publishers * each)
        for i in range(publishers):
            mine = [data for data in first if data.startswith(b"%d-" % i)]
            self.assertEqual(mine, [b"%d-%d" % (i, n) for n in range(each)])
        for text in got[1:]:
            self.assertEqual(datas(b"".join(text)), first)


if __name__ == "__main__":
    unittest.main()
