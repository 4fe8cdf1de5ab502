"""Three servers of Redis, each with a link in front of it, and three sentinels, from the configurations
in this folder, on loopback. The laptop version and the test run them."""

import asyncio
import ctypes
import os
import random
import shutil
import signal
import socket
import subprocess

from link import Link
from resp import GONE, Connection, Refused, once

HERE = os.path.dirname(os.path.abspath(__file__))
NAME = "events"  # of the primary, for sentinel
PORTS = range(21400, 22000)  # below those that the kernel gives to clients
LIBC = ctypes.CDLL(None)
locks = []


def port():
    """A port that is free, and stays so for a process that is restarted: no other process that asks here
    is given it, as long as this one runs."""
    for _ in range(1000):
        n = random.SystemRandom().choice(PORTS)
        lock = socket.socket(socket.AF_UNIX)
        try:
            lock.bind("\0sse-relay-port-%d" % n)
            with socket.socket() as s:
                s.bind(("127.0.0.1", n))
        except OSError:
            lock.close()
            continue
        locks.append(lock)
        return n
    raise OSError("no port of %s is free" % PORTS)


def end_with_parent():
    """Of a child: nothing is left behind, even where this process is killed."""
    LIBC.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def written(name, path, changes, more=""):
    """Copy a configuration of this folder, with these words replaced: each of them is in it."""
    with open(os.path.join(HERE, name)) as f:
        text = f.read()
    for old, new in changes.items():
        if old not in text:
            raise ValueError("%s has no %r" % (name, old))
        text = text.replace(old, new)
    with open(path, "w") as f:
        f.write(text + more)
    return path


class Process:
    """One program, its folder, and a log that holds what all its runs have printed."""

    def __init__(self, name, folder):
        self.name, self.folder, self.child, self.stopped = name, folder, None, False
        self.log = os.path.join(folder, name + ".log")
        os.makedirs(folder, exist_ok=True)

    def command(self):
        raise NotImplementedError

    def environment(self):
        return {}

    def start(self):
        if self.is_alive():
            return
        with open(self.log, "ab") as log:
            self.child = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                          cwd=self.folder, env={**os.environ, **self.environment()},
                                          preexec_fn=end_with_parent)
        self.stopped = False

    def is_alive(self):
        return self.child is not None and self.child.poll() is None

    def tell(self, number):
        if self.is_alive():
            self.child.send_signal(number)
            self.stopped = {signal.SIGSTOP: True, signal.SIGCONT: False}.get(number, self.stopped)

    def kill(self, number=signal.SIGKILL):
        """End it, and wait; gives its exit code, or None where it had to be killed."""
        if self.child is None:
            return 0
        self.tell(signal.SIGCONT)
        self.tell(number)
        try:
            return self.child.wait(10)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
            return None


class Server(Process):
    """A server of Redis; others reach it at self.link.port."""

    def __init__(self, number, folder, clock=None, replicas_to_write=1):
        super().__init__("redis%d" % number, os.path.join(folder, "redis%d" % number))
        self.port, self.clock, self.number = port(), clock, number
        self.link = Link(port(), self.port)
        self.replicas_to_write = replicas_to_write
        self.skew(0)

    def configure(self, primary):
        more = "" if primary is self else "replicaof 127.0.0.1 %d\n" % primary.link.port
        written("users.acl", os.path.join(self.folder, "users.acl"), {})
        written("redis.conf", os.path.join(self.folder, "redis.conf"), {
            "\nport 6379": "\nport %d" % self.port, "announce-port 6379": "announce-port %d" % self.link.port,
            "/var/lib/redis": self.folder, "/etc/redis/users.acl": os.path.join(self.folder, "users.acl"),
            "to-write 1": "to-write %d" % self.replicas_to_write}, more)

    def command(self):
        return ["redis-server", os.path.join(self.folder, "redis.conf")]

    def environment(self):
        if not self.clock:
            return {}
        return {"LD_PRELOAD": self.clock, "CLOCK_FILE": os.path.join(self.folder, "clock")}

    def skew(self, ms):
        """Set its clock, relative to that of the machine; needs a clock of tests/relay/clock.c."""
        path = os.path.join(self.folder, "clock")
        with open(path, "r+b" if os.path.exists(path) else "w+b") as f:
            f.write(ms.to_bytes(8, "little", signed=True))

    async def ask(self, *words, limit=2.0):
        """As the administrator, past the link."""
        return await once(self.port, *words, user="admin", limit=limit)

    async def info(self):
        text = (await self.ask("INFO", "replication")).decode()
        return dict(line.split(":", 1) for line in text.split("\r\n") if ":" in line)

    def forget(self):
        """Empty its disk."""
        shutil.rmtree(os.path.join(self.folder, "appendonlydir"), ignore_errors=True)


class Sentinel(Process):
    def __init__(self, number, folder):
        super().__init__("sentinel%d" % number, os.path.join(folder, "sentinel%d" % number))
        self.port = port()

    def configure(self, primary, down_after_ms, failover_ms):
        written("sentinel.conf", os.path.join(self.folder, "sentinel.conf"), {
            "port 26379": "port %d" % self.port, "127.0.0.1 6379": "127.0.0.1 %d" % primary.link.port,
            "dir /tmp": "dir " + self.folder, "events 2000": "events %d" % down_after_ms,
            "events 10000": "events %d" % failover_ms})

    def command(self):
        return ["redis-sentinel", os.path.join(self.folder, "sentinel.conf")]

    async def ask(self, *words, limit=2.0):
        return await once(self.port, *words, limit=limit)


class Cluster:
    """await start() it; stop() it in any case. quick: sentinels that look more often than they do by
    themselves, so that a failover takes a second."""

    def __init__(self, folder, clock=None, replicas_to_write=1, down_after_ms=2000, failover_ms=10000,
                 quick=False):
        self.servers = [Server(i, folder, clock, replicas_to_write) for i in range(3)]
        self.sentinels = [Sentinel(i, folder) for i in range(3)]
        self.times = (down_after_ms, failover_ms)
        self.quick = quick

    async def start(self):
        for server in self.servers:
            server.configure(self.servers[0])
            await server.link.start()
            server.start()
        await wait("redis", self.answers, 60)
        for sentinel in self.sentinels:
            sentinel.configure(self.servers[0], *self.times)
            await self.start_sentinel(sentinel)
        await wait("sentinels that know each other", self.is_known, 60)

    async def start_sentinel(self, sentinel):
        sentinel.start()
        if self.quick:
            async def is_set():
                # Five ping periods are more than the second after which a replica is asked again: an older
                # answer makes it no candidate.
                await sentinel.ask("SENTINEL", "DEBUG", "info-period", 200, "ping-period", 220, "ask-period", 100,
                                   "publish-period", 100, "election-timeout", 1000,
                                   "min-link-reconnect-period", 100, "slave-reconf-timeout", 1000)
                return True
            await wait(sentinel.name, is_set, 60)

    async def answers(self):
        for server in self.servers:
            await server.ask("PING")
        return True

    async def is_known(self):
        for sentinel in self.sentinels:
            replicas = await sentinel.ask("SENTINEL", "REPLICAS", NAME)
            others = await sentinel.ask("SENTINEL", "SENTINELS", NAME)
            if len(replicas) < 2 or len(others) < 2:
                return False
        return True

    def at(self, address):
        """The server with this port of a link."""
        return next((s for s in self.servers if s.link.port == int(address)), None)

    async def named(self):
        """The primary that two sentinels name; None where there is none."""
        names = []
        for sentinel in self.sentinels:
            try:
                names.append((await sentinel.ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME, limit=0.5))[1])
            except GONE:
                pass
        return next((self.at(n) for n in names if names.count(n) >= 2), None)

    async def settled(self):
        """The primary, where all three servers and sentinels agree on it, and both replicas are level."""
        primary = await self.named()
        if primary is None:
            return None
        for sentinel in self.sentinels:
            said = await sentinel.ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME, limit=0.5)
            if self.at(said[1]) is not primary:
                return None
        admin = await Connection.to(primary.port, "admin")
        try:
            if (await admin.ask("ROLE"))[0] != b"master" or await admin.ask("WAIT", 2, 500) != 2:
                return None
        finally:
            admin.close()
        for server in self.servers:
            if server is not primary:
                info = await server.info()
                if info.get("master_link_status") != "up" or int(info["master_port"]) != primary.link.port:
                    return None
        return primary

    async def correct(self):
        """A sentinel whose own failover ended late may keep to its primary, alone: start it again. Gives how
        many there were."""
        primary, wrong = await self.named(), 0
        for sentinel in self.sentinels if primary else ():
            try:
                said = await sentinel.ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME)
            except GONE:
                continue
            if self.at(said[1]) is not primary:
                sentinel.kill()
                await self.start_sentinel(sentinel)
                wrong += 1
        return wrong

    def stop(self):
        for process in self.sentinels + self.servers:
            process.kill()
        for server in self.servers:
            server.link.stop()


async def wait(what, condition, limit=20.0, step=0.05):
    """What the condition gives, as soon as it gives something; being refused counts as nothing."""
    loop = asyncio.get_running_loop()
    end, last = loop.time() + limit, None
    while loop.time() < end:
        try:
            got = await condition()
            if got:
                return got
        except GONE as e:
            last = e
        await asyncio.sleep(step)
    raise TimeoutError("waited %.0f s for %s%s" % (limit, what, ": %r" % last if last else ""))
