"""sse-relay, run as a user would run it, on a real Redis:  python3 test_relay.py BUILD_DIR

Each row of the table in examples/relay/README.md, each state, and publishing. What random faults do is
the part of judge.py. Exit code 77: redis-server or the module redis is missing."""

import http.client
import json
import os
import re
import resource
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))

from programs import LIMIT, TOP, Program, Stream, wait_for

try:
    import redis
except ImportError:
    if sys.executable != "/usr/bin/python3" and os.path.exists("/usr/bin/python3"):
        os.execv("/usr/bin/python3", ["/usr/bin/python3", *sys.argv])  # that which has Debian's modules
    print("skipped: there is no module redis (Debian: python3-redis)")
    sys.exit(77)
if not shutil.which("redis-server"):
    print("skipped: there is no redis-server (Debian: redis-server)")
    sys.exit(77)

KEY = "k"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def fnv(fields):
    """The hash in an id, as the README says it."""
    n = 0xCBF29CE484222325
    for part in fields:
        for byte in len(part).to_bytes(8, "little") + part:
            n = ((n ^ byte) * 0x100000001B3) % 2**64
    return n


class Server:
    """A redis-server in a folder of its own, which can be killed and started again."""

    def __init__(self, test, *args):
        self.folder = tempfile.TemporaryDirectory()
        test.addCleanup(self.folder.cleanup)
        test.addCleanup(self.kill)
        self.port, self.args, self.process = free_port(), args, None
        self.address = "127.0.0.1:%d" % self.port
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
             "--dir", self.folder.name, "--repl-diskless-sync-delay", "0", *self.args],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.db = redis.Redis(port=self.port, socket_timeout=LIMIT)

        def is_there():
            try:
                return self.db.ping()
            except redis.exceptions.AuthenticationError:
                return True
            except redis.exceptions.RedisError:
                return False

        assert wait_for(is_there), "redis-server does not start"

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()
        self.process = None

    def add(self, *values, key=KEY, **fields):
        """Add an entry for each value. Returns the ids of their events."""
        ids = []
        for value in values:
            entry = {"data": value, **fields}
            flat = [part.encode() for pair in entry.items() for part in pair]
            ids.append("%s.%016x" % (self.db.xadd(key, entry).decode(), fnv(flat)))
        return ids


class Relay(Program):
    name = "sse-relay"
    args = ()

    def setUp(self):
        super().setUp()
        self.redis = Server(self, *self.args)

    def launch(self, *args, to=None, live=True, **kwargs):
        """A relay; returns when its stream is LIVE."""
        log = tempfile.TemporaryFile("w+")
        self.addCleanup(log.close)
        words = list(map(str, args))
        if "--sentinel" not in words:
            words += ["--redis", (to or self.redis).address]
        if "--stream" not in words:
            words += ["--stream", KEY]
        process = subprocess.Popen([self.path, "--port", "0", "--spread", "50", *words], cwd=TOP,
                                   stdout=subprocess.PIPE, stderr=log, **kwargs)
        self.addCleanup(self.end, process)
        self.assertTrue(select.select([process.stdout], [], [], LIMIT)[0], "it tells no address")
        process.port = int(re.search(rb":([0-9]+)/", process.stdout.readline()).group(1))
        process.log = log
        if live:
            self.becomes(process, "LIVE")
        return process

    def end(self, process):
        """It ends by SIGTERM with 0, and no sanitizer has anything to say."""
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(2 * LIMIT)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        process.stdout.close()
        self.assertEqual(code, 0, self.log(process))
        self.assertNotRegex(self.log(process), r"Sanitizer|runtime error")

    def publish(self, process, *values, **fields):
        """Add entries, and wait until the relay has read them."""
        before = self.metric(process, "entries_total")
        ids = self.redis.add(*values, **fields)
        self.assertTrue(wait_for(lambda: self.metric(process, "entries_total") == before + len(ids), 2 * LIMIT))
        return ids

    def get(self, process, path):
        answer = self.ask(process, path)
        return answer.status, answer.body().decode()

    def metric(self, process, name, **labels):
        """A counter; with part of its labels the sum."""
        want = ["%s=\"%s\"" % pair for pair in labels.items()]
        found = [line for line in self.get(process, "/metrics")[1].splitlines()
                 if re.match(r"sse_relay_%s[ {]" % name, line) and all(w in line for w in want)]
        self.assertTrue(found, name)
        return sum(int(line.rsplit(" ", 1)[1]) for line in found)

    def becomes(self, process, state, limit=2 * LIMIT):
        self.assertTrue(wait_for(lambda: self.metric(process, "state", state=state) == 1, limit),
                        "it is not %s\n%s" % (state, self.log(process)))

    def follow(self, process, last=None, path="/events", place=True, **kwargs):
        """A stream; one without an id has its place."""
        headers = kwargs.pop("headers", {})
        if last:
            headers["Last-Event-ID"] = last
        stream = self.ask(process, path, headers=headers, limit=2 * LIMIT, **kwargs)
        self.assertEqual(stream.status, 200)
        if last is None and place:
            stream.begin()
        return stream

    def data(self, stream, count):
        return [stream.next_event().data for _ in range(count)]

    def burst(self, count, kept):
        """Add entries, and trim the stream, before anybody reads them."""
        pipe = self.redis.db.pipeline(True)
        for n in range(count):
            pipe.xadd(KEY, {"data": str(n)})
        pipe.xtrim(KEY, maxlen=kept, approximate=False).execute()

    def gap(self, stream, id=None):
        event = stream.next_event()
        self.assertEqual((event.type, event.id), ("gap", id), event)
        return json.loads(event.data)


class Entries(Relay):
    def test_an_event_has_the_id_of_its_entry_and_the_hash_of_all_fields(self):
        relay = self.launch()
        stream = self.follow(relay)
        ids = self.redis.add("one", "two\nlines", nonce="7")
        events = [stream.next_event() for _ in ids]
        self.assertEqual([(e.id, e.data, e.type) for e in events],
                         list(zip(ids, ["one", "two\nlines"], [None, None])))

    def test_an_entry_without_data_is_a_json_object_of_its_other_fields(self):
        relay = self.launch()
        stream = self.follow(relay)
        self.redis.db.xadd(KEY, {"a": 'q"\\', b"b\xff": b"\xc3\xa9\n\xff", "tag": "t", "nonce": "1"})
        self.assertEqual(json.loads(stream.next_event().data), {"a": 'q"\\', "b\ufffd": "\u00e9\n\ufffd"})

    def test_an_entry_can_be_empty(self):
        for _ in range(20):
            self.redis.db.xadd(KEY, {"": ""})
        relay = self.launch()
        self.assertEqual(self.metric(relay, "log_entries"), 20)

    def test_a_type_that_is_none_or_has_a_meaning_already_is_left_out(self):
        relay = self.launch()
        stream = self.follow(relay)
        for name in ("news", "gap", "place", "retry", "a\nb", "x" * 257):
            self.redis.add("x", event=name)
        self.assertEqual([stream.next_event().type for _ in range(6)], ["news"] + 5 * [None])

    def test_an_entry_that_is_larger_than_the_history_is_told_with_its_id(self):
        relay = self.launch("--history-bytes", 4096)
        stream = self.follow(relay)
        first, = self.redis.add("x")
        big, = self.redis.add("y" * 5000)
        self.redis.add("z")
        self.assertEqual(stream.next_event().data, "x")
        event = stream.next_event()
        self.assertEqual((event.type, event.id, json.loads(event.data)["reason"]), ("gap", big, "too-big"))
        self.assertEqual(stream.next_event().data, "z")
        for _ in range(40):
            self.redis.add("w" * 200)
        back = self.follow(relay, first)
        self.assertEqual(back.next_event().id, big)

    def test_each_stream_has_clients_of_its_own(self):
        relay = self.launch("--stream", "a", "--stream", "b", live=False)
        self.assertTrue(wait_for(lambda: self.get(relay, "/readyz") == (200, "ready\n")))
        a, b = (self.follow(relay, path="/events?stream=" + key) for key in "ab")
        self.redis.add("for a", key="a")
        self.redis.add("for b", key="b")
        self.assertEqual((self.data(a, 1), self.data(b, 1)), (["for a"], ["for b"]))
        for path in ("/events", "/events?stream=c"):
            self.assertEqual(self.ask(relay, path).status, 404)


class Table(Relay):
    """A client that comes back: each row."""

    def test_an_id_in_the_log_joins(self):
        relay = self.launch()
        ids = self.publish(relay, "1", "2", "3")
        stream = self.follow(relay, ids[0])
        self.assertEqual(self.data(stream, 2), ["2", "3"])
        self.assertEqual(self.metric(relay, "resumes_total", **{"from": "log"}), 1)
        self.assertEqual(self.metric(relay, "pages_total"), 0)

    def test_an_id_that_the_log_has_dropped_is_served_from_redis_until_it_meets_the_log(self):
        relay = self.launch("--history", 5)
        ids = self.publish(relay, *map(str, range(300)))
        stream = self.follow(relay, ids[0])
        got = self.data(stream, 150)
        self.redis.add(*map(str, range(300, 400)))
        self.assertEqual(got + self.data(stream, 249), list(map(str, range(1, 400))))
        self.redis.add("live")
        self.assertEqual(self.data(stream, 1), ["live"])
        self.assertEqual(self.metric(relay, "resumes_total", **{"from": "redis"}), 1)
        self.assertGreater(self.metric(relay, "pages_total"), 2)
        self.assertEqual(self.metric(relay, "gaps_total"), 0)

    def test_entries_larger_than_a_page_are_served_from_redis_too(self):
        relay = self.launch("--history", 1)
        ids = self.publish(relay, "0", *(c * 100000 for c in "abcdef"), "end")
        stream = self.follow(relay, ids[0])
        self.assertEqual([text[:1] for text in self.data(stream, 7)], list("abcdef") + ["e"])

    def add_long(self, count):
        for _ in range(count):
            self.redis.db.xadd(KEY, {"data": "x" * 2**18})

    def note_reads(self):
        self.redis.db.config_set("slowlog-max-len", 10000)
        self.redis.db.config_set("slowlog-log-slower-than", 0)

    def counts(self):
        """How many entries each read since then has asked for."""
        reads = [entry["command"].split() for entry in self.redis.db.slowlog_get(10000)]
        return [int(words[-1]) for words in reads if words[0] in (b"XRANGE", b"XREVRANGE")]

    def test_long_entries_are_read_few_at_a_time(self):
        last = self.redis.add("0")[0]
        self.add_long(64)
        self.note_reads()
        relay = self.launch()
        stream = self.follow(relay, last)
        self.assertEqual([len(text) for text in self.data(stream, 64)], 64 * [2**18])
        self.redis.db.client_kill_filter(_type="normal")
        self.add_long(20)
        self.assertEqual(len(self.data(stream, 20)), 20)
        counts = self.counts()
        self.assertGreater(len(counts), 20)
        self.assertLessEqual(max(counts), 17)

    def test_what_is_read_for_a_client_goes_by_the_length_of_what_it_reads(self):
        first, = self.redis.add("first")
        self.add_long(30)
        short, = self.redis.add("short")
        pipe = self.redis.db.pipeline(False)
        for n in range(3000):
            pipe.xadd(KEY, {"data": "x"})
        pipe.execute()
        relay = self.launch("--history", 5)
        self.note_reads()
        self.assertEqual(len(self.data(self.follow(relay, first), 30)), 30)
        self.assertLessEqual(max(self.counts()[-30:]), 9)
        self.add_long(1)
        pages = self.metric(relay, "pages_total")
        self.assertEqual(len(self.data(self.follow(relay, short), 3001)), 3001)
        self.assertLess(self.metric(relay, "pages_total") - pages, 100)

    def test_silence_does_not_make_entries_short(self):
        relay = self.launch("--window", 1)
        self.add_long(8)
        self.redis.add("short")
        self.assertTrue(wait_for(lambda: self.metric(relay, "entries_total") == 9))
        self.note_reads()
        turns = self.metric(relay, "turns_total")
        self.assertTrue(wait_for(lambda: self.metric(relay, "turns_total") >= turns + 3))
        self.assertEqual(len(set(self.counts())), 1)

    def test_a_client_that_reads_nothing_of_its_pages_costs_the_others_nothing(self):
        relay = self.launch("--history", 4)
        ids = self.publish(relay, *(40 * ["x" * 60000]))
        request = "GET /events HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: %s\r\n\r\n" % ids[0]
        slow = [self.raw(relay, request.encode(), receive_buffer=4096) for _ in range(5)]
        stream = self.follow(relay)
        for n in range(20):
            self.redis.add(str(n))
            self.assertEqual(self.data(stream, 1), [str(n)])
        for s in slow:
            s.close()

    def test_an_id_with_another_hash_is_told_of_another_history(self):
        relay = self.launch()
        ids = self.publish(relay, "1", "2")
        last = ids[0][:-16] + "0123456789abcdef"
        stream = self.follow(relay, last)
        self.assertEqual(self.gap(stream), {"reason": "history", "last": last, "resume": ids[0],
                                            "missed": None, "withdrawn": None})
        self.assertEqual(self.data(stream, 2), ["1", "2"])

    def lose_two(self, relay):
        """Have Redis forget the last two of five entries, and get another one."""
        ids = self.publish(relay, "1", "2", "3")
        self.redis.db.save()
        ids += self.redis.add("4", "5")
        stream = self.follow(relay, ids[0])
        self.assertEqual(self.data(stream, 4), ["2", "3", "4", "5"])
        self.redis.kill()
        self.redis.start()
        return ids, stream

    def test_entries_that_redis_has_lost_are_withdrawn_from_each_client_that_had_them(self):
        relay = self.launch()
        ids, stream = self.lose_two(relay)
        self.assertEqual(stream.next_event().type, "retry")
        new, = self.redis.add("6")
        for last, withdrawn in ((ids[3], 1), (ids[4], 2)):
            back = self.follow(relay, last)
            told = self.gap(back, ids[2])
            self.assertEqual((told["reason"], told["last"], told["withdrawn"]), ("phantom", last, withdrawn))
            self.assertIn(told["resume"], (new, None))
            self.assertEqual(told["missed"], 0)
            self.assertEqual(self.data(back, 1), ["6"])
        kept = self.follow(relay, ids[2])
        self.assertEqual(self.data(kept, 1), ["6"])
        self.assertEqual(self.metric(relay, "forks_total", result="cut"), 1)
        self.assertEqual((self.metric(relay, "phantoms_total"), self.metric(relay, "drains_total")), (2, 1))
        self.assertIn("withdrawn: 2 entries after " + ids[2], self.log(relay))

    def test_a_client_is_told_of_a_gap_once(self):
        relay = self.launch()
        ids, _ = self.lose_two(relay)
        self.assertEqual(self.gap(self.follow(relay, ids[4]), ids[2])["resume"], None)
        back = self.follow(relay, ids[2])
        new, = self.publish(relay, "6")
        self.assertEqual(self.data(back, 1), ["6"])
        self.redis.db.xtrim(KEY, maxlen=0, approximate=False)
        self.assertEqual(self.gap(self.follow(relay, "5-1.0123456789abcdef"), new)["reason"], "flushed")
        back = self.follow(relay, new)
        self.redis.add("7")
        self.assertEqual(self.data(back, 1), ["7"])
        self.assertEqual(self.metric(relay, "gaps_total"), 2)

    def test_after_a_gap_that_nothing_follows_the_next_one_is_told_too(self):
        relay = self.launch()
        last = self.publish(relay, "a", "b")[1]
        self.redis.db.xtrim(KEY, maxlen=0, approximate=False)
        stream = self.follow(relay, "5-1.0123456789abcdef")
        self.assertEqual(self.gap(stream, last)["resume"], None)
        pages = self.metric(relay, "pages_total")
        self.burst(10, 3)
        self.assertEqual(self.gap(stream)["missed"], 7)
        self.assertEqual(self.data(stream, 3), ["7", "8", "9"])
        self.assertLessEqual(self.metric(relay, "pages_total") - pages, 1)

    def test_a_stream_that_is_emptied_twice_is_told_each_time(self):
        relay = self.launch()
        last, = self.publish(relay, "a")
        for _ in range(2):
            self.redis.db.flushall()
            self.assertTrue(wait_for(lambda: self.metric(relay, "log_entries") == 0))
            event = self.follow(relay, last).next_event()
            self.assertEqual((event.type, event.id), ("gap", None))
            self.publish(relay, "b", "c")
            self.redis.db.flushall()
            self.redis.db.xadd(KEY, {"data": "d"})
            self.assertTrue(wait_for(lambda: self.metric(relay, "log_entries") == 1))
            self.assertEqual(self.follow(relay, last).next_event().type, "gap")

    def test_the_first_entry_after_a_gap_is_the_one_that_it_names_however_long(self):
        relay = self.launch("--history", 2)
        over = threading.Event()
        self.addCleanup(over.set)

        def write():
            n = 0
            while not over.wait(0.001):
                self.redis.db.xadd(KEY, {"data": "%d" % n + "x" * 60000}, maxlen=5, approximate=False)
                n += 1
        thread = threading.Thread(target=write)
        thread.start()
        self.assertTrue(wait_for(lambda: self.metric(relay, "entries_total") > 5))
        for _ in range(20):
            stream = self.follow(relay, "5-1.0123456789abcdef")
            self.assertEqual(self.gap(stream)["resume"], stream.next_event().id)
        over.set()
        thread.join()

    def test_the_beginning_of_a_stream_is_proved_by_the_answer_that_is_served(self):
        """What is trimmed right after it is told."""
        link = Link(self, self.redis.port)
        link.seen = lambda text: b"XINFO" in text and b"0-0" in text and asked.append(text)
        link.heard = lambda text: len(asked) == 1 and (asked.append(0), self.redis.db.xtrim(KEY, maxlen=1,
                                                                                        approximate=False))
        asked = []
        self.redis.add("1", "2", "3")
        relay = self.launch("--history", 1, to=link)
        stream = self.follow(relay, "0-0.0000000000000000")
        self.assertEqual(self.data(stream, 3), ["1", "2", "3"])
        self.assertEqual(len(asked), 2)

    def test_an_id_above_all_others_is_waited_for_and_is_then_a_phantom(self):
        relay = self.launch()
        self.publish(relay, "1")
        began = time.monotonic()
        stream = self.follow(relay, "9999999999999-0.0123456789abcdef")
        self.assertEqual(self.gap(stream)["reason"], "phantom")
        self.assertGreater(time.monotonic() - began, 1.9)
        self.assertEqual(self.data(stream, 1), ["1"])
        self.assertEqual(self.metric(relay, "gaps_unneeded_total"), 0)

    def test_an_id_above_all_others_has_redis_asked_no_more_often_where_much_comes(self):
        relay = self.launch()
        self.redis.add("1")
        stream = self.follow(relay, "9999999999999-0.0123456789abcdef")
        while self.metric(relay, "gaps_total") == 0:
            self.redis.add("x")
        self.assertEqual(self.gap(stream)["reason"], "phantom")
        self.assertLess(self.metric(relay, "pages_total"), 40)

    def test_an_id_that_comes_in_time_is_no_phantom(self):
        relay = self.launch()
        self.publish(relay, "1")
        later = "9999999999999-0"
        stream = self.follow(relay, "%s.%016x" % (later, fnv([b"data", b"2"])))
        time.sleep(0.2)
        self.redis.db.xadd(KEY, {"data": "2"}, id=later)
        self.redis.db.xadd(KEY, {"data": "3"})
        self.assertEqual(self.data(stream, 1), ["3"])
        self.assertEqual(self.metric(relay, "gaps_total"), 0)

    def test_an_id_between_others_is_a_phantom_where_nothing_was_deleted(self):
        relay = self.launch()
        ids = self.publish(relay, "1")
        time.sleep(0.002)
        self.publish(relay, "2")
        ms = int(ids[0].split("-")[0])
        stream = self.follow(relay, "%d-7.0123456789abcdef" % ms)
        self.assertEqual(self.gap(stream)["reason"], "phantom")
        self.assertEqual(self.data(stream, 2), ["1", "2"])

    def test_an_id_that_may_have_been_deleted_is_told_as_that(self):
        relay = self.launch("--history", 1)
        ids = self.publish(relay, "1", "2", "3")
        self.redis.db.xdel(KEY, ids[1].split(".")[0])
        stream = self.follow(relay, ids[1])
        self.assertEqual(self.gap(stream)["reason"], "deleted-or-phantom")
        self.assertEqual(self.data(stream, 2), ["1", "3"])

    def test_an_id_below_the_first_entry_was_trimmed(self):
        relay = self.launch("--history", 1)
        ids = self.publish(relay, "1", "2", "3")
        self.redis.db.xtrim(KEY, maxlen=2, approximate=False)
        stream = self.follow(relay, ids[0])
        told = self.gap(stream)
        self.assertEqual((told["reason"], told["resume"]), ("trimmed", ids[1]))
        self.assertEqual(self.data(stream, 2), ["2", "3"])

    def test_an_id_of_a_stream_without_entries_is_told_of_a_flush(self):
        relay = self.launch()
        stream = self.follow(relay, "5-1.0123456789abcdef")
        self.assertEqual(self.gap(stream),
                         {"reason": "flushed", "last": "5-1.0123456789abcdef", "resume": None, "missed": None,
                          "withdrawn": None})
        self.redis.add("1")
        self.assertEqual(self.data(stream, 1), ["1"])

    def test_an_id_of_another_kind_is_told_as_that(self):
        relay = self.launch()
        ids = self.publish(relay, "1")
        for last in ("8a5c0f3b91d2e647-42", "5-1", "5-1.0123456789ABCDEF", "x" * 500):
            stream = self.follow(relay, last)
            told = self.gap(stream)
            self.assertEqual((told["reason"], told["last"], told["resume"]), ("unknown-id", None, ids[0]))
            self.assertEqual(self.data(stream, 1), ["1"])

    def test_many_gaps_are_few_lines_of_the_log(self):
        relay = self.launch()
        self.publish(relay, "1")
        for n in range(1, 51):
            self.gap(self.follow(relay, "5-%d.0123456789abcdef" % n))
        self.assertEqual(self.metric(relay, "gaps_total", reason="trimmed"), 50)
        time.sleep(1)
        self.gap(self.follow(relay, "5-51.0123456789abcdef"))
        lines = [line for line in self.log(relay).splitlines() if "gap trimmed" in line]
        self.assertIn("gap trimmed for 5-1.0123456789abcdef", lines[0])
        self.assertRegex(lines[-1], "gap trimmed for 5-51.0123456789abcdef, and [0-9]+ before it")
        self.assertEqual(sum(1 + int((re.findall("and ([0-9]+) before", line) or [0])[0]) for line in lines), 51)
        self.assertLess(len(lines), 20)

    def test_a_place_is_an_id_from_which_nothing_is_missed(self):
        relay = self.launch("--history", 2)
        empty = self.follow(relay).place
        ids = self.publish(relay, "1", "2", "3", "4")
        stream = self.follow(relay, empty)
        self.assertEqual(self.data(stream, 4), ["1", "2", "3", "4"])
        self.assertEqual(self.follow(relay).place, ids[3])

    def test_with_close_a_gap_makes_the_client_forget_its_id_and_ends(self):
        relay = self.launch("--on-gap", "close")
        self.publish(relay, "1")
        stream = self.follow(relay, "5-1.0123456789abcdef")
        event = stream.next_event()
        self.assertEqual((event.type, event.id, json.loads(event.data)["reason"]), ("gap", "", "trimmed"))
        self.assertIsNone(stream.next_event())

    def test_with_close_a_hole_in_the_middle_of_a_stream_ends_it_too(self):
        relay = self.launch("--on-gap", "close")
        last, = self.publish(relay, "1")
        stream = self.follow(relay)
        self.burst(10, 3)
        self.assertEqual(stream.next_event().type, "retry")
        self.assertIsNone(stream.next_event())
        event = self.follow(relay, last).next_event()
        self.assertEqual((event.type, event.id, json.loads(event.data)["reason"]), ("gap", "", "trimmed"))
        self.assertEqual((self.metric(relay, "holes_total"), self.metric(relay, "hole_entries_total")), (1, 7))
        self.assertIn("hole: 7 entries", self.log(relay))

    def test_a_client_that_lags_by_more_than_the_history_is_cut_and_then_served_from_redis(self):
        relay = self.launch("--history", 3, "--history-bytes", 300000)
        ids = self.publish(relay, "0")
        lagging = self.raw(relay, ("GET /events HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: %s\r\n\r\n" %
                                   ids[0]).encode(), receive_buffer=4096)
        self.assertTrue(wait_for(lambda: self.metric(relay, "resumes_total") == 1))
        self.redis.add(*(80 * ["x" * 90000]))
        lagging.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        while lagging.recv(1 << 20):
            pass
        self.assertEqual(self.metric(relay, "lagged_total"), 1)
        stream = self.follow(relay, ids[0])
        self.assertEqual({len(text) for text in self.data(stream, 80)}, {90000})
        self.assertEqual(self.metric(relay, "gaps_total"), 0)


class Filters(Relay):
    def test_a_client_gets_the_tags_that_it_names_and_what_has_none(self):
        relay = self.launch("--history", 2)
        stream = self.follow(relay, path="/events?tag=a&tag=b%20c")
        first, = self.publish(relay, "1", tag="a")
        self.publish(relay, "2", tag="x")
        self.publish(relay, "3", tag="b c")
        self.publish(relay, "4")
        self.assertEqual(self.data(stream, 3), ["1", "3", "4"])
        back = self.follow(relay, first, path="/events?tag=a&tag=b%20c")
        self.assertEqual(self.data(back, 2), ["3", "4"])

    def test_a_client_whose_filter_hides_all_comes_back_without_a_gap(self):
        relay = self.launch("--history", 1, "--heartbeat", 1)
        stream = self.follow(relay, path="/events?tag=a")
        began = stream.place
        self.redis.add(*("1234"), tag="b")
        self.assertTrue(wait_for(lambda: stream.next() is not None and stream.place != began))
        self.redis.db.xtrim(KEY, maxlen=1, approximate=False)
        back = self.follow(relay, stream.place, path="/events?tag=a")
        self.redis.add("5", tag="a")
        self.assertEqual(self.data(back, 1), ["5"])

    def test_a_place_does_not_go_back_before_an_entry_that_was_deleted(self):
        relay = self.launch("--heartbeat", 1)
        stream = self.follow(relay, path="/events?tag=a")
        before, = self.redis.add("1", tag="b")
        deleted, = self.redis.add("2", tag="a")
        self.assertEqual(self.data(stream, 1), ["2"])
        self.redis.db.xdel(KEY, deleted.split(".")[0])
        self.redis.db.client_kill_filter(_type="normal")
        self.assertTrue(wait_for(lambda: self.metric(relay, "forks_total", result="match") == 1))
        time.sleep(2.2)
        new, = self.redis.add("3", tag="b")
        places = []
        while new not in places:
            event = stream.block()
            places += [event.id] if event.type == "place" else []
        self.assertNotIn(before, places)

    def test_another_field_can_be_the_filter(self):
        relay = self.launch("--filter", "topic")
        stream = self.follow(relay, path="/events?topic=a")
        self.redis.add("1", topic="b")
        self.redis.add("2", topic="a")
        self.assertEqual(self.data(stream, 1), ["2"])

    def test_a_field_whose_name_has_a_meaning_already_is_no_filter(self):
        for name in ("stream", "data", "a b", ""):
            done = subprocess.run([self.path, "--redis", "127.0.0.1:1", "--stream", KEY, "--filter", name],
                                  stderr=subprocess.PIPE, text=True, timeout=LIMIT)
            self.assertEqual(done.returncode, 1)
            self.assertIn("bad value for --filter", done.stderr)

    def test_a_user_gets_what_is_for_that_user_alone(self):
        relay = self.launch("--user-field", "user", "--history", 1)
        ann = self.follow(relay, headers={"X-User": "ann"})
        ids = self.publish(relay, "1", user="ann")
        self.redis.add("2", user="bob")
        self.redis.add("3")
        self.redis.add("4", user="ann")
        self.assertEqual(self.data(ann, 3), ["1", "3", "4"])
        self.assertEqual(self.data(self.follow(relay, ids[0], headers={"X-User": "bob"}), 2), ["2", "3"])
        self.assertEqual(self.ask(relay, "/events?user=bob").status, 403)
        for users in ("ann", "bob"), ("", "ann"), ("",):
            head = "".join("X-User: %s\r\n" % user for user in users)
            with self.raw(relay, ("GET /events HTTP/1.1\r\nHost: localhost\r\n%s\r\n" % head).encode()) as s:
                self.assertIn(b" 403 ", s.recv(4096), users)

    def test_of_entries_that_wait_only_the_newest_of_a_key_is_sent(self):
        relay = self.launch()
        ids = self.publish(relay, "0")
        for n in range(1, 6):
            self.redis.db.xadd(KEY, {"data": str(n), "key": "k%d" % (n % 2)})
        self.assertTrue(wait_for(lambda: self.metric(relay, "log_entries") == 6))
        self.assertEqual(self.data(self.follow(relay, ids[0], path="/events?latest=1"), 2), ["4", "5"])


class States(Relay):
    """What Redis does, and what clients notice of it."""

    def setUp(self):
        super().setUp()
        self.ids = self.redis.add("1", "2")
        self.relay = self.launch("--history", 100)
        self.stream = self.follow(self.relay)

    def nobody_notices(self):
        self.redis.add("next")
        self.assertEqual(self.data(self.stream, 1), ["next"])
        self.assertEqual((self.metric(self.relay, "drains_total"), self.metric(self.relay, "gaps_total")), (0, 0))

    def test_a_client_that_goes_while_it_waits_is_noticed(self):
        self.redis.db.set(KEY, "text")
        self.becomes(self.relay, "LOST")
        before = self.metric(self.relay, "waiting")
        waiting = [self.follow(self.relay, place=False) for _ in range(5)]
        self.assertEqual(self.metric(self.relay, "waiting"), before + 5)
        for stream in waiting:
            stream.connection.close()
            stream.answer.close()
        self.assertTrue(wait_for(lambda: self.metric(self.relay, "waiting") == before))

    def test_a_broken_connection_is_no_loss(self):
        self.redis.db.client_kill_filter(_type="normal")
        self.assertTrue(wait_for(lambda: self.metric(self.relay, "forks_total", result="match") == 1))
        self.nobody_notices()

    def test_a_restart_that_loses_nothing_is_not_noticed(self):
        self.redis.db.save()
        self.redis.kill()
        self.becomes(self.relay, "LOST")
        self.assertEqual(self.get(self.relay, "/readyz"), (503, "not ready\n"))
        self.redis.start()
        self.becomes(self.relay, "LIVE")
        self.nobody_notices()

    def test_a_demotion_ends_what_is_verified_and_a_promotion_is_compared(self):
        other = Server(self)
        other.db.replicaof("127.0.0.1", self.redis.port)
        self.assertTrue(wait_for(lambda: other.db.info("replication").get("master_link_status") == "up"))
        self.nobody_notices()
        self.assertTrue(wait_for(lambda: other.db.xlen(KEY) == 3))
        self.redis.db.replicaof("127.0.0.1", other.port)
        self.becomes(self.relay, "LOST")
        self.assertRegex(self.log(self.relay), "LOST: .*(UNBLOCKED|no primary)")
        self.redis.db.replicaof("NO", "ONE")
        self.becomes(self.relay, "LIVE")
        self.nobody_notices()

    def is_sent_away(self, reason=None):
        self.assertEqual(self.stream.next_event().type, "retry")
        self.assertIsNone(self.stream.next_event())
        self.assertEqual(self.metric(self.relay, "drains_total"), 1)
        self.assertEqual(self.metric(self.relay, "forks_total", result="none"), 1)

    def test_flushall_is_found_by_the_next_turn(self):
        self.redis.db.flushall()
        self.is_sent_away()
        back = self.follow(self.relay, self.ids[1])
        self.assertEqual(self.gap(back)["reason"], "flushed")
        self.redis.add("new")
        self.assertEqual(self.data(back, 1), ["new"])

    def test_rename_is_found_by_the_next_turn(self):
        self.redis.db.rename(KEY, "elsewhere")
        self.is_sent_away()

    def test_a_stream_that_is_made_anew_with_lower_ids_is_found(self):
        self.redis.db.pipeline(True).delete(KEY).xadd(KEY, {"data": "low"}, id="5-1").execute()
        self.is_sent_away()
        back = self.follow(self.relay, self.ids[1])
        self.assertEqual(self.gap(back)["reason"], "phantom")
        self.assertEqual(self.data(back, 1), ["low"])

    def test_a_stream_that_is_made_anew_with_higher_ids_is_found(self):
        pipe = self.redis.db.pipeline(True).delete(KEY)
        for n in range(5):
            pipe.xadd(KEY, {"data": str(n)}, id="9999999999999-%d" % n)
        pipe.execute()
        self.is_sent_away()
        back = self.follow(self.relay, self.ids[1])
        self.assertEqual(self.gap(back)["reason"], "trimmed")
        self.assertEqual(self.data(back, 5), list("01234"))

    def test_trimming_what_was_read_is_not_noticed(self):
        self.redis.db.xtrim(KEY, maxlen=0, approximate=False)
        time.sleep(1.2)
        self.nobody_notices()
        self.redis.db.xtrim(KEY, maxlen=0, approximate=False)
        self.redis.add("and on")
        self.assertEqual(self.data(self.stream, 1), ["and on"])

    def test_what_was_trimmed_before_it_was_read_is_told_with_its_number(self):
        self.burst(10, 3)
        told = self.gap(self.stream)
        self.assertEqual((told["reason"], told["last"], told["missed"], told["withdrawn"]),
                         ("trimmed", self.ids[1], 7, 0))
        events = [self.stream.next_event() for _ in range(3)]
        self.assertEqual(([e.data for e in events], events[0].id), (["7", "8", "9"], told["resume"]))
        self.assertEqual((self.metric(self.relay, "holes_total"), self.metric(self.relay, "hole_entries_total")),
                         (1, 7))

    def test_a_right_that_is_missing_for_transactions_is_named(self):
        self.redis.db.execute_command("ACL", "SETUSER", "default", "-multi")
        self.redis.db.client_kill_filter(_type="normal", skipme=True)
        self.becomes(self.relay, "LOST")
        self.assertTrue(wait_for(lambda: "LOST: NOPERM" in self.log(self.relay)), self.log(self.relay))

    def test_what_was_deleted_before_it_was_read_is_not_told_as_missed(self):
        pipe = self.redis.db.pipeline(True)
        pipe.xadd(KEY, {"data": "deleted"}, id="9000000000000-1").xdel(KEY, "9000000000000-1")
        pipe.xadd(KEY, {"data": "read"}, id="9000000000000-2").execute()
        self.assertEqual(self.data(self.stream, 1), ["read"])
        for number in (None, 2):  # from the next hole on, it is known again
            pipe = self.redis.db.pipeline(True)
            for n in range(3):
                pipe.xadd(KEY, {"data": str(n)})
            pipe.xtrim(KEY, maxlen=1, approximate=False).execute()
            told = self.gap(self.stream)
            self.assertEqual((told["reason"], told["missed"]), ("trimmed", number))
            self.assertEqual(self.data(self.stream, 1), ["2"])

    def test_an_entry_that_is_deleted_takes_nothing_back(self):
        for place in (1, 0):
            self.redis.db.xdel(KEY, self.ids[place].split(".")[0])
            time.sleep(1.2)
            self.nobody_notices()
        self.redis.db.client_kill_filter(_type="normal")
        self.assertTrue(wait_for(lambda: self.metric(self.relay, "forks_total", result="match") == 2))
        self.nobody_notices()
        back = self.follow(self.relay, self.ids[1])
        self.assertEqual(self.data(back, 3), 3 * ["next"])

    def test_an_entry_that_was_read_and_deleted_is_not_counted_as_missed(self):
        self.redis.db.xdel(KEY, self.ids[1].split(".")[0])
        self.assertTrue(wait_for(lambda: self.metric(self.relay, "forks_total", result="match") == 1))
        self.redis.db.xtrim(KEY, maxlen=0, approximate=False)
        time.sleep(1.2)
        self.nobody_notices()

    def test_the_last_id_that_redis_can_give_is_an_id_like_others(self):
        self.redis.db.xadd(KEY, {"data": "end"}, id="%d-%d" % (2**64 - 1, 2**64 - 1))
        last = self.stream.next_event()
        self.assertEqual(last.data, "end")
        self.redis.db.xtrim(KEY, maxlen=0, approximate=False)
        time.sleep(1.2)
        self.assertEqual(self.metric(self.relay, "lost_total"), 0, self.log(self.relay))
        self.follow(self.relay, last.id)
        self.assertTrue(wait_for(lambda: self.metric(self.relay, "resumes_total", **{"from": "log"}) == 1))

    def test_a_phantom_that_redis_has_again_is_none(self):
        late, = self.redis.add("3")
        self.assertEqual(self.data(self.stream, 1), ["3"])
        entries = self.redis.db.xrange(KEY)
        dump = self.redis.db.dump(KEY)
        pipe = self.redis.db.pipeline(True).delete(KEY)
        for number, fields in entries[:2]:
            pipe.xadd(KEY, fields, id=number)
        pipe.execute()
        self.assertEqual(self.stream.next_event().type, "retry")
        self.assertEqual(self.metric(self.relay, "phantoms_total"), 1)
        self.redis.db.restore(KEY, 0, dump, replace=True)
        self.redis.add("4")
        self.assertEqual(self.data(self.follow(self.relay, late), 1), ["4"])
        self.assertEqual(self.metric(self.relay, "gaps_total"), 0)

    def test_a_key_of_another_type_is_waited_for(self):
        self.redis.db.set(KEY, "text")
        self.becomes(self.relay, "LOST")
        self.assertIn("WRONGTYPE", self.log(self.relay))
        self.redis.db.delete(KEY)
        self.is_sent_away()

    def test_a_right_that_is_revoked_is_told_once(self):
        self.redis.db.execute_command("ACL", "SETUSER", "default", "-info")
        self.becomes(self.relay, "LOST")
        self.assertTrue(wait_for(lambda: self.metric(self.relay, "lost_total") >= 5))
        for word in "NOPERM", "FORK":
            self.assertEqual(self.log(self.relay).count(word), 1, self.log(self.relay))
        self.redis.db.execute_command("ACL", "SETUSER", "default", "+info")
        self.becomes(self.relay, "LIVE")
        self.nobody_notices()


    def test_a_server_that_takes_no_more_clients_is_told_as_that(self):
        self.redis.db.config_set("maxclients", 1)
        self.redis.db.client_kill_filter(_type="normal", skipme=True)
        self.assertTrue(wait_for(lambda: "LOST: ERR max number of clients reached" in self.log(self.relay)),
                        self.log(self.relay))
        self.redis.db.config_set("maxclients", 100)
        self.becomes(self.relay, "LIVE")
        self.nobody_notices()


class Descriptors(Relay):
    def test_clients_leave_redis_the_descriptors_that_it_needs(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_NOFILE, (110, 110))

        relay = self.launch(preexec_fn=limit)
        self.assertIn("11 clients at most", self.log(relay))
        clients = [self.follow(relay) for _ in range(11)]
        self.assertEqual(self.ask(relay, "/events").status, 503)
        idle = [socket.create_connection(("127.0.0.1", relay.port)) for _ in range(110)]
        self.redis.db.client_kill_filter(_type="normal")
        self.redis.add("1")
        self.assertEqual(self.data(clients[0], 1), ["1"])
        for s in idle:
            s.close()


class Link:
    """Passes on what a relay and Redis say to each other. `seen` is called with what the relay says,
    before Redis gets it, `heard` with what Redis says; `rest` is the time after each piece of an answer."""

    def __init__(self, test, port):
        self.seen, self.heard, self.rest, self.to = (lambda text: None), (lambda text: None), 0, port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        test.addCleanup(self.listener.close)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                relay = self.listener.accept()[0]
            except OSError:
                return
            db = socket.create_connection(("127.0.0.1", self.to))
            for pair in ((relay, db, True), (db, relay, False)):
                threading.Thread(target=self.pass_on, args=pair, daemon=True).start()

    def pass_on(self, here, there, is_relay):
        try:
            while text := here.recv(65536):
                (self.seen if is_relay else self.heard)(text)
                there.sendall(text)
                if not is_relay:
                    time.sleep(self.rest)
        except OSError:
            pass
        for end in (here, there):
            end.close()


class Slow(Relay):
    def test_an_answer_that_takes_longer_than_a_silence_may_is_read_to_its_end(self):
        link = Link(self, self.redis.port)
        relay = self.launch(to=link)
        stream = self.follow(relay)
        link.rest = 0.2
        self.redis.add("x" * 2**19)
        self.assertEqual(len(stream.next_event().data), 2**19)
        self.assertEqual(self.metric(relay, "lost_total"), 0)


class Turns(Relay):
    """What becomes due in the same turn."""

    def test_a_client_that_is_sent_away_is_given_no_place_in_the_new_log(self):
        self.redis.add("1", "2", tag="b")
        link = Link(self, self.redis.port)
        relay = self.launch("--heartbeat", 1, "--spread", 1000, to=link)
        stream = self.follow(relay, path="/events?tag=a")
        begun = stream.place

        def pause(text):
            if b"XREVRANGE" in text:  # of the new log; its answer meets a place that is due
                relay.send_signal(signal.SIGSTOP)
                threading.Timer(1.2, relay.send_signal, (signal.SIGCONT,)).start()

        link.seen = pause
        self.redis.db.pipeline(True).delete(KEY).xadd(KEY, {"data": "low", "tag": "a"}, id="5-1").execute()
        self.assertEqual(stream.next_event().type, "retry")
        self.assertEqual(stream.place, begun)
        self.assertEqual(self.gap(self.follow(relay, stream.place, path="/events?tag=a"))["reason"], "phantom")


class Starting(Relay):
    args = ("--requirepass", "secret")

    def test_without_the_password_it_says_so_and_clients_wait(self):
        relay = self.launch("--heartbeat", 1, live=False)
        self.assertTrue(wait_for(lambda: "NOAUTH" in self.log(relay)))
        stream = self.follow(relay, place=False)
        self.assertEqual([stream.next().comment for _ in range(2)], ["", ""])
        self.redis.db.auth("secret")
        self.redis.db.config_set("requirepass", "")
        self.assertTrue(stream.begin())
        self.redis.add("1")
        self.assertEqual(self.data(stream, 1), ["1"])
        self.assertEqual(self.log(relay).count("CONNECT"), 2)

    def test_the_password_is_the_line_of_a_file(self):
        with tempfile.NamedTemporaryFile("w") as file:
            file.write("secret\n")
            file.flush()
            relay = self.launch("--password-file", file.name)
        self.assertEqual(self.get(relay, "/healthz"), (200, "ok\n"))


class Sentinels(Relay):
    def sentinel(self, port):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path, own = os.path.join(folder.name, "sentinel.conf"), free_port()
        with open(path, "w") as f:
            f.write("port %d\nbind 127.0.0.1\nsentinel monitor mymaster 127.0.0.1 %d 1\n"
                    "sentinel down-after-milliseconds mymaster 60000\n" % (own, port))
        process = subprocess.Popen(["redis-server", path, "--sentinel"], stdout=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        db = redis.Redis(port=own, socket_timeout=LIMIT)
        wait_for(lambda: self.answers(db))
        return db, "127.0.0.1:%d" % own

    def answers(self, db):
        try:
            return db.ping()
        except redis.exceptions.RedisError:
            return False

    def test_it_goes_where_most_of_them_point_and_only_there(self):
        other = Server(self)
        ids = self.redis.add("1", "2")
        other.db.replicaof("127.0.0.1", self.redis.port)
        self.assertTrue(wait_for(lambda: other.db.xlen(KEY) == 2))
        (one, a), (two, b) = self.sentinel(self.redis.port), self.sentinel(self.redis.port)
        relay = self.launch("--sentinel", a + "," + b)
        stream = self.follow(relay)
        other.db.replicaof("NO", "ONE")
        for number, db in enumerate((one, two)):
            db.execute_command("SENTINEL", "REMOVE", "mymaster")
            db.execute_command("SENTINEL", "MONITOR", "mymaster", "127.0.0.1", other.port, 1)
            if number == 0:
                time.sleep(1.2)
                self.assertEqual(self.metric(relay, "lost_total"), 0)
        self.assertTrue(wait_for(lambda: "primary " + other.address in self.log(relay), 8), self.log(relay))
        self.assertIn("the sentinels name " + other.address, self.log(relay))
        other.add("3")
        self.assertEqual(self.data(stream, 1), ["3"])
        self.assertEqual(self.metric(relay, "forks_total", result="match"), 1)


class Publishing(Relay):
    def post(self, relay, query="", body=b"text", **headers):
        connection = http.client.HTTPConnection("127.0.0.1", relay.port, timeout=2 * LIMIT)
        self.addCleanup(connection.close)
        connection.request("POST", "/publish" + query, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        return answer.status, json.loads(content) if content else None

    def test_what_is_published_comes_with_the_id_that_was_answered(self):
        relay = self.launch("--publish", "--max-len", 1000)
        stream = self.follow(relay)
        for body in (b"one", b"", "two\n\u00e9".encode(), b"x" * 65536):
            status, answer = self.post(relay, "?event=greeting&tag=a&key=k", body)
            self.assertEqual(status, 200, answer)
            event = stream.next_event()
            self.assertEqual((event.id, event.type, event.data.encode()), (answer["id"], "greeting", body))
        fields = self.redis.db.xrange(KEY)[0][1]
        self.assertEqual((fields[b"tag"], fields[b"key"], len(fields[b"nonce"])), (b"a", b"k", 32))
        self.assertEqual(self.metric(relay, "published_total", result="ok"), 4)

    def test_what_cannot_be_published_is_refused(self):
        relay = self.launch("--publish", "--cors", "http://a.example")
        for query, headers, body, status in (
                ("?stream=none", {}, b"x", 404), ("?event=a%0Ab", {}, b"x", 400),
                ("?event=gap", {}, b"x", 400),
                ("?tag=%zz", {}, b"x", 400), ("", {}, b"x" * 65537, 413),
                ("", {"Origin": "http://b.example"}, b"x", 403),
                ("", {"Origin": "http://a.example"}, b"x", 200),
                ("", {"Origin": "http://127.0.0.1:%d" % relay.port}, b"x", 200)):
            self.assertEqual(self.post(relay, query, body, **headers)[0], status, (query, headers))
        self.assertEqual(self.ask(relay, "/publish").status, 405)
        self.assertEqual(self.post(self.launch())[0], 404)
        self.assertEqual(self.redis.db.xlen(KEY), 2)

    def test_redis_says_why_it_takes_nothing(self):
        relay = self.launch("--publish")
        db = self.redis.db
        for name, value, error in (("min-replicas-to-write", "1", "NOREPLICAS"), ("maxmemory", "1", "OOM")):
            before = db.config_get(name)[name]
            db.config_set(name, value)
            self.assertEqual(self.post(relay), (503, {"error": error}))
            db.config_set(name, before)
        self.assertEqual(self.post(relay)[0], 200)
        self.redis.kill()
        self.becomes(relay, "LOST")
        self.assertEqual(self.post(relay), (503, {"error": "offline"}))

    def test_it_ends_while_redis_says_nothing(self):
        relay = self.launch("--publish")
        stream = self.follow(relay)
        self.redis.process.send_signal(signal.SIGSTOP)
        post = self.raw(relay, b"POST /publish HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx")
        time.sleep(0.2)
        relay.send_signal(signal.SIGTERM)
        self.assertEqual(stream.next_event().type, "retry")
        self.assertIn(b"503 Service Unavailable", post.recv(4096))
        self.assertEqual(relay.wait(LIMIT), 0)

    def test_with_wait_it_writes_before_it_waits_for_what_it_has_read(self):
        """Redis 7.2 and Valkey take WAIT on a connection that only reads for satisfied."""
        link, seen = Link(self, self.redis.port), []
        link.seen = seen.append
        other = Server(self)
        other.db.replicaof("127.0.0.1", self.redis.port)
        relay = self.launch("--wait", 1, to=link)
        self.redis.add("1", "2")
        self.assertTrue(wait_for(lambda: self.metric(relay, "entries_total") == 2))
        words = re.findall(rb"\b(?:PUBLISH|WAIT|XADD)\b", b"".join(seen))
        self.assertEqual(set(zip(words[::2], words[1::2])), {(b"PUBLISH", b"WAIT")})

    def test_with_wait_nothing_is_acknowledged_or_delivered_before_replicas_have_it(self):
        relay = self.launch("--publish", "--wait", 1, "--history", 100, live=False)
        self.becomes(relay, "LIVE")
        stream = self.follow(relay)
        status, answer = self.post(relay)
        self.assertEqual((status, answer["error"]), (503, "replicas"))
        self.assertTrue(wait_for(lambda: self.metric(relay, "unconfirmed_total") > 0))
        self.assertEqual(self.metric(relay, "entries_total"), 0)
        self.assertIn("fewer than 1 replicas confirm", self.log(relay))
        self.gone = [self.follow(relay, "5-1.0123456789abcdef") for _ in range(3)]
        pages = self.metric(relay, "pages_total")
        time.sleep(1)
        self.assertLess(self.metric(relay, "pages_total") - pages, 20)
        other = Server(self)
        other.db.replicaof("127.0.0.1", self.redis.port)
        event = stream.next_event()
        self.assertEqual((event.id, event.data), (answer["id"], "text"))
        self.assertTrue(wait_for(lambda: self.post(relay)[0] == 200))


if __name__ == "__main__":
    Program.folder = sys.argv.pop(1)
    unittest.main(verbosity=2)
