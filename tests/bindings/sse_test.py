"""The shared library from Python, through sse.py:

    python3 sse_test.py LIBRARY DECLARATIONS        which declarations.sed makes of the headers"""

import http.client
import http.server
import re
import sys
import threading
import unittest
from urllib.parse import urlsplit

import sse

PLACE = re.compile(rb"event: place\nid: \S+\ndata: \n\n")


def channel(heartbeat_ms=0, **how):
    return sse.Channel(sse.History("/events", **how), heartbeat_ms)


def join(ch, **how):
    """A client that is at its place, which is not what is tested."""
    client = sse.Client(ch, **how)
    if not client.gap:
        assert PLACE.fullmatch(client.read())
    return client


def datas(text):
    return re.findall(rb"data: (.*)\n\n", text)


class Core(unittest.TestCase):
    def test_the_numbers_are_those_of_the_headers(self):
        with open(declarations) as file:
            text = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.S)
        for name, ours in (("SSE_AGAIN", sse.AGAIN), ("SSE_GAP", sse.GAP), ("SSE_E_SPACE", sse.SPACE),
                           ("SSE_HTTP_1_1", sse.HTTP_1_1), ("SSE_WRITER_CHUNKED", sse.CHUNKED),
                           ("SSE_JOIN_COALESCE", sse.COALESCE), ("SSE_JOIN_GAPS", sse.GAPS),
                           ("SSE_JOIN_OLDEST", sse.OLDEST), ("SSE_JOIN_PLAIN", sse.PLAIN)):
            self.assertEqual(int(re.search(name + r" = (\w+|-\d+)", text)[1], 0), ours, name)

    def test_an_event_is_encoded(self):
        self.assertEqual(sse.encode("a\r\nb", type="t", id="7", comment="c", retry_ms=1500),
                         b": c\nevent: t\nid: 7\nretry: 1500\ndata: a\ndata: b\n\n")
        self.assertEqual(sse.encode(), b"data: \n\n")
        self.assertEqual(len(sse.encode(9000 * "x")), 9008)

    def test_a_line_break_in_an_id_is_refused(self):
        with self.assertRaisesRegex(sse.Error, "field"):
            sse.encode("x", id="1\ndata: forged")

    def test_a_writer_is_backpressure(self):
        w = sse.Writer(64)
        self.assertEqual(w.send(30 * "x", id="1"), sse.OK)
        self.assertEqual(w.send(30 * "y"), sse.AGAIN)
        self.assertEqual(w.read(), b"id: 1\ndata: " + 30 * b"x" + b"\n\n")
        self.assertEqual(w.send(30 * "y"), sse.OK)
        self.assertEqual(w.read(), b"data: " + 30 * b"y" + b"\n\n")
        w.close()
        with self.assertRaises(sse.Closed):
            w.read()

    def test_data_comes_in_pieces_and_in_chunks(self):
        w = sse.Writer(flags=sse.CHUNKED)
        w.begin(type="t")
        for piece in ("Hel", "lo\r", "\nworld"):
            self.assertEqual(w.append(piece), len(piece))
        w.finish()
        w.close()
        body = b"".join(re.findall(rb"[0-9A-Fa-f]+\r\n(.*?)\r\n", w.read(), re.S))
        self.assertEqual(body, b"event: t\ndata: Hello\ndata: world\n\n")

    def test_the_head_of_a_response_is_http(self):
        text = sse.head(origin="*")
        self.assertTrue(text.startswith(b"HTTP/1.1 200 OK\r\n"))
        self.assertIn(b"\r\naccess-control-allow-origin: *\r\n", text.lower())
        self.assertTrue(text.endswith(b"\r\n\r\n:\n\n"))


    def test_a_history_finds_what_came_after_an_id(self):
        h = sse.History("", events=3, epoch=0)  # the ids are the caller's
        for n in range(5):
            h.append("data %d" % n, id="id %d" % n)
        self.assertEqual(h.get(h.find("id 3")), b"id: id 4\ndata: data 4\n\n")
        self.assertIsNone(h.find("id 0"))


class Fanout(unittest.TestCase):
    def test_next_gives_each_client_that_has_something_once(self):
        ch = channel()
        one, two = join(ch), join(ch)
        ch.publish("hello")
        self.assertEqual(set(ch), {one, two})
        self.assertEqual(list(ch), [])
        self.assertEqual([datas(c.read()) for c in (one, two)], [[b"hello"]] * 2)
        self.assertEqual(one.read(), b"")
        ch.publish("again")
        self.assertEqual(set(ch), {one, two})

    def test_a_client_resumes_where_it_was(self):
        ch = channel()
        first = join(ch)
        ch.publish("1")
        ch.publish("2")
        last = re.search(rb"id: (\S+)\ndata: 1", first.read())[1]
        for how in ({"header": last}, {"query": b"x=1&lastEventId=" + last}):
            again = sse.Client(ch, **how)
            self.assertFalse(again.gap)
            self.assertEqual(datas(again.read())[-1], b"2")
        self.assertEqual(ch.count(sse.RESUMED), 2)

    def test_an_unknown_id_is_a_gap_and_never_a_start(self):
        ch = channel()
        ch.publish("1")
        client = sse.Client(ch, header="of-another-server-9")
        self.assertTrue(client.gap)
        self.assertRegex(client.read(), rb"^event: gap\nid: \S+\ndata: \{.*\}\n\n")

    def test_a_filter_is_a_set_of_tags(self):
        ch = channel()
        client = join(ch, tags=[7, 3])
        for tag in (0, 3, 5, 7):
            ch.publish(str(tag), tag=tag)
        self.assertEqual(datas(client.read()), [b"0", b"3", b"7"])
        client.see([5])
        for tag in (3, 5):
            ch.publish(str(tag), tag=tag)
        self.assertEqual(datas(client.read()), [b"5"])
        client.see([])
        for tag in (0, 5):
            ch.publish(str(tag), tag=tag)
        self.assertEqual(datas(client.read()), [b"0"])

    def test_a_private_event_comes_after_what_was_published(self):
        ch = channel()
        client = join(ch)
        ch.publish("all")
        client.send("yours")
        self.assertEqual(datas(client.read()), [b"all", b"yours"])

    def test_a_silent_client_gets_heartbeats(self):
        ch = channel(heartbeat_ms=1000)
        client = join(ch)
        self.assertLessEqual(ch.timeout(0), 1000)
        ch.tick(1000)
        self.assertEqual(list(ch), [client])
        self.assertEqual(client.read(), b":\n\n")
        self.assertGreater(ch.timeout(1000), 0)

    def test_a_lagging_client_is_told_of_the_gap_or_closed(self):
        ch = channel(events=2)
        patient, other = join(ch, flags=sse.GAPS), join(ch)
        for n in range(5):
            ch.publish(str(n))
        self.assertEqual(datas(patient.read())[1:], [b"3", b"4"])
        with self.assertRaises(sse.Closed):
            other.read()

    def test_a_stalled_client_is_closed_and_next_gives_it(self):
        ch = channel()
        client = join(ch)
        client.set_limits(0, 1000, 0)
        ch.publish("unread")
        self.assertEqual(list(ch), [client])
        for now_ms in (100, 1000, 2000):
            ch.tick(now_ms)
        self.assertEqual(list(ch), [client])
        with self.assertRaisesRegex(sse.Closed, "stall|progress"):
            client.read()

    def test_a_drain_sends_every_client_away(self):
        ch = channel()
        client = join(ch)
        ch.publish("last")
        ch.drain("bye", "", 5000, 0, 0, 0)
        ch.tick(0)
        self.assertEqual(list(ch), [client])
        self.assertRegex(client.read(), rb"data: last\n\nevent: bye\nretry: 5000\ndata: \n\n$")
        with self.assertRaises(sse.Closed):
            client.read()
        self.assertEqual(ch.count(sse.SUBSCRIBERS), 0)
        with self.assertRaises(sse.Error):
            sse.Client(ch)

    def test_a_client_that_has_left_is_in_no_channel(self):
        ch = channel()
        client = join(ch)
        client.leave()
        client.leave()
        ch.publish("x")
        self.assertEqual(list(ch), [])
        with self.assertRaises(sse.Error):
            client.read()


class Server(http.server.ThreadingHTTPServer):
    """GET is a stream, POST publishes. A thread for each connection, one lock for all."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.channel, self.lock = channel(), threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def turn(self, call, *arguments):
        """Do something with the channel, and notify the thread of each client that has something."""
        with self.lock:
            result = call(*arguments)
            for client in self.channel:
                client.more.set()
            return result


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_POST(self):
        data = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.turn(self.server.channel.publish, data)
        self.send_response(204)
        self.end_headers()

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        client = self.server.turn(self.join)
        try:
            while True:
                client.more.wait()
                client.more.clear()
                while data := self.server.turn(client.read):
                    self.wfile.write(data)
        except (sse.Closed, ConnectionError):
            self.server.turn(client.leave)

    def join(self):
        client = sse.Client(self.server.channel, header=self.headers["Last-Event-ID"],
                            query=urlsplit(self.path).query)
        client.more = threading.Event()
        return client


class Sockets(unittest.TestCase):
    def setUp(self):
        self.server = Server()

    def tearDown(self):
        self.server.shutdown()
        self.server.server_close()

    def request(self, method, body=None, **headers):
        c = http.client.HTTPConnection(*self.server.server_address, timeout=20)
        c.request(method, "/events", body, headers)
        return c.getresponse()

    def until(self, stream, end):
        got = b""
        while not got.endswith(end):
            got += stream.read1(4096)
        return got

    def test_a_server_with_a_thread_for_each_client(self):
        streams = [self.request("GET") for _ in range(5)]
        for stream in streams:
            self.assertRegex(self.until(stream, b"data: \n\n"), PLACE)
        for n in range(20):
            self.assertEqual(self.request("POST", b"%d" % n).status, 204)
        got = [self.until(stream, b"data: 19\n\n") for stream in streams]
        self.assertEqual([datas(g) for g in got], [[b"%d" % n for n in range(20)]] * 5)
        last = re.search(rb"id: (\S+)\ndata: 17\n", got[0])[1].decode()
        again = self.request("GET", **{"Last-Event-ID": last})
        self.assertEqual(datas(self.until(again, b"data: 19\n\n"))[-2:], [b"18", b"19"])
        self.server.turn(self.server.channel.drain, "bye", "", 0, 0, 0, 0)
        self.server.turn(self.server.channel.tick, 0)
        for stream in (*streams, again):
            self.assertTrue(stream.read().endswith(b"event: bye\ndata: \n\n"))


if __name__ == "__main__":
    library, declarations = sys.argv.pop(1), sys.argv.pop(1)
    sse.load(library)
    unittest.main(verbosity=2)
