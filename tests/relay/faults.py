"""What goes wrong: each function makes one fault, and lasts as long as it does. What it leaves broken,
World.heal mends. Nothing here needs a privilege."""

import asyncio
import os
import signal
import subprocess

import paths

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
    """SIGTERM now, and its exit code, or None where it had to be killed, while everything else goes on:
    another fault may start the process again meanwhile."""
    child = process.child

    def wait():
        try:
            return child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
            return None

    process.tell(signal.SIGCONT)
    process.tell(signal.SIGTERM)
    return asyncio.get_running_loop().run_in_executor(None, wait)


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
    """A relay that serves; one that another fault has just started dies of the signal, as it may."""
    relay = world.random.choice(world.relays)
    child = relay.child
    if not await relay.serves() or relay.child is not child:
        return
    code = await ended(relay)
    if code not in (0, -signal.SIGKILL):  # another fault
        world.find("end", "%s ended with %s after SIGTERM" % (relay.name, code))


@fault(3)
async def stop_relay(world):
    relay = world.random.choice(world.relays)
    relay.tell(signal.SIGSTOP)
    await pause(world, 0.1, 4.0)
    relay.tell(signal.SIGCONT)
