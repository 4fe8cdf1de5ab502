"""The checks with clients that do not read, and those that come last: what is left after all of
them, and the end."""

import asyncio
import os
import statistics
import time

from checks import MUCH, busy, check, idle, leave, measured, ms, settled
from stream import Wrong
from target import FEW, Client, Skip, server_end

STALL_MIB = 11.5  # smaller amounts hide in the buffers of sockets
GROWTH_MIB = 5.0  # that the memory may grow by, meanwhile
BEARABLE_S = 1.5  # until an event has come


async def stalled_clients(t):
    """Clients that read nothing after the head: one that stays so, one that wakes up; and clients
    that read, next to them. Over HTTP/2 these share a connection, and the first two never open
    their window; a third one reads no frame at all."""
    if not t.http2:
        return [await Client(t).begin(read=False, receive_buffer=FEW) for _ in range(2)], []
    shared = await t.connect()
    stalled = [await Client(t).begin(read=False, stalled=True, on=shared) for _ in range(2)]
    stalled.append(await Client(t).begin(read=False, receive_buffer=FEW))
    stalled[2].answer.connection.pause()
    other = await Client(t).begin(on=shared)
    other.shares = True
    return stalled, [other]


class Watch:
    """When bytes were last taken for a client that reads nothing, and when it was cut off, as far as
    that can be seen from its end."""

    def __init__(self, t, client):
        self.t, self.client = t, client
        self.taken, self.published = time.monotonic(), t.published
        self.cut = self.seen = None
        self.task = asyncio.create_task(self.run())

    def look(self):
        """(what changes when bytes are taken, whether the stream is open)"""
        answer = self.client.answer
        if self.t.http2:
            return answer.unread, not (answer.ended or answer.torn or answer.connection.ended)
        return server_end(answer.line)

    async def run(self):
        while self.cut is None and self.client.answer:
            seen, is_open = self.look()
            if not is_open:
                self.cut = time.monotonic()
            elif seen != self.seen:
                self.seen, self.taken, self.published = seen, time.monotonic(), self.t.published
            await asyncio.sleep(0.05)

    def has_stalled(self):
        """Nothing is taken any more, though more was published."""
        return self.t.published > self.published + 16 * len(MUCH) and time.monotonic() > self.taken + 0.1


async def publish_much(t, mib, readers, delays, enough=lambda: False):
    """Publish with the pace of readers that keep up. Their delays are noted."""
    size, i = t.published, 0
    while t.published - size < mib * 1024 * 1024 and not enough():
        n = await t.publish(b"much %06d " % len(t.book.log) + MUCH[:32000])
        i += 1
        delays.append((n, t.asked_at))
        for c in readers:
            if i > 4:
                await goes_on(c, lambda: c.has_come(n - 3), n)
    for c in readers:
        await goes_on(c, c.has_all, len(t.book.log))


async def goes_on(client, condition, n):
    """Wait for something to come. Over HTTP/2 a client that shares its connection with a stalled one
    may have to come back."""
    if client.shares and (client.answer.torn or client.answer.connection.ended):
        client.cuts, client.shares = 1, False
        await client.leave()
        await client.begin()
    try:
        await client.until(condition, "event %d" % n)
    except Wrong:
        if not client.ended or not client.shares:
            raise
        await goes_on(client, condition, n)


@check("stalled-others", "stalled-memory", "stalled-spin", "stalled-wakes", "stalled-cut")
async def stalled(t):
    """others are not harmed by clients that do not read | memory stays bounded, with 11 MiB
    published | no processor time goes to them | one that reads again has lost nothing silently |
    one that does not is cut off in time"""
    readers = [await Client(t).begin() for _ in range(2)]
    await publish_much(t, 2, readers, [])  # what grows in any case has grown then
    stalled, more = await stalled_clients(t)
    readers += more
    watch = Watch(t, stalled[0])
    memory, start, delays = t.processes.memory(), time.monotonic(), []
    most = asyncio.create_task(most_memory(t))
    size = t.published
    await publish_much(t, STALL_MIB / 2, readers, delays, watch.has_stalled)
    for _ in range(2):  # a system can take some bytes later
        begun = time.monotonic()
        measure = await busy(t, 0.7)
        if watch.taken < begun or watch.cut:
            break
    was_still, is_there = watch.taken < begun, watch.cut is None
    await publish_much(t, STALL_MIB - (t.published - size) / 1048576, readers, delays)
    done = time.monotonic()

    results = {"stalled-spin": await measured(idle(t, measure))}
    if not is_there:
        results["stalled-spin"] = Skip("it was cut off before there was anything to measure")
    elif not was_still and not isinstance(results["stalled-spin"], Skip):
        results["stalled-spin"] = Wrong("it had not stalled: it cannot be measured")
    results["stalled-others"] = await measured(unharmed(t, readers, delays, start))
    results["stalled-wakes"] = await measured(wakes_up(t, stalled[1]))
    results["stalled-cut"] = await measured(is_cut(t, watch, done, len(stalled) + len(readers)))
    for c in readers:
        await goes_on(c, c.has_all, len(t.book.log))
    most.cancel()
    results["stalled-memory"] = await measured(memory_result(t, memory, most))
    return results


async def unharmed(t, readers, delays, start):
    took = sorted(c.arrivals[n] - at for c in readers for n, at in delays)
    said = "%d events of 32 KiB, delay: median %s, most %s" % (
        len(delays), ms(statistics.median(took)), ms(took[-1]))
    if took[-1] > BEARABLE_S + t.lag.since(start) or any(c.gaps for c in readers):
        raise Wrong("%s; %d gaps" % (said, sum(c.gaps for c in readers)))
    if any(c.cuts for c in readers):
        said += "; a stalled stream that is cut off ends the others of its connection"
    return said


async def most_memory(t):
    t.most_memory = 0
    while True:
        t.most_memory = max(t.most_memory, t.processes.memory())
        await asyncio.sleep(0.05)


async def memory_result(t, before, most):
    t.processes.need()
    if not t.options.memory:
        raise Skip("--no-memory")
    said = "%.1f MiB, and at most %.1f MiB more" % (before, t.most_memory - before)
    if t.most_memory - before > GROWTH_MIB:
        raise Wrong(said)
    return said


async def wakes_up(t, client):
    """A client reads again: it gets what is there, and a gap or its end where it missed some."""
    if t.http2:
        await client.answer.wake()
    client.read()
    await client.until(lambda: client.ended or client.has_all(), "what there is", 5)
    said = "goes on"
    if client.ended:
        said = "is closed (%s), and comes back" % client.ended
        client.answer.close()
        await client.begin()
    await t.publish("for the one that woke up")
    await client.gets_all()
    said += "; %d events, %d gaps" % (client.received, client.gaps)
    if not client.gaps:
        raise Wrong(said + ": it got everything, and was not stalled")
    await client.leave()
    return said


async def is_cut(t, watch, done, others):
    """A client that reads nothing is cut off after the limit. Its subscriber goes, too: then all
    that there are read. It comes back, and has lost nothing silently."""
    if not t.options.stall_ms:
        raise Skip("--stall-ms is not given")
    limit, client = t.options.stall_ms / 1000, watch.client
    latest = done + limit * 1.25 + 1.0 + t.options.write_timeout_ms / 1000 + t.lag.since(done - 1)
    left = t.base + others - (3 if t.http2 else 2) if t.base is not None else None
    cut = watch.cut
    while time.monotonic() < latest + 0.5:
        gone = left is not None and await t.subscribers() <= left
        cut = cut or watch.cut or (time.monotonic() if gone else None)
        if cut and (gone or left is None):
            break
        await asyncio.sleep(0.03)
    if not cut and left is None:
        raise Skip("the server has no /status, and it cannot be seen whether it was cut off")
    if not cut or not gone and left is not None:
        raise Wrong("it is still there %.1f s after the last byte was taken"
                    % (time.monotonic() - watch.taken))
    said = "%.2f s after the last byte was taken" % (cut - watch.taken)
    if cut - watch.taken < limit - 0.1 - t.lag.since(watch.taken - 1, cut):
        raise Wrong("too early: " + said)
    if cut > latest:
        raise Wrong("too late: " + said)
    watch.task.cancel()
    client.read()
    if t.http2 and not client.answer.torn:
        await client.answer.wake()
    await client.gets_its_end(3)
    said += "; when it reads again it sees: " + client.ended
    client.answer.close()
    await client.begin()
    await client.gets_all()
    return said


@check("many-streams")
async def many_streams(t):
    """HTTP/2: a hundred streams on one connection, one of them with its window shut"""
    if not t.http2:
        raise Skip("HTTP/2 only")
    connection = await t.connect()
    try:
        shut = await Client(t).begin(read=False, stalled=True, on=connection)
        clients = [await Client(t).begin(on=connection) for _ in range(99)]
        for i in range(20):
            await t.publish(b"for many streams %d " % i + MUCH[:9000])
            for c in clients:
                await c.gets_all(BEARABLE_S + t.lag.since(time.monotonic() - 1))
        await leave(*clients, shut)
    finally:
        connection.close()
    return "20 events of 9 KiB to 99 streams"


# The end.


@check("after")
async def after(t):
    """the server works as before, and holds nothing of those that have gone"""
    client = await Client(t).begin()
    await t.publish("after all of this")
    await client.gets_all()
    await client.leave()
    said = ["it works"]
    if t.base is not None:
        await settled(t)
        said.append("%d subscribers as before" % t.base)
    if t.processes.given:
        most, end = t.files + 12, time.monotonic() + 3
        while t.processes.files() > most and time.monotonic() < end:
            await asyncio.sleep(0.1)  # a process that serves one client ends after that has gone
        files = t.processes.files()
        said.append("%d open files, %d before" % (files, t.files))
        if files > most:
            raise Wrong(", ".join(said))
    t.recorder.check_ticks()
    return ", ".join(said)


@check("end")
async def end(t):
    """SIGTERM: all events, a farewell, a clean end, also with a client that does not read"""
    if not t.options.ends:
        raise Skip("without --ends the server is not ended")
    if not t.processes.given:
        raise Skip("without --pid it cannot be told to end")
    live = [await Client(t).begin(), await Client(t).begin(), await Client(t, "ann").begin()]
    stalled, more = await stalled_clients(t)
    live += more
    watch = Watch(t, stalled[0])
    await publish_much(t, STALL_MIB / 2, live, [], watch.has_stalled)
    if len(t.processes.given) > 1:  # what is behind another server stalls after that
        await publish_much(t, STALL_MIB / 4, live, [])
    before = await t.subscribers() if t.base is not None else None
    if watch.cut or before is not None and before < t.base + len(live) + len(stalled):
        raise Wrong("the stalled client has gone before the end: it cannot be tried")
    for i in range(3):
        await t.publish("one of the last %d" % i)
        await t.publish("one of the last for ann %d" % i, user="ann")
    pid = t.processes.given[0]
    os.kill(pid, t.options.signal)
    start = time.monotonic()
    limit = 2.0 + 1.5
    wrong = []
    for c in live:
        try:
            await c.gets_all(limit)
        except Wrong as e:
            if not (c.ended == "cleanly" and c.has_all()):
                wrong.append("%s" % e)
        try:
            await c.gets_its_end(limit)
            if c.ended != "cleanly":
                wrong.append("its end is not clean: %s" % c.ended)
            elif not c.farewell:
                wrong.append("no farewell")
            elif c.farewell.retry is None:
                wrong.append("a farewell without a reconnection time")
        except Wrong as e:
            wrong.append("%s" % e)
    ended = time.monotonic() - start
    while t.processes.is_running(pid) and time.monotonic() - start < limit + 1:
        await asyncio.sleep(0.01)
    took = time.monotonic() - start
    if t.processes.is_running(pid):
        wrong.append("the process is still there after %.1f s" % took)
    elif took > limit + t.lag.since(start):
        wrong.append("the process ended after %.1f s" % took)
    if wrong:
        raise Wrong("; ".join(sorted(set(wrong))))
    return "%d clients sent away after %s, %s subscribers then; the process ended after %.2f s" % (
        len(live), ms(ended), before, took)
