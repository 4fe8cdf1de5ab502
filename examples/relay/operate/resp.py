"""The protocol of Redis, as much as the programs here speak of it: one connection, one command at a
time."""

import asyncio


class Refused(Exception):
    """An error that the server has answered: b"-READONLY ..." without the dash."""


class Connection:
    """await Connection.to(port, user) gives one; every wait has a limit."""

    @classmethod
    async def to(cls, port, user=None, limit=2.0):
        self = cls()
        self.limit = limit
        self.reader, self.writer = await asyncio.wait_for(
            asyncio.open_connection("127.0.0.1", port, limit=1 << 24), limit)
        if user:
            try:
                await self.ask("AUTH", user, user + "-secret")
            except BaseException:
                self.close()
                raise
        return self

    def close(self):
        self.writer.transport.abort()

    def send(self, *words):
        parts = [b"*%d\r\n" % len(words)]
        for word in words:
            word = word if isinstance(word, bytes) else str(word).encode()
            parts.append(b"$%d\r\n%s\r\n" % (len(word), word))
        self.writer.write(b"".join(parts))

    async def ask(self, *words, limit=None):
        self.send(*words)
        return await self.answer(limit)

    async def answer(self, limit=None):
        got = await asyncio.wait_for(self.read(), limit or self.limit)
        if isinstance(got, Refused):
            raise got
        return got

    async def read(self):
        line = await self.reader.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("the server has closed")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest
        if kind == b"-":
            return Refused(rest.decode(errors="replace"))
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == b"-1" else (await self.reader.readexactly(int(rest) + 2))[:-2]
        if kind == b"*":
            return None if rest == b"-1" else [await self.read() for _ in range(int(rest))]
        raise ConnectionError("no answer of Redis: %r" % line[:40])


async def once(port, *words, user=None, limit=2.0):
    """One command on a connection of its own."""
    connection = await Connection.to(port, user, limit)
    try:
        return await connection.ask(*words)
    finally:
        connection.close()


GONE = (OSError, EOFError, asyncio.TimeoutError, ConnectionError, Refused)
