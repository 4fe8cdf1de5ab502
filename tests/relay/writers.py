"""Writers: they add entries, each attempt with a field that no other has, and note what was acknowledged."""

import asyncio
import itertools
import json
import random

import paths  # of resp and web
from resp import GONE, Connection, once
from verdict import Entry, with_hash
from web import request

TAGS = (None, None, "a", "b")
numbers = itertools.count()


class Acknowledged:
    """What writers were told. sure: all replicas have confirmed it, so that it may never be missing.
    filter: the name of the field that has the tag."""

    def __init__(self, filter):
        self.filter = filter.encode()
        self.written = {}  # the tag of the data of each attempt
        self.sure = []  # entries, since the last verdict
        self.plain = self.refused = 0

    def data(self, world, more="", tag=None):
        data = "%s.%d%s" % (world.name, next(numbers), more)
        self.written[data] = tag
        return data

    def fields(self, world, more="", tag=None):
        data = self.data(world, more, tag)
        return [b"data", data.encode()] + ([self.filter, tag.encode()] if tag else [])

    def take(self, id, fields, sure):
        self.plain += 1
        if sure:
            names = dict(zip(fields[::2], fields[1::2]))
            self.sure.append(Entry(with_hash(id.decode(), fields), names[b"data"].decode()))


class Direct:
    """One that any language could be: XADD to the primary that sentinels name, on one connection, until
    that fails."""

    def __init__(self, name, world):
        self.world, self.random = world, random.Random("%s %s" % (world.seed, name))
        self.connection = None

    async def live(self):
        while True:
            await self.world.may_write.wait()
            try:
                await self.write()
            except GONE:
                self.world.said.refused += 1
                if self.connection:
                    self.connection.close()
                self.connection = None
                await asyncio.sleep(0.05)
            await asyncio.sleep(self.random.expovariate(self.world.rate))

    async def write(self):
        world = self.world
        if self.connection is None:
            sentinel = self.random.choice(world.cluster.sentinels)
            said = await once(sentinel.port, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", "events", limit=0.5)
            self.connection = await Connection.to(int(said[1]), "writer", 0.5)
        fields = world.said.fields(world, "x" * self.random.randrange(0, 60), self.random.choice(TAGS))
        id = await self.connection.ask("XADD", world.key, "MAXLEN", "~", world.max_len, "*", *fields)
        sure = self.random.random() < 0.3 and await self.connection.ask("WAIT", 2, 200) == 2
        world.said.take(id, fields, sure)


class Posting:
    """POST /publish to any relay."""

    def __init__(self, name, world):
        self.world, self.random = world, random.Random("%s %s" % (world.seed, name))
        self.answers = world.answers

    async def live(self):
        while True:
            await self.world.may_write.wait()
            try:
                await self.write()
            except (OSError, EOFError, ValueError, asyncio.TimeoutError):
                self.answers["no answer"] += 1
                await asyncio.sleep(0.05)
            await asyncio.sleep(self.random.expovariate(self.world.rate))

    async def write(self):
        world = self.world
        tag = self.random.choice(TAGS)
        data = world.said.data(world, tag=tag)
        path = "/publish?stream=%s" % world.key + ("&%s=%s" % (world.filter, tag) if tag else "")
        status, body = await request(self.random.choice(world.relays).port, "POST", path, data.encode())
        said = json.loads(body)
        self.answers["%d %s" % (status, said.get("error", "ok"))] += 1
        if status == 200:
            world.said.plain += 1
            if world.wait:
                world.said.sure.append(Entry(said["id"], data))
        else:
            world.said.refused += 1

