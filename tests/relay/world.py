"""A world: one cluster, its relays, writers and clients. It goes in rounds: a fault or two at a time;
then everything is mended, all come to rest, and each client gets its verdict."""

import asyncio
import collections
import os
import random
import signal
import time
import traceback

import paths  # of cluster and resp
import stream_faults  # adds its own to FAULTS
import verdict
from clients import Client
from cluster import HERE, Cluster, Connection, wait
from faults import FAULTS
from relays import Measured
from resp import GONE, Refused
from verdict import Entry, History
from writers import Acknowledged, Direct, Posting

MAX_LEN = 2000  # of the stream; more than writers add in a round
PATIENCE = 60  # seconds for all to come to rest, on a machine that is busy with other things
HISTORY = 300  # events of the log of a relay: who is away longer is served from Redis
HELD_UP = 3  # seconds
KINDS = ("stays", "stays", "stays", "roams", "roams", "sleeps", "sleeps", "sleeps", "slow")
USERS = "abc"  # whose clients there are, where there are users; nothing is for the last one alone


def rights(name):
    """A user of users.acl, as ACL SETUSER takes it. At ACL LOAD, a replica of Valkey 8.0.1 crashes."""
    with open(os.path.join(HERE, "users.acl")) as f:
        return next(words[1:] for words in map(str.split, f) if words[1] == name)


class World:
    """wait_for: replicas that relays wait for. careful: a primary without replicas takes no writes. closes:
    a gap ends a stream. by_user: each client is one of a user, who gets no entry that is for another."""

    def __init__(self, name, seed, folder, program, clock, wait_for=0, careful=False, closes=False,
                 by_user=False, rate=25, among=()):
        self.name, self.seed, self.folder = name, seed, folder
        self.random = random.Random(seed)
        self.key, self.wait, self.rate, self.pace, self.max_len = "news", wait_for, rate, 1.0, MAX_LEN
        self.cluster = Cluster(folder, clock, 1 if careful else 0, 500, 1500, quick=True)
        options = ["--history", str(HISTORY), "--max-len", str(MAX_LEN), "--heartbeat", "1", "--spread", "300"]
        options += ["--wait", str(wait_for)] if wait_for else []
        options += ["--on-gap", "close"] if closes else []
        options += ["--user-field", "user", "--user-header", "X-User"] if by_user else []
        self.closes, self.by_user, self.filter = closes, by_user, "user" if by_user else "tag"
        self.relays = [Measured(i, folder, program, self.cluster.sentinels, self.key, options) for i in range(3)]
        self.clients = [Client("client%d" % i, kind, self, tuple(USERS[i % 3]) if by_user else ())
                        for i, kind in enumerate(KINDS)]
        self.clients.append(Client("client-a", "roams", self, ("a",)))
        self.said, self.answers = Acknowledged(self.filter), collections.Counter()
        self.may_write, self.calm = asyncio.Event(), False
        self.history, self.trimmed, self.deleted, self.is_blind = History(), [], [], False
        self.findings, self.counts, self.fields = [], collections.Counter(), {}
        self.marks, self.doing, self.began = {}, "", time.monotonic()
        self.among, self.used = list(among or FAULTS), collections.Counter()

    def now(self):
        return time.monotonic() - self.began

    def note(self, *words):
        with open(os.path.join(self.folder, "world.log"), "a") as f:
            f.write("%.3f %s\n" % (self.now(), " ".join(map(str, words))))

    def find(self, kind, sentence):
        self.findings.append((kind, "%s, seed %s, at %.1f s, after %s: %s"
                              % (self.name, self.seed, self.now(), self.doing, sentence)))
        self.note("FOUND", kind, sentence)

    def entries(self, rows, doubtful=False):
        """Entries of an answer of Redis, as clients see them."""
        made = []
        for id, fields in rows:
            key = id, tuple(fields)
            if key not in self.fields:
                names = dict(zip(fields[::2], fields[1::2]))
                tag = names.get(self.filter.encode())
                self.fields[key] = Entry(verdict.with_hash(id.decode(), fields), names[b"data"].decode(),
                                         tag.decode() if tag else None)
            made.append(self.fields[key]._replace(doubtful=doubtful))
        return made

    async def trim(self, admin, keep, commands=()):
        """Trim the stream after these commands, all at once, and note what it had. Where no answer comes,
        nobody knows what was trimmed, if it was."""
        await admin.ask("MULTI")
        for command in commands:
            await admin.ask(*command)
        await admin.ask("XRANGE", self.key, "-", "+")
        await admin.ask("XTRIM", self.key, "MAXLEN", "=", keep)
        try:
            rows = (await admin.ask("EXEC", limit=5))[-2]
        except Refused:
            raise
        except BaseException:  # the time of the fault can be over, too
            self.is_blind = True
            raise
        if not isinstance(rows, Refused):  # the key is no stream now, so that nothing was trimmed
            self.trimmed += self.entries(rows, doubtful="forks" in self.marks or "lost" in self.marks)

    async def start(self):
        await self.cluster.start()
        primary = await wait("level replicas", self.cluster.settled, PATIENCE)
        await primary.ask("XADD", self.key, "*", *self.said.fields(self))
        for relay in self.relays:
            relay.start()
        await wait("relays", self.is_ready, PATIENCE)
        people = self.clients + [Direct("direct%d" % i, self) for i in range(2)] + [Posting("posting", self)]
        self.tasks = [asyncio.ensure_future(p.live()) for p in people]
        self.tasks.append(asyncio.ensure_future(self.count_failovers()))

    async def is_ready(self):
        for relay in self.relays:
            if not await relay.is_ready():
                return False
        return True

    async def count_failovers(self):
        """And note where this process, with its links, was itself held up: servers saw a network that hangs."""
        last = None
        while True:
            try:
                primary = await self.cluster.named()
                if primary and primary is not last:
                    self.counts["failovers"] += last is not None
                    last = primary
            except GONE:
                pass
            asked = self.now()
            await asyncio.sleep(0.2)
            if self.now() - asked > HELD_UP:
                self.counts["seconds held up"] += round(self.now() - asked)
                self.note("the judge was held up, %.1f s" % (self.now() - asked))

    def choose(self):
        names = self.among
        weights = [FAULTS[n].weight for n in names]
        return self.random.choices(names, weights, k=self.random.choice((1, 1, 2)))

    async def cause(self, name, delay):
        await asyncio.sleep(delay)
        self.note("fault", name)
        self.used[name] += 1
        try:
            await asyncio.wait_for(FAULTS[name](self), 15)
        except GONE as e:
            self.note(name, "was cut short:", repr(e))
        self.note("end of", name)

    async def round(self, names):
        self.doing, self.marks = " and ".join(names), {}
        self.calm = False
        for name in names:
            self.marks.update(FAULTS[name].marks)
        for client in self.clients:
            client.marks.update(self.marks)
        self.may_write.set()
        await asyncio.sleep(self.random.uniform(0.05, 0.3))
        await asyncio.gather(*(self.cause(n, i * self.random.uniform(0, 0.6)) for i, n in enumerate(names)))
        await asyncio.sleep(self.random.uniform(0, 0.6))
        await self.heal()
        self.may_write.clear()
        await self.come_to_rest()
        self.counts["rounds"] += 1

    async def heal(self):
        for server in self.cluster.servers:
            server.link.set("pass")
            server.tell(signal.SIGCONT)
            if not server.is_alive():
                server.start()
        for sentinel in self.cluster.sentinels:
            sentinel.tell(signal.SIGCONT)
            if not sentinel.is_alive():
                await self.cluster.start_sentinel(sentinel)
        for server in self.cluster.servers:
            await self.let_in(server)
            await wait(server.name, lambda: server.ask("ACL", "SETUSER", *rights("relay"), limit=10), PATIENCE)
        for relay in self.relays:
            relay.tell(signal.SIGCONT)
            if not relay.is_alive():
                code = relay.child.poll()
                if code not in (0, -signal.SIGKILL):
                    self.find("end", "%s ended by itself, with %s" % (relay.name, code))
                relay.start()

    async def let_in(self, server):
        """Clients are let in again; where they have taken all places, and keep them, they are cut first."""
        async def is_set():
            return await server.ask("CONFIG", "SET", "maxclients", 10000, limit=10)
        try:
            await wait(server.name, is_set, 5)
        except TimeoutError as e:
            self.note(e)
            server.link.set("cut")
            try:
                await wait(server.name, is_set, PATIENCE)
            finally:
                server.link.set("pass")

    async def write_last(self):
        """The last entry of the round. Gives the primary that has it."""
        primary = await self.one_primary()
        if await primary.ask("TYPE", self.key, limit=10) not in (b"stream", b"none"):
            await primary.ask("DEL", self.key)
        await primary.ask("XADD", self.key, "*", *self.said.fields(self, ".rest"), limit=10)
        return primary

    async def come_to_rest(self):
        """Write the last entry of the round, and wait until all have it; then judge."""
        primary = await wait("the last entry", self.write_last, PATIENCE)  # sentinels may yet choose another one
        for task in self.tasks:
            if task.done():
                task.result()  # raises what has ended it
        self.calm = True
        try:
            await wait("relays that are ready", self.is_ready, PATIENCE)
            await wait("clients that are up to date", lambda: self.is_level(primary), PATIENCE)
        except TimeoutError as e:
            self.find("late", str(e))
        rows = await primary.ask("XRANGE", self.key, "-", "+", limit=20)
        self.note("rest at", rows[-1][0].decode(), "with", primary.name, "of", len(rows))
        if self.is_blind:
            self.history = History(self.entries(rows))
            self.counts["rounds without a verdict"] += 1
            for client in self.clients:
                for kind, sentence in client.found:
                    self.find(kind, "%s: %s" % (client.name, sentence))
                client.forget()
        else:
            self.history = self.history.followed_by(self.entries(rows), self.trimmed, self.deleted,
                                                    "lost" in self.marks)
            self.judge()
        self.trimmed, self.deleted, self.said.sure, self.is_blind = [], [], [], False
        if len(self.history.entries) > 12000:
            self.history, self.fields = History(self.history.entries[-8000:]), {}
        for relay in self.relays:
            try:
                await relay.measure()
            except (OSError, ValueError, asyncio.TimeoutError) as e:
                self.find("late", "%s gives no metrics: %r" % (relay.name, e))

    async def one_primary(self):
        for limit in (6, 10, 15, 20, 30):
            try:
                return await wait("one primary with two level replicas", self.cluster.settled, limit)
            except TimeoutError as e:
                self.note(e)
                self.counts["sentinels corrected"] += await self.cluster.correct()
        raise TimeoutError("no primary with two level replicas")

    async def is_level(self, primary):
        """What was written late, by a link that was stalled, counts as well."""
        last = self.entries(await primary.ask("XREVRANGE", self.key, "+", "-", "COUNT", 1))[0]
        return all(c.run and c.run[-1].id == last.id or c.tags and last.tag not in (None,) + c.tags
                   for c in self.clients if c.awake)

    def judge(self):
        for client in self.clients:
            if client.awake:
                found = self.verdict(client)
                for kind, sentence in found[:3]:
                    self.find(kind, "%s: %s" % (client.name, sentence))
                if found:
                    self.keep(client)
                client.settled()
        self.counts["sure"] += len(self.said.sure)
        if "lost" not in self.marks and "trims" not in self.marks:
            for kind, sentence in verdict.check_acknowledged(self.said.sure, self.history):
                self.find(kind, sentence)

    def verdict(self, client):
        self.counts["verdicts"] += 1
        found = list(client.found)
        if client.tags:
            for run in [client.run] + [before for before, _, _ in client.gaps]:
                found += verdict.check_filter(run, client.tags, self.said.written)
        if found:
            return found
        history = self.history.shown(client.tags, client.run) if client.tags else self.history
        found += verdict.check_run(client.run, history, self.said.written)
        found += verdict.check_end(client.run, history)
        for before, gap, after in client.gaps:
            found += self.verdict_on_gap(client, before, gap, verdict.resumed(gap) if self.closes else after)
        return found

    def verdict_on_gap(self, client, before, gap, after):
        """By all entries: a relay cannot know whether one that is gone was for this client."""
        found, history = [], self.history
        needless = verdict.is_needless(before, after, history)
        self.counts["gaps"] += 1
        self.counts["needless, next to deletions" if "deletes" in client.marks else "needless"] += needless
        if needless:
            self.note("needless", client.name, gap)
        if len(client.gaps) == 1 and not client.tags and not {"lost", "deletes"} & client.marks:
            found += verdict.check_gap(before, gap, after, history)
        if self.wait and not {"lost", "deletes", "trims"} & client.marks:
            withdrawn, _ = verdict.fork(before, history)
            if withdrawn and before[-withdrawn:] != before:
                found.append(("unacknowledged", "all replicas had it, and it was withdrawn: %s, %s"
                              % (before[-withdrawn:][:3], gap)))
        return found

    def keep(self, client):
        """Its notes, for who looks for the reason."""
        with open(os.path.join(self.folder, client.name + ".notes"), "a") as f:
            f.write("\n".join(client.log) + "\n-- %s\n" % self.doing)
        with open(os.path.join(self.folder, "history"), "w") as f:
            f.write("\n".join(map(str, self.history.entries)))

    async def run(self, is_over):
        try:
            await self.start()
            while not is_over(self):
                await self.round(self.choose())
                if self.findings:
                    break
        except Exception as e:
            self.find("end", "the run itself has failed: %s" % traceback.format_exc())
        finally:
            await self.stop()

    async def stop(self):
        self.rows = collections.Counter()
        for relay in self.relays:
            try:
                self.rows.update(await relay.measure())
            except (OSError, ValueError, asyncio.TimeoutError):
                pass
        for task in getattr(self, "tasks", ()):
            task.cancel()
        for relay in self.relays:
            code = relay.kill(signal.SIGTERM)
            for report in relay.reports()[:3]:
                self.find("sanitizer", "%s: %s" % (relay.name, report))
            if code not in (0, -signal.SIGKILL):
                self.find("end", "%s ended with %s after SIGTERM" % (relay.name, code))
        self.cluster.stop()
        self.counts["events"] = sum(c.received for c in self.clients)
        self.counts["streams"] = sum(c.streams for c in self.clients)
        self.counts["streams that a gap has closed"] = sum(c.closed for c in self.clients)
        self.counts["acknowledged"] = self.said.plain
        for client in self.clients:
            self.counts.update({"told " + r: n for r, n in client.reasons.items()})
