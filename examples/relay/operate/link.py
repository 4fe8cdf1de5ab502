"""A proxy in front of a server, whose connections can be stalled or cut, for all who connect or for
some: those of a user of Redis, whose name is in the first bytes of a connection (AUTH)."""

import asyncio

USERS = ("sentinel", "replica", "relay", "writer", "admin")


class Flow:
    """One connection through a link."""

    def __init__(self, link, near):
        self.link, self.near, self.far, self.user = link, near, None, None

    def mode(self):
        return self.link.modes.get(self.user or "other", "pass")

    def abort(self):
        for writer in (self.near, self.far):
            if writer:
                writer.transport.abort()

    async def held(self, reader):
        """Wait while this connection is stalled, unless its near end gives up."""
        while self.mode() == "stall" and not reader.at_eof():
            try:
                await asyncio.wait_for(self.link.changed.wait(), 0.5)
            except asyncio.TimeoutError:
                pass

    async def pump(self, reader, writer):
        try:
            while True:
                data = await reader.read(65536)
                await self.held(reader)
                if not data or self.mode() == "cut":
                    break
                writer.write(data)
                await writer.drain()
        except OSError:
            pass

    async def run(self, reader):
        try:
            first = await reader.read(65536)
            self.user = next((u for u in USERS if u.encode() in first[:200]), "other")
            await self.held(reader)
            if self.mode() != "pass" or reader.at_eof():
                return
            far, self.far = await asyncio.open_connection("127.0.0.1", self.link.target)
            self.far.write(first)
            pumps = [asyncio.ensure_future(self.pump(reader, self.far)),
                     asyncio.ensure_future(self.pump(far, self.near))]
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            for p in pumps:
                p.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self.abort()


class Link:
    """await start(); set("stall"), set("cut", "sentinel", "replica"), set("pass")."""

    def __init__(self, port, target):
        self.port, self.target = port, target
        self.modes, self.flows, self.changed = {}, set(), asyncio.Event()

    async def start(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", self.port)

    async def serve(self, reader, writer):
        flow = Flow(self, writer)
        self.flows.add(flow)
        try:
            await flow.run(reader)
        finally:
            self.flows.discard(flow)

    def set(self, mode, *users):
        for user in users or USERS + ("other",):
            self.modes[user] = mode
        for flow in list(self.flows):
            if flow.user is not None and flow.mode() == "cut":
                flow.abort()
        self.changed.set()
        self.changed = asyncio.Event()

    def stop(self):
        self.server.close()
        for flow in list(self.flows):
            flow.abort()
