"""What goes wrong: each function makes one fault, and lasts as long as it does. What it leaves broken,
World.heal mends. Nothing here needs a privilege."""

import asyncio
import os
import signal

import paths  # of resp
from resp import Connection
from writers import fields_of

FAULTS = {}


def fault(weight, **marks):
    """marks: lost: the stream may be emptied, or go back to an older state; what it had may be missing.
    forks: entries may be withdrawn."""
    def add(function):
        function.weight, function.marks = weight, marks
        FAULTS[function.__name__] = function
        return function
    return add


def pause(world, least, most):
    return asyncio.sleep(world.random.uniform(least, most))


async def primary(world):
    return await world.cluster.named() or world.random.choice(world.cluster.servers)


async def promoted(world, old, limit=8.0):
    """Wait until sentinels name another primary, or not that long."""
    loop = asyncio.get_running_loop()
    end = loop.time() + limit
    while loop.time() < end and await world.cluster.named() in (None, old):
        await asyncio.sleep(0.05)


def ended(process):
    """SIGTERM, and its exit code, while everything else goes on."""
    return asyncio.get_running_loop().run_in_executor(None, process.kill, signal.SIGTERM)


def others(world, server):
    return [s for s in world.cluster.servers if s is not server]


# A primary that dies.

@fault(10, forks=True)
async def kill_primary(world):
    server = await primary(world)
    server.kill()
    await promoted(world, server)


@fault(3)
async def terminate_primary(world):
    server = await primary(world)
    await ended(server)
    await promoted(world, server)


@fault(8, forks=True)
async def lose_tail(world):
    """The replicas lose their links, and get nothing of what is then written before the primary dies."""
    server = await primary(world)
    for other in others(world, server):
        other.tell(signal.SIGSTOP)
    await server.ask("CLIENT", "KILL", "TYPE", "replica")
    await pause(world, 0.05, 0.4)
    server.kill()
    for other in others(world, server):
        other.tell(signal.SIGCONT)
    await promoted(world, server)


@fault(3)
async def restart_primary(world):
    """At once: sentinel does not see it."""
    server = await primary(world)
    server.kill()
    await pause(world, 0, 0.1)
    server.start()
    await pause(world, 0.2, 0.8)


@fault(3, forks=True, lost=True)
async def cut_file(world):
    """A loss of power: the end of the append-only file is missing, and the primary starts again."""
    server = await primary(world)
    server.kill()
    folder = os.path.join(server.folder, "appendonlydir")
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        if name.endswith(".incr.aof") and os.path.getsize(path):
            size = os.path.getsize(path)
            os.truncate(path, max(0, size - world.random.randrange(1, 1 + min(size, 12000))))
    server.start()
    await pause(world, 0.3, 1.0)


@fault(1, forks=True, lost=True)
async def empty_primary(world):
    """It comes back with an empty disk, before sentinel sees that it was away."""
    server = await primary(world)
    server.kill()
    server.forget()
    server.start()
    await pause(world, 0.3, 1.0)


# A primary that lives, and is none any more.

@fault(6, forks=True)
async def stop_primary(world):
    server = await primary(world)
    server.tell(signal.SIGSTOP)
    await promoted(world, server)
    await pause(world, 0, 0.5)
    server.tell(signal.SIGCONT)
    await pause(world, 0.1, 0.5)


@fault(8, forks=True)
async def split(world):
    """Sentinels and replicas cannot reach it; relays and writers can, and go on with it."""
    server = await primary(world)
    server.link.set(world.random.choice(("cut", "stall")), "sentinel", "replica")
    await promoted(world, server)
    await pause(world, 0, 0.8)
    server.link.set("pass")
    await pause(world, 0.1, 0.5)


@fault(4, forks=True)
async def isolate(world):
    """Nobody can reach it."""
    server = await primary(world)
    server.link.set(world.random.choice(("cut", "stall")))
    await promoted(world, server)
    await pause(world, 0, 0.5)
    server.link.set("pass")
    await pause(world, 0.1, 0.5)


@fault(8, forks=True)
async def sentinel_failover(world):
    """As an operator does it. The old primary is told to follow while it lives, and only blocked clients
    get an error."""
    server = await primary(world)
    await world.random.choice(world.cluster.sentinels).ask("SENTINEL", "FAILOVER", "events")
    await promoted(world, server, 4)


@fault(4, forks=True)
async def demote(world):
    """Another one is promoted by hand, and the old primary follows it. Sentinels find out."""
    server = await primary(world)
    other = world.random.choice(others(world, server))
    await other.ask("REPLICAOF", "NO", "ONE")
    await pause(world, 0, 0.3)
    await server.ask("REPLICAOF", "127.0.0.1", other.link.port)
    await pause(world, 0.3, 1.5)


# Links, and those at the ends of them.

@fault(3)
async def relays_cut_off(world):
    server = await primary(world)
    server.link.set(world.random.choice(("cut", "stall")), "relay")
    await pause(world, 0.1, 4.0)
    server.link.set("pass", "relay")


@fault(3)
async def replicas_cut_off(world):
    server = await primary(world)
    server.link.set(world.random.choice(("cut", "stall")), "replica")
    await pause(world, 0.1, 2.0)
    server.link.set("pass", "replica")


@fault(2)
async def kill_replica(world):
    server = world.random.choice(others(world, await primary(world)))
    server.kill()
    await pause(world, 0.1, 1.0)
    server.start()


@fault(2)
async def kill_sentinel(world):
    sentinel = world.random.choice(world.cluster.sentinels)
    sentinel.kill()
    await pause(world, 0.1, 1.0)


@fault(2)
async def stop_sentinels(world):
    """All of them: nobody names a primary."""
    for sentinel in world.cluster.sentinels:
        sentinel.tell(signal.SIGSTOP)
    await pause(world, 0.3, 2.5)
    for sentinel in world.cluster.sentinels:
        sentinel.tell(signal.SIGCONT)


@fault(5)
async def kill_relay(world):
    world.random.choice(world.relays).kill()
    await pause(world, 0.0, 0.6)


@fault(3)
async def end_relay(world):
    relay = world.random.choice(world.relays)
    if relay.is_alive() and (code := await ended(relay)) != 0:
        world.find("end", "%s ended with %s after SIGTERM" % (relay.name, code))


@fault(3)
async def stop_relay(world):
    relay = world.random.choice(world.relays)
    relay.tell(signal.SIGSTOP)
    await pause(world, 0.1, 4.0)
    relay.tell(signal.SIGCONT)


# The stream itself, and the settings of its server.

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
    admin = await connected(world)
    await admin.ask("FLUSHALL")
    admin.close()
    for relay in world.relays:
        relay.kill()
        relay.start()
    await pause(world, 1.0, 2.0)
    world.may_write.set()


@fault(2, lost=True)
async def make_anew(world):
    """Deleted, and there again: with new ids, or with some that it had before."""
    admin = await connected(world)
    data = world.said.data(world)
    old = (await admin.ask("XREVRANGE", world.key, "+", "-", "COUNT", 30) or [[b"1-1"]])[-1][0]
    await admin.ask("MULTI")
    await admin.ask("DEL", world.key)
    await admin.ask("XADD", world.key, world.random.choice((b"*", old)), *fields_of(data, None))
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
    commands = [("XADD", world.key, "*", *fields_of(world.said.data(world), None)) for _ in range(count)]
    await world.trim(admin, world.random.choice((0, 1, 3, 40)), commands)
    admin.close()
    await pause(world, 0, 0.8)


@fault(3)
async def burst(world):
    admin = await connected(world)
    for _ in range(world.random.choice((100, 400, 900))):
        admin.send("XADD", world.key, "*", *fields_of(world.said.data(world), None))
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
