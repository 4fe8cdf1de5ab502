"""Faults of the stream itself, and of the settings of its server."""

import paths  # of resp
from faults import fault, lose_tail, pause, primary
from resp import Connection


async def connected(world):
    return await Connection.to((await primary(world)).port, "admin")


@fault(1, lost=True)
async def flush(world):
    admin = await connected(world)
    await admin.ask("FLUSHALL")
    admin.close()
    await pause(world, 0, 1.5)


@fault(2, lost=True)
async def flush_and_silence(world):
    """Nobody writes for a while, and the relays have forgotten: a client comes back to nothing at all."""
    world.may_write.clear()
    try:
        admin = await connected(world)
        await admin.ask("FLUSHALL")
        admin.close()
        for relay in world.relays:
            relay.kill()
            relay.start()
        await pause(world, 2.5, 3.5)  # longer than a relay waits for an id to appear
    finally:
        world.may_write.set()


@fault(2, lost=True)
async def make_anew(world):
    """Deleted, and there again: with new ids, or with some that it had before."""
    admin = await connected(world)
    fields = world.said.fields(world)
    old = (await admin.ask("XREVRANGE", world.key, "+", "-", "COUNT", 30) or [[b"1-1"]])[-1][0]
    await admin.ask("MULTI")
    await admin.ask("DEL", world.key)
    await admin.ask("XADD", world.key, world.random.choice((b"*", old)), *fields)
    await admin.ask("EXEC")
    admin.close()
    await pause(world, 0, 1.5)


@fault(1, lost=True)
async def rename(world):
    admin = await connected(world)
    await admin.ask("RENAME", world.key, world.key + ".away")
    await admin.ask("DEL", world.key + ".away")
    admin.close()
    await pause(world, 0, 1.5)


@fault(1, lost=True)
async def other_type(world):
    admin = await connected(world)
    await admin.ask("SET", world.key, "no stream")
    await pause(world, 0.2, 1.5)
    await admin.ask("DEL", world.key)
    admin.close()


@fault(4, trims=True)
async def trim(world):
    admin = await connected(world)
    await world.trim(admin, world.random.choice((0, 1, 5, 50, 200)))
    admin.close()
    await pause(world, 0, 0.8)


@fault(4, trims=True)
async def burst_and_trim(world):
    """More than a turn reads, and most of it is gone before anyone has read it."""
    admin = await connected(world)
    count = world.random.choice((5, 50, 600))
    commands = [("XADD", world.key, "*", *world.said.fields(world)) for _ in range(count)]
    await world.trim(admin, world.random.choice((0, 1, 3, 40)), commands)
    admin.close()
    await pause(world, 0, 0.8)


@fault(3)
async def burst(world):
    admin = await connected(world)
    for _ in range(world.random.choice((100, 400, 900))):
        admin.send("XADD", world.key, "*", *world.said.fields(world))
    await admin.ask("PING", limit=5)
    admin.close()
    await pause(world, 0.1, 0.5)


@fault(3, deletes=True)
async def delete(world):
    """Some of the newest entries, or of all of them."""
    admin = await connected(world)
    newest = await admin.ask("XREVRANGE", world.key, "+", "-", "COUNT", world.random.choice((1, 1, 20, 300)))
    chosen = world.random.sample(newest, min(len(newest), world.random.choice((1, 1, 5))))
    if chosen:
        world.deleted += world.entries(chosen, doubtful=True)
        await admin.ask("XDEL", world.key, *[entry[0] for entry in chosen])
    admin.close()
    await pause(world, 0, 1.0)


@fault(3, deletes=True)
async def delete_places(world):
    """The entries that clients had last, while the relays forget."""
    admin = await connected(world)
    rows = []
    for client in world.clients:
        if client.last_id:
            id = client.last_id.partition(".")[0]
            rows += await admin.ask("XRANGE", world.key, id, id)
    for relay in world.relays:
        relay.kill()
    if rows:
        world.deleted += world.entries(rows, doubtful=True)
        await admin.ask("XDEL", world.key, *[row[0] for row in rows])
    admin.close()
    for relay in world.relays:
        relay.start()
    await pause(world, 0, 0.5)


@fault(3, trims=True)
async def trim_and_forget(world):
    """Clients come back with places that neither the stream nor a relay has any more."""
    for relay in world.relays:
        relay.kill()
    await burst_and_trim(world)
    for relay in world.relays:
        relay.start()
    await pause(world, 0.2, 0.8)


@fault(2)
async def kill_clients(world):
    admin = await connected(world)
    await admin.ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    admin.close()
    await pause(world, 0, 0.3)


@fault(2)
async def unblock_clients(world):
    admin = await connected(world)
    for line in (await admin.ask("CLIENT", "LIST")).decode().splitlines():
        client = dict(pair.split("=", 1) for pair in line.split())
        if client.get("user") == "relay":
            await admin.ask("CLIENT", "UNBLOCK", client["id"], world.random.choice(("ERROR", "TIMEOUT")))
    admin.close()
    await pause(world, 0, 0.3)


@fault(2)
async def too_many_clients(world):
    admin = await connected(world)
    await admin.ask("CONFIG", "SET", "maxclients", 3)
    await admin.ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    await pause(world, 0.1, 1.0)
    await admin.ask("CONFIG", "SET", "maxclients", 10000)
    admin.close()


@fault(2)
async def revoke(world):
    """A right of the relays; that does not end a read which is blocked."""
    admin = await connected(world)
    right = world.random.choice(("xread", "xrange", "info"))
    await admin.ask("ACL", "SETUSER", "relay", "-" + right)
    await pause(world, 0.1, 1.5)
    await admin.ask("ACL", "SETUSER", "relay", "+" + right)
    admin.close()


@fault(5)
async def clocks(world):
    """From now on, clocks differ: a new primary can be years behind."""
    for server in world.cluster.servers:
        server.skew(world.random.choice((0, 0, -2000, 2000, -3600000, -10 ** 11)))


@fault(6, forks=True)
async def clocks_and_tail(world):
    """A tail is lost, and the ids of its entries come again: both clocks are behind the last id."""
    for server in world.cluster.servers:
        server.skew(-10 ** 11)
    await lose_tail(world)
