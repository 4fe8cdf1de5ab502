#!/usr/bin/env python3
"""The laptop version, and with it the configurations of examples/relay/operate, as a user runs them:
test_operate.py BUILD. Standard library, and curl for HTTP/2."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

import paths
from cluster import Process, port, written
from front import certificate, found

LIMIT = 90
NEEDED = {"redis-server": "redis-server", "redis-sentinel": "redis-sentinel", "curl": "curl", "openssl": "openssl",
          "haproxy": "haproxy", "nginx": "nginx-light"}


def until(what, condition):
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        got = condition()
        if got:
            return got
        time.sleep(0.1)
    raise AssertionError("waited %d s for %s" % (LIMIT, what))


class Stream:
    """Data and types of events that curl reads, in the order in which they came."""

    def __init__(self, url):
        self.path, self.url = os.path.join(Laptop.folder, "stream%d" % port()), url
        self.start()

    def start(self):
        with open(self.path, "wb") as out:
            self.curl = subprocess.Popen(["curl", "-skN", "--http2", "-D", self.path + ".head", self.url], stdout=out)

    def has_begun(self):
        """On a busy machine, the proxy may take the relays for dead at first, and end the stream."""
        if self.curl.poll() is not None:
            self.start()
        return len(self.numbers()) > 2

    def version(self):
        if not os.path.exists(self.path + ".head"):
            return None
        with open(self.path + ".head") as f:
            return f.read().split(" ")[0]

    def events(self):
        with open(self.path) as f:
            blocks = f.read().split("\n\n")[:-1]
        pairs = [(re.search(r"^event: (.*)$", b, re.M), re.search(r"^data: ?(.*)$", b, re.M)) for b in blocks]
        return [(t.group(1) if t else "message", d.group(1)) for t, d in pairs if d]

    def numbers(self):
        return [int(data) for type, data in self.events() if type == "message"]

    def stop(self):
        self.curl.kill()
        self.curl.wait()


class Laptop(unittest.TestCase):
    front = None

    @classmethod
    def setUpClass(cls):
        if cls.front is None:
            raise unittest.SkipTest("a base of others")
        cls.port = port()
        cls.url = "http://127.0.0.1:%d" % cls.port
        cls.laptop = subprocess.Popen([sys.executable, os.path.join(paths.TOP, "examples/relay/operate/laptop.py"),
                                       "--relay", os.path.join(BUILD, "sse-relay"), "--port", str(cls.port),
                                       "--front", cls.front], stdout=subprocess.PIPE, text=True)
        assert cls.laptop.stdout.readline() == "laptop: %s/\n" % cls.url
        cls.tls = re.search(r"https://localhost:\d+", cls.laptop.stdout.readline()).group()
        cls.own = cls.processes()

    @classmethod
    def tearDownClass(cls):
        if cls.laptop.poll() is None:
            cls.laptop.kill()
        cls.laptop.stdout.close()

    @classmethod
    def processes(cls):
        """What the laptop version has started."""
        with open("/proc/%d/task/%d/children" % (cls.laptop.pid, cls.laptop.pid)) as f:
            return [int(pid) for pid in f.read().split()]

    def state(self):
        with urllib.request.urlopen(self.url + "/state", timeout=LIMIT) as answer:
            return json.loads(answer.readline().partition(b"data: ")[2])

    def primary(self):
        return next((n["name"] for n in self.state()["nodes"] if n["role"] == "primary" and n["state"] == "up"), None)

    def press(self, what):
        request = urllib.request.Request(self.url + "/do/" + what, method="POST", headers={"X-Button": "1"})
        with urllib.request.urlopen(request, timeout=LIMIT) as answer:
            self.assertEqual(answer.status, 200)

    def test_1_the_page_is_served(self):
        with urllib.request.urlopen(self.url, timeout=LIMIT) as answer:
            self.assertIn(b"<title>sse-relay on a laptop</title>", answer.read())
        self.assertEqual(len(self.state()["nodes"]), 10)
        self.assertEqual(len(self.own), 10)

    def test_2_other_pages_press_no_button(self):
        for headers in ({}, {"X-Button": "1", "Host": "example.org"}):
            request = urllib.request.Request(self.url + "/do/kill/redis0", method="POST", headers=headers)
            with self.assertRaises(urllib.error.HTTPError):
                urllib.request.urlopen(request, timeout=LIMIT)

    def test_3_a_client_with_http_2_has_no_hole_over_a_failover(self):
        stream = Stream(self.tls + "/events?stream=demo")
        try:
            until("events", stream.has_begun)
            self.assertEqual(stream.version(), "HTTP/2")
            old = self.primary()
            self.press("kill/" + old)
            until("another primary", lambda: self.primary() not in (None, old))
            seen = len(stream.numbers())
            until("events of the new primary", lambda: len(stream.numbers()) > seen + 2)
            events = stream.events()
        finally:
            stream.stop()
        with urllib.request.urlopen(self.url + "/state", timeout=LIMIT) as answer:
            held = [int(text) for _, text in json.loads(answer.readline()[6:])["stream"]]
        told = max([0] + [n for n, (type, _) in enumerate(events) if type == "gap"])
        got = [int(data) for type, data in events[told:] if type == "message"]
        start = held.index(got[0])
        self.assertEqual(got, held[start:start + len(got)])
        self.press("mend")

    def test_4_a_client_comes_back_when_no_relay_was_there(self):
        """A 502 or 503 would end an EventSource for good."""
        for n in range(3):
            self.press("kill/relay%d" % n)
        url = "http://127.0.0.1:%d/events?stream=demo" % self.state()["front"]

        def away():
            return subprocess.run(["curl", "-s", "-m", "2", "-w", "%{http_code} %{content_type}", url],
                                  stdout=subprocess.PIPE, text=True).stdout
        until("a stream that says when to come back", lambda: away() == "retry: 2000\n\n200 text/event-stream")
        self.press("mend")
        until("a stream of a relay", lambda: "event: place" in away())

    def test_5_the_end_leaves_nothing_behind(self):
        pids = self.processes()
        self.assertEqual(len(pids), 10)
        self.laptop.send_signal(signal.SIGINT)
        self.assertEqual(self.laptop.wait(LIMIT), 0)
        self.assertEqual([pid for pid in pids if os.path.exists("/proc/%d" % pid)], [])


class Redis(Process):
    """A server that speaks TLS alone."""

    def __init__(self, folder):
        super().__init__("redis", folder)
        self.port, self.certificate = port(), certificate(folder)

    def command(self):
        return ["redis-server", "--port", "0", "--tls-port", str(self.port), "--bind", "127.0.0.1", "--save", "",
                "--tls-auth-clients", "no", "--tls-cert-file", self.certificate, "--tls-key-file", self.certificate]

    def add(self, value):
        return subprocess.run(["redis-cli", "-h", "localhost", "-p", str(self.port), "--tls", "--cacert",
                               self.certificate + ".crt", "XADD", "k", "*", "data", value]).returncode


class Tunnel(Process):
    def __init__(self, folder, redis, name):
        super().__init__("tunnel", folder)
        self.port, self.path = port(), os.path.join(folder, "tls.cfg")
        written("tls.cfg", self.path, {
            "127.0.0.1:6379": "127.0.0.1:%d" % self.port, "redis.example:6380": "127.0.0.1:%d" % redis.port,
            "/etc/haproxy/redis-ca.pem": redis.certificate + ".crt", "redis.example": name})

    def command(self):
        return [found("haproxy"), "-db", "-f", self.path]


class Alone(Process):
    """A relay of one server."""

    def __init__(self, folder, to):
        super().__init__("relay", folder)
        self.port, self.to = port(), to

    def command(self):
        return [os.path.join(BUILD, "sse-relay"), "--redis", "127.0.0.1:%d" % self.to, "--stream", "k", "--port",
                str(self.port)]

    def get(self, path):
        with urllib.request.urlopen("http://127.0.0.1:%d%s" % (self.port, path), timeout=LIMIT) as answer:
            return answer.read().decode()

    def is_ready(self):
        try:
            return self.get("/readyz") == "ready\n"
        except OSError:
            return False

    def tries(self):
        """How often it had a connection that ended."""
        return int(re.search(r"^sse_relay_lost_total.* (\d+)$", self.get("/metrics"), re.M).group(1))


class Tls(unittest.TestCase):
    def started(self, name):
        """A relay that reaches a server by TLS; the server has to have this name."""
        folder = tempfile.mkdtemp(dir=Laptop.folder)
        redis = Redis(folder)
        tunnel = Tunnel(folder, redis, name)
        relay = Alone(folder, tunnel.port)
        for process in redis, tunnel, relay:
            self.addCleanup(process.kill)
            process.start()
        return redis, relay

    def test_a_relay_reaches_redis_by_tls(self):
        redis, relay = self.started("localhost")
        until("a relay that is ready", relay.is_ready)
        stream = Stream("http://127.0.0.1:%d/events" % relay.port)
        self.addCleanup(stream.stop)
        until("a place", lambda: ("place", "") in stream.events())
        self.assertEqual(redis.add("1"), 0)
        until("the entry", lambda: stream.numbers() == [1])

    def test_a_server_with_another_name_is_not_reached(self):
        redis, relay = self.started("redis.example")
        until("a server", lambda: redis.add("1") == 0)
        before = relay.tries()
        until("further tries", lambda: relay.tries() > before + 2)
        self.assertFalse(relay.is_ready())


class Haproxy(Laptop):
    front = "haproxy"


class Nginx(Laptop):
    front = "nginx"


if __name__ == "__main__":
    BUILD = os.path.abspath(sys.argv.pop(1))
    missing = [package for program, package in NEEDED.items() if not found(program)]
    if not os.path.exists(os.path.join(BUILD, "sse-relay")):
        missing.append("libhiredis-dev")
    if missing:
        print("skipped: Debian: " + ", ".join(missing))
        sys.exit(77)

    Laptop.folder = tempfile.mkdtemp(prefix="sse-operate-")
    try:
        unittest.main()
    finally:
        shutil.rmtree(Laptop.folder)
