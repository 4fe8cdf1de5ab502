#!/usr/bin/env python3
"""What one Redis, and one relay, take of a processor:  cost.py BUILD [--seconds 3] [--relays 1,10,50]

Everything runs on this machine, so that absolute figures say little: compare the rows of one run. The
time of a process is that which the kernel has counted for it, while events come at a steady rate."""

import argparse
import asyncio
import os
import shutil
import signal
import sys
import tempfile

import paths  # of cluster, relay and resp
from cluster import Process, port, wait, written
from resp import Connection
from web import request

RATE = 200  # events a second, where nothing else is said
DATA = b"x" * 64


class Redis(Process):
    def __init__(self, folder):
        super().__init__("redis", os.path.join(folder, "redis"))
        self.port = port()
        written("users.acl", os.path.join(self.folder, "users.acl"), {})
        written("redis.conf", os.path.join(self.folder, "redis.conf"), {
            "\nport 6379": "\nport %d" % self.port, "/var/lib/redis": self.folder, "to-write 1": "to-write 0",
            "/etc/redis/users.acl": os.path.join(self.folder, "users.acl")})

    def command(self):
        return ["redis-server", os.path.join(self.folder, "redis.conf")]


class Lone(Process):
    """A relay of one server, without sentinels."""

    def __init__(self, number, folder, program, redis, window):
        super().__init__("relay%d" % number, os.path.join(folder, "relays"))
        self.port, secret = port(), os.path.join(self.folder, self.name + ".password")
        with open(secret, "w") as f:
            f.write("relay-secret\n")
        self.line = [program, "--redis", "127.0.0.1:%d" % redis.port, "--user", "relay", "--password-file", secret,
                     "--stream", "cost", "--port", str(self.port), "--window", str(window)]

    def command(self):
        return self.line

    async def is_ready(self):
        return (await request(self.port, "GET", "/readyz"))[0] == 200


def used(process):
    """Seconds of a processor that it has used."""
    with open("/proc/%d/schedstat" % process.child.pid) as f:
        return int(f.read().split()[0]) / 1e9


class Reader:
    """Counts what a client is sent."""

    async def start(self, relay):
        self.got = 0
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", relay.port)
        self.writer.write(b"GET /events?stream=cost HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await self.reader.readuntil(b"\r\n\r\n")
        self.task = asyncio.ensure_future(self.read())

    async def read(self):
        while True:
            data = await self.reader.read(1 << 16)
            if not data:
                return
            self.got += data.count(b"data: x")


async def publish(redis, rate, seconds, together):
    """Entries at a steady rate, so many in one write."""
    writer, loop, sent = await Connection.to(redis.port, "writer"), asyncio.get_running_loop(), 0
    begin = loop.time()
    while loop.time() < begin + seconds:
        while sent < (loop.time() - begin) * rate:
            for _ in range(together):
                writer.send("XADD", "cost", "MAXLEN", "~", 10000, "*", "data", DATA, "nonce", sent)
                sent += 1
            for _ in range(together):
                await writer.answer()
        await asyncio.sleep(0.0005)
    writer.close()
    return sent


async def cell(program, folder, relays, clients, window, rate, together, seconds):
    """One row. Gives the seconds of Redis and of the relays, and how many events and deliveries there were."""
    redis = Redis(folder)
    redis.start()
    crowd = []
    try:
        admin = await wait("redis", lambda: Connection.to(redis.port, "admin"))
        await admin.ask("XADD", "cost", "*", "data", "first")
        crowd = [Lone(i, folder, program, redis, window) for i in range(relays)]
        readers = []
        for relay in crowd:
            relay.start()
        for relay in crowd:
            await wait("a relay", relay.is_ready)
            for _ in range(clients):
                readers.append(Reader())
                await readers[-1].start(relay)
        await publish(redis, rate, 0.3, together)
        await asyncio.sleep(0.2)
        before, got = [used(p) for p in [redis] + crowd], sum(r.got for r in readers)
        sent = await publish(redis, rate, seconds, together)

        async def all_came():
            return sum(r.got for r in readers) - got >= sent * len(readers)
        await wait("all deliveries", all_came, 30)
        after = [used(p) for p in [redis] + crowd]
        for r in readers:
            r.task.cancel()
            r.writer.transport.abort()
        return after[0] - before[0], sum(after[1:]) - sum(before[1:]), sent, sent * len(readers)
    finally:
        for process in crowd + [redis]:
            process.kill(signal.SIGTERM)
        shutil.rmtree(folder)


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--relays", default="1,10,40")
    options = parser.parse_args()
    program = os.path.join(os.path.abspath(options.build), "sse-relay")
    if not os.path.exists(program) or not shutil.which("redis-server"):
        print("skipped: it needs sse-relay in BUILD, and redis-server (Debian: redis-server, libhiredis-dev)")
        return 77
    print("One client a relay. Per cent of a processor for each; microseconds of it per event.\n")
    print("| relays | window | events a second | Redis, % | Redis, us an event | and relay | a relay, % "
          "| a relay, us an event |")
    print("|---|---|---|---|---|---|---|---|")
    rows = [(int(n), window, rate, together) for n in options.relays.split(",")
            for window, rate, together in ((0, RATE, 1), (10, RATE, 1), (0, 10 * RATE, 32), (10, 10 * RATE, 32))]
    for relays, window, rate, together in rows:
        redis, relay, events, _ = await cell(program, tempfile.mkdtemp(), relays, 1, window, rate, together,
                                             options.seconds)
        busy = events / rate
        print("| %d | %s | %d%s | %.0f | %.1f | %.1f | %.1f | %.1f |"
              % (relays, "%d ms" % window if window else "none", rate, " in %ds" % together if together > 1 else "",
                 100 * redis / busy, 1e6 * redis / events, 1e6 * redis / events / relays,
                 100 * relay / busy / relays, 1e6 * relay / events / relays), flush=True)
    print("\nOne relay, %d events a second.\n" % (RATE // 5))
    print("| clients | window | relay, us an event | us a delivery |")
    print("|---|---|---|---|")
    for clients, window in ((1, 0), (10, 0), (100, 0), (100, 50)):
        _, relay, events, deliveries = await cell(program, tempfile.mkdtemp(), 1, clients, window, RATE // 5, 1,
                                                  options.seconds)
        print("| %d | %s | %.1f | %.2f |" % (clients, "%d ms" % window if window else "none", 1e6 * relay / events,
                                             1e6 * relay / deliveries), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
