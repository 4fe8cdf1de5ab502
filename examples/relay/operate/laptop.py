#!/usr/bin/env python3
"""All of it on this machine: three servers of Redis, three sentinels, three relays, a proxy before them,
and a page on which one kills them, and sees what clients got.

    python3 examples/relay/operate/laptop.py [--relay build/sse-relay] [--port 8080]

It needs redis-server and redis-sentinel (Debian: redis-server, redis-sentinel), and haproxy or nginx, if
they are there. It prints one address; Ctrl-C ends everything, and leaves nothing behind."""

import argparse
import asyncio
import json
import os
import shutil
import signal
import sys
import tempfile

sys.dont_write_bytecode = True

from cluster import Cluster, wait
from front import Front, found
from relay import Relay
from resp import GONE, Connection

HERE = os.path.dirname(os.path.abspath(__file__))
KEY = "demo"
SHOWN = 400  # entries of the stream that the page is told of


class Laptop:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.cluster = Cluster(folder, replicas_to_write=0 if options.careless else 1, down_after_ms=1000,
                               failover_ms=2000, quick=True)
        origin = "http://127.0.0.1:%d" % options.port
        settings = ["--history", "200", "--max-len", "1000", "--heartbeat", "2", "--spread", "1000",
                    "--cors", origin, "--wait", str(options.wait)]
        self.relays = [Relay(i, folder, options.relay, self.cluster.sentinels, KEY, settings) for i in range(3)]
        self.front = Front(options.front, folder, self.relays) if options.front else None
        self.number, self.writes, self.error, self.acknowledged = 0, True, "", 0

    def processes(self):
        every = self.cluster.servers + self.cluster.sentinels + self.relays + ([self.front] if self.front else [])
        return {p.name: p for p in every}

    async def start(self):
        await self.cluster.start()
        primary = await wait("level replicas", self.cluster.settled)
        await primary.ask("XADD", KEY, "*", "data", "0")
        for process in self.relays + ([self.front] if self.front else []):
            process.start()
        await wait("relays", self.are_ready)

    async def are_ready(self):
        return all([await relay.is_ready() for relay in self.relays])

    def stop(self):
        for process in [self.front] + self.relays:
            if process:
                process.kill(signal.SIGTERM)
        self.cluster.stop()

    async def write(self):
        """Numbers, one after the other, each as long as it takes: a number may be there twice."""
        connection = None
        while True:
            await asyncio.sleep(0.4)
            if not self.writes:
                continue
            try:
                if connection is None:
                    primary = await self.cluster.named()
                    connection = await Connection.to(primary.link.port, "writer", 1) if primary else None
                if connection is not None:
                    self.number += 1
                    await connection.ask("XADD", KEY, "MAXLEN", "~", 1000, "*", "data", self.number, "nonce",
                                         os.urandom(8).hex())
                    self.acknowledged, self.error = self.number, ""
            except GONE as e:
                self.error = str(e) or "no answer"
                if connection:
                    connection.close()
                connection = None

    # What the page shows.

    async def state(self):
        primary = await self.cluster.named()
        nodes = []
        for name, process in self.processes().items():
            state = "dead" if not process.is_alive() else "stopped" if process.stopped else "up"
            nodes.append({"name": name, "state": state, "role": "", "link": ""})
            if process in self.cluster.servers:
                nodes[-1]["role"] = "primary" if process is primary else "replica"
                nodes[-1]["link"] = process.link.modes.get("sentinel", "pass")
                if process.link.modes.get("relay", "pass") != nodes[-1]["link"]:
                    nodes[-1]["link"] = "split"
            elif process in self.relays and state == "up":
                nodes[-1]["role"] = await self.relay_state(process)
        stream = []
        if primary and primary.is_alive() and not primary.stopped:
            try:
                rows = await primary.ask("XREVRANGE", KEY, "+", "-", "COUNT", SHOWN, limit=0.3)
                stream = [[id.decode(), fields[1].decode()] for id, fields in reversed(rows)]
            except GONE:
                pass
        return {"nodes": nodes, "stream": stream, "number": self.acknowledged, "writes": self.writes,
                "error": self.error, "front": self.front.port if self.front else None,
                "frontName": self.front.name if self.front else None,
                "relays": {r.name: r.port for r in self.relays}, "key": KEY}

    async def relay_state(self, relay):
        try:
            return "live" if await asyncio.wait_for(relay.is_ready(), 0.3) else "waits"
        except (OSError, ValueError, asyncio.TimeoutError):
            return ""

    async def do(self, what, name):
        """What a button of the page does; False where there is no such thing."""
        process, link = self.processes().get(name), None
        if process in self.cluster.servers:
            link = process.link
        if what == "writes":
            self.writes = not self.writes
        elif what == "tail":
            await self.lose_tail()
        elif what == "mend":
            await self.mend()
        elif process is None:
            return False
        elif what == "kill":
            process.kill()
        elif what == "start" and not process.is_alive():
            process.start()
        elif what == "stop":
            process.tell(signal.SIGSTOP)
        elif what == "continue":
            process.tell(signal.SIGCONT)
        elif what == "split" and link:
            link.set("cut", "sentinel", "replica")
        elif what == "cut" and link:
            link.set("cut")
        elif what == "pass" and link:
            link.set("pass")
        else:
            return False
        return True

    async def lose_tail(self):
        """What Redis may do to you: the primary dies with entries that clients have, and no replica has.
        The settings of redis.conf prevent this one, so they are off for the moment."""
        primary = await self.cluster.named()
        others = [s for s in self.cluster.servers if s is not primary]
        await primary.ask("CONFIG", "SET", "min-replicas-to-write", 0)
        for other in others:
            other.tell(signal.SIGSTOP)
        await primary.ask("CLIENT", "KILL", "TYPE", "replica")
        await asyncio.sleep(0.9)
        primary.kill()
        for other in others:
            other.tell(signal.SIGCONT)

    async def mend(self):
        for process in self.processes().values():
            process.tell(signal.SIGCONT)
            if not process.is_alive():
                process.start()
        for server in self.cluster.servers:
            server.link.set("pass")

    # Its own small server, for the page.

    async def serve(self, reader, writer):
        try:
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
            method, path, _ = head.decode("latin-1").split(None, 2)
            host = "\r\nhost: 127.0.0.1:%d\r\n" % self.options.port
            if host not in head.decode("latin-1").lower():  # no other page may do this
                self.answer(writer, 403, "text/plain", b"")
            elif method == "GET" and path == "/":
                with open(os.path.join(HERE, "page.html"), "rb") as f:
                    self.answer(writer, 200, "text/html; charset=utf-8", f.read())
            elif method == "GET" and path == "/state":
                await self.tell_state(writer)
            elif method == "POST" and path.startswith("/do/") and b"\r\nx-button:" in head.lower():
                what, _, name = path[4:].partition("/")
                done = await self.do(what, name)
                self.answer(writer, 200 if done else 404, "text/plain", b"")
            else:
                self.answer(writer, 404, "text/plain", b"")
            await writer.drain()
        except (OSError, EOFError, ValueError, asyncio.TimeoutError, asyncio.LimitOverrunError,
                asyncio.CancelledError):
            pass
        finally:
            writer.close()

    def answer(self, writer, status, type, content):
        writer.write(b"HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %d\r\nCache-Control: no-store\r\n"
                     b"Connection: close\r\n\r\n%s" % (status, b"OK" if status == 200 else b"Refused",
                                                       type.encode(), len(content), content))

    async def tell_state(self, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
                     b"Connection: close\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"data: %s\n\n" % json.dumps(await self.state()).encode())
            await writer.drain()
            await asyncio.sleep(0.3)


def arguments():
    parser = argparse.ArgumentParser(description="Redis, sentinels, relays and a proxy on this machine, to be killed.")
    parser.add_argument("--relay", default=found("sse-relay") or "build/sse-relay", help="the program")
    parser.add_argument("--port", type=int, default=8080, help="of the page")
    parser.add_argument("--front", choices=("haproxy", "nginx", "none"), help="the proxy; the first that is there")
    parser.add_argument("--wait", type=int, default=0, help="of the relays: replicas that must have an entry")
    parser.add_argument("--careless", action="store_true", help="a primary takes writes without any replica")
    options = parser.parse_args()
    if options.front is None:
        options.front = next((p for p in ("haproxy", "nginx") if found(p) and found("openssl")), None)
    elif options.front == "none":
        options.front = None
    options.relay = os.path.abspath(options.relay)
    if not os.path.exists(options.relay):
        sys.exit("laptop: there is no %s: build it, or say where it is with --relay" % options.relay)
    for program in ("redis-server", "redis-sentinel") + ((options.front,) if options.front else ()):
        if not found(program):
            sys.exit("laptop: there is no %s (Debian: %s)" % (program, program))
    return options


async def run(options, folder):
    laptop, loop, over = Laptop(options, folder), asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, over.set)
    try:
        server = await asyncio.start_server(laptop.serve, "127.0.0.1", options.port)
        await laptop.start()
        print("laptop: http://127.0.0.1:%d/" % options.port, flush=True)
        if laptop.front:
            print("laptop: %s at http://127.0.0.1:%d/events?stream=%s, and with HTTP/2 at https://localhost:%d/"
                  % (laptop.front.name, laptop.front.port, KEY, laptop.front.tls_port), flush=True)
        writer = asyncio.ensure_future(laptop.write())
        await over.wait()
        writer.cancel()
        server.close()
    finally:
        laptop.stop()


def main():
    options = arguments()
    folder = tempfile.mkdtemp(prefix="sse-laptop-")
    try:
        asyncio.run(run(options, folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
