"""The checks. Each is a function that returns what it measured, raises Wrong, or raises Skip; one
that has several names returns a result for each of them."""

import asyncio
import os
import random
import signal
import statistics
import time

import http1
from stream import Wrong
from target import FEW, LIMIT, Client, Skip, server_end

CHECKS = []  # (names, function)
MUCH = b"0123456789abcdef" * 2048  # 32 KiB
STALL_MIB = 11.5  # smaller amounts hide in the buffers of sockets
GROWTH_MIB = 5.0  # that the memory may grow by, meanwhile
SPIN = 0.1  # of a processor: less is idle
READY = 0.85  # of the time, for a thread
BEARABLE_S = 1.5  # until an event has come


def check(*names):
    def add(function):
        CHECKS.append((names, function))
        return function
    return add


def ms(seconds):
    return "%.0f ms" % (seconds * 1000) if seconds >= 0.0095 else "%.1f ms" % (seconds * 1000)


async def leave(*clients):
    for client in clients:
        await client.leave()


# What a stream is.


@check("head")
async def head(t):
    """200, its fields, and first bytes at once"""
    took, begin = [], time.monotonic()
    for _ in range(3):
        start = time.monotonic()
        client = await Client(t).begin()
        await client.until(lambda: client.bytes_at, "the first byte")
        took.append(client.bytes_at[0] - start)
        fields = client.answer.fields
        names = [n for n, _ in fields]
        value = {n: v for n, v in fields}
        await client.leave()
    if value.get("content-type", "").lower().replace(" ", "").split(";")[0] != "text/event-stream":
        raise Wrong("the content type is %s" % value.get("content-type"))
    if not {"no-cache", "no-store"} & {v.strip() for v in value.get("cache-control", "").split(",")}:
        raise Wrong("Cache-Control: %s lets caches keep the stream" % value.get("cache-control"))
    if "content-length" in names:
        raise Wrong("a stream has no length: Content-Length: %s" % value["content-length"])
    if t.http2:
        import http2
        wrong = [n for n in names if n in http2.CONNECTION_FIELDS or n != n.lower()]
        if wrong:
            raise Wrong("fields that HTTP/2 forbids: %s" % ", ".join(wrong))
    limit = min(0.3, 0.8 * (t.options.heartbeat_ms or 1000) / 1000)
    if statistics.median(took) > limit + t.lag.since(begin):
        raise Wrong("the first bytes came after %s" % ms(statistics.median(took)))
    return "first bytes after %s" % ms(statistics.median(took))


LIVE = [
    (None, "plain"), (None, "gr\u00f6\u00dfer \u20ac \U0001f389 \u2028 \x85"), (None, "one\ntwo\n\nfour"),
    (None, "a\r\nb\rc"), (None, "  leading blanks"), (None, "\nbegins with a line break"),
    (None, "ends with one\n"), (None, "data: no field\nid: 9\nevent: x\nretry: 1\n: no comment"),
    (None, ""), (None, "\n"), (None, "\ufeffmark"), ("news", "of a type"), ("a b", "type with a blank"),
    (None, MUCH), ("news", b"x\n" * 8000), (None, "the end"),
]


@check("live")
async def live(t):
    """events in order and unchanged: UTF-8, lines, types, 32 KiB, empty"""
    clients = [await Client(t).begin() for _ in range(2)]
    delays = []
    for type, data in LIVE:
        start = time.monotonic()
        n = await t.publish(data, type=type)
        for c in clients:
            await c.until(lambda: n in c.arrivals, "event %d (%s, %r)" % (n, type, data[:20]))
            delays.append(c.arrivals[n] - start)
    for i in range(30):
        await t.publish("number %d of many" % i)
    for c in clients:
        await c.gets_all()
    await leave(*clients)
    return "%d events, median delay %s" % (len(LIVE), ms(statistics.median(delays)))


@check("filters")
async def filters(t):
    """a user sees the events for everybody, and those of their own"""
    users = [None, "ann", "b\u00f6 b&c"]
    clients = [await Client(t, user).begin() for user in users]
    for i in range(24):
        user = users[i * 7 % 3]
        await t.publish("for %s, number %d" % (user, i), user=user)
    await t.publish("the last one, for everybody")
    for c in clients:
        await c.gets_all()
    ann = clients[1]
    await ann.leave()
    await t.publish("while ann was away", user="ann")
    await t.publish("not for ann", user="b\u00f6 b&c")
    await t.publish("for everybody again")
    await ann.begin()
    await ann.gets_all()
    if ann.gaps:
        raise Wrong("a gap was told to a user who came back at once")
    counts = ", ".join("%d" % c.received for c in clients)
    await leave(*clients)
    return "3 clients got %s events" % counts


@check("requests")
async def requests(t):
    """what is no stream: HEAD, OPTIONS, 406, 405, 404, a body that is too long"""
    wrong, said = [], []

    async def answer(what, expected, *args, **how):
        try:
            got, text = await t.ask(*args, **how)
        except http1.Torn:
            got, text = None, "closed"
        except Wrong as e:
            got, text = None, str(e)
        if (got.status if got else text) not in expected:
            wrong.append("%s: %s" % (what, got.status if got else text))
        said.append("%s %s" % (what, got.status if got else text))
        return got

    got = await answer("HEAD", [200], t.url, "HEAD")
    if got and "text/event-stream" not in (got.field("content-type") or ""):
        wrong.append("HEAD: the content type is %s" % got.field("content-type"))
    if got and await has_a_body(t):
        wrong.append("HEAD: it has a body")
    await answer("OPTIONS", [200, 204], t.url, "OPTIONS",
                 fields=[("Origin", "http://example.org"), ("Access-Control-Request-Method", "GET")])
    await answer("text/html", [406], t.url, fields=[("Accept", "text/html")])
    got = await answer("DELETE", [405], t.url, "DELETE")
    if got and got.status == 405 and not got.field("allow"):
        wrong.append("DELETE: 405 without Allow")
    await answer("none", [404], t.url, target="/there-is-no-such-path")
    count = len(t.book.log)
    client = await Client(t).begin()
    await answer("4 MiB", [400, 413, 431, "closed"], t.publish_url, "POST", body=MUCH * 128)
    await t.publish("after what was too long")
    await client.gets_all()
    await client.leave()
    assert len(t.book.log) == count + 1
    if wrong:
        raise Wrong("; ".join(wrong))
    return ", ".join(said)


async def has_a_body(t):
    """Whether something comes after the head of an answer to HEAD."""
    if t.http2:
        answer = await t.connection.ask("HEAD")
        await asyncio.sleep(0.1)
        return any(answer.parts)  # a frame of 0 bytes can carry the end
    answer = await http1.ask(t.url, "HEAD")
    try:
        return bool(answer.buffer or await asyncio.wait_for(answer.line.receive(), 0.1))
    except (asyncio.TimeoutError, http1.Torn):
        return False
    finally:
        answer.close()


# Clients that come back.


@check("resume")
async def resume(t):
    """cut at any byte, and back: nothing lost, nothing twice"""
    dice = random.Random(t.options.seed)
    clients = [Client(t), Client(t), Client(t, "ann")]
    going = True
    cuts = 0

    async def publisher():
        i = 0
        while going:
            i += 1
            await t.publish("event %d\n%s\nits end" % (i, "x" * dice.randrange(400)),
                            user="ann" if i % 5 == 0 else None)
            await asyncio.sleep(0.004)

    async def cutter(c):
        nonlocal cuts
        for i in range(9):
            budget = dice.randrange(1, 60) if i % 3 == 1 else dice.randrange(60, 4000)
            await c.begin(way=("header", "lastEventId")[i % 2], budget=budget)
            await c.gets_its_end()
            await c.leave(reset=dice.random() < 0.5)
            if c.at is not None and not c.last_id:
                raise Wrong("events have no id: a client cannot come back")
            cuts += 1
            await asyncio.sleep(dice.choice((0, 0.02, 0.05)))

    task = asyncio.create_task(publisher())
    try:
        await asyncio.gather(*map(cutter, clients))
    finally:
        going = False
        await task
    for c in clients:
        await c.begin()
        await c.gets_all()
        if c.gaps:
            raise Wrong("a client was told of a gap, and nothing was gone")
    await leave(*clients)
    return "%d cuts, %d events, no gap" % (cuts, sum(c.received for c in clients))


def refused(status):
    return 400 <= status < 500


async def bad_id(t, what, way, id):
    """A stream with an id that cannot be: a gap event first, or a refusal."""
    client = Client(t)
    try:
        status = await client.connect(way=way, last_id=id)
    except http1.Torn:
        return "closed"
    try:
        if refused(status):
            return status
        if status != 200:
            raise Wrong("%s: answered %d" % (what, status))
        await t.publish("after " + what)
        try:
            await client.gets_all()
        except Wrong as e:
            raise Wrong("%s: %s" % (what, e))
        if not client.gaps:
            raise Wrong("%s: a fresh start, and no gap was told" % what)
        return "gap"
    finally:
        client.wrong = None
        await client.leave()


@check("bad-id")
async def bad_ids(t):
    """an id that cannot be: a gap event or a refusal, never a silent fresh start"""
    client = await Client(t).begin()
    await t.publish("to have an id")
    await client.gets_all()
    await client.leave()
    if not client.last_id:
        raise Wrong("events have no id")
    cases = [
        ("a number", "header", "7"),
        ("of another run", "header", "0123456789abcdef-7"),
        ("of the future", "header", client.last_id + "0"),
        ("a torn one", "header", client.last_id[:-1] + "x"),
        ("no UTF-8", "header", b"h\xe4\xdf\xff"),
        ("no id in the query", "lastEventId", "not an id"),
        ("percent garbage", "lastEventId", b"%zz"),
        ("a NUL", "lastEventId", b"%00"),
        ("a line break", "lastEventId", b"7%0a%0adata:%20forged%0a%0a"),
    ]
    said = [str(await bad_id(t, *case)) for case in cases]
    return ", ".join("%s %d" % (s, said.count(s)) for s in sorted(set(said)))


@check("long-id")
async def long_ids(t):
    """an id of 6,000 bytes, in the field and in the query"""
    await t.publish("before the long ids")
    said = []
    for way in ("header", "lastEventId"):
        said.append("%s: %s" % (way, await bad_id(t, "a long id (%s)" % way, way, "7" * 6000)))
    return ", ".join(said)


@check("resume-gap")
async def resume_gap(t):
    """back after more than the history keeps: a gap event, then what there is"""
    clients = [await Client(t).begin(), await Client(t, "ann").begin()]
    await t.publish("before the gap")
    for c in clients:
        await c.gets_all()
    await leave(*clients)
    start = len(t.book.log)
    for i in range(44):  # 1.4 MiB
        await t.publish(b"%06d " % i + MUCH[:32000])
    await t.publish("for ann, after the gap", user="ann")
    await t.publish("after the gap")
    got = []
    for c in clients:
        before = c.received
        await c.begin()
        await c.gets_all()
        got.append(c.received - before)
    if got[0] < 45 and not clients[0].gaps:
        raise Wrong("no gap was told")
    await leave(*clients)
    return "%d of %d events came after %s" % (got[0], len(t.book.log) - start - 1,
                                              "the gap" if clients[0].gaps else "no gap: all are kept")


# Time.


@check("heartbeats", "spin-idle")
async def quiet(t):
    """heartbeats when it is silent, none where events flow | processor time while idle"""
    clients = [await Client(t).begin() for _ in range(8)]
    clients.append(await Client(t, "ann").begin())
    await asyncio.sleep(0.3)
    heartbeat = (t.options.heartbeat_ms or 0) / 1000
    start = time.monotonic()
    measure = await busy(t, min(max(1.5, 3.5 * heartbeat), 12))
    end = time.monotonic()
    return {"heartbeats": await measured(heartbeats(t, clients, heartbeat, start, end)),
            "spin-idle": await measured(idle(t, measure))}


async def measured(result):
    try:
        return await result
    except (Wrong, Skip) as e:
        return e


async def heartbeats(t, clients, heartbeat, start, end):
    if not heartbeat:
        raise Skip("--heartbeat-ms is not given")
    if heartbeat > 3:
        raise Skip("heartbeats are too rare: start the server with at most 3000 ms")
    longest, count, early = 0, 0, []
    for c in clients:
        if c.wrong or c.ended:
            raise Wrong("a silent stream ended: %s" % (c.wrong or c.ended))
        times = [start] + [at for at in c.bytes_at if start < at < end] + [end]
        longest = max([longest] + [b - a for a, b in zip(times, times[1:])])
        mine = [at for at in c.comments_at if start < at < end]
        count = max(count, len(mine))
        for at in mine:
            before = [b for b in c.bytes_at if b < at]
            if before and at - before[-1] < heartbeat * 0.5 - t.lag.since(before[-1] - 0.2, at):
                early.append(at - before[-1])
    if longest > heartbeat * 1.25 + 0.2 + t.lag.since(start, end) or count == 0:
        raise Wrong("nothing came for %s" % ms(longest))
    if early:
        raise Wrong("a heartbeat came %s after other bytes" % ms(min(early)))
    before = [c.heartbeats + c.places for c in clients]
    until = time.monotonic() + max(1.0, 3 * heartbeat)
    while time.monotonic() < until:
        await t.publish("no silence")
        await asyncio.sleep(heartbeat / 8)
    for c in clients:
        await c.gets_all()
    needless = max(c.heartbeats + c.places - b for c, b in zip(clients, before))
    if needless > 1:
        raise Wrong("%d heartbeats came while events flowed" % needless)
    await leave(*clients)
    return "%s at most between bytes of a silent stream; %d while events flowed" % (ms(longest), needless)


@check("tick")
async def tick(t):
    """events of another thread come when they are published"""
    if not t.options.tick_ms:
        raise Skip("--tick-ms is not given")
    c = t.recorder
    await c.until(lambda: sum(map(len, c.spans)) >= 4, "four ticks",
                  t.options.tick_ms * 6 / 1000 + 1)
    ticks = [tick for span in c.spans for tick in span]
    delays = sorted(came - when for when, came in ticks)
    late = [came - when for when, came in ticks
            if came - when > 100 + 1000 * t.lag.since(when / 1000, came / 1000)]
    if len(late) * 4 > len(delays):
        raise Wrong("%d of %d came more than 100 ms after they were published: %s"
                    % (len(late), len(delays), ", ".join("%.0f" % d for d in delays[-9:])))
    return "%d ticks, median delay %.1f ms, most %.1f ms" % (
        len(delays), statistics.median(delays), delays[-1])


# Clients that go.


async def vanish(t, what, go):
    """How long a client is still counted after it has gone, where nothing is published."""
    await t.subscribers()
    base = await settled(t)
    client = await Client(t).begin()
    await t.until_subscribers(base + 1, 2, "a new client")
    await asyncio.sleep(0.05)
    await go(client)
    heartbeat = (t.options.heartbeat_ms or 1000) / 1000
    took = await t.until_subscribers(base, 3 * heartbeat + 1.5, "a client that went by %s" % what)
    return "noticed after %s" % ms(took)


async def settled(t):
    """The number of subscribers, when those of earlier checks have gone."""
    heartbeat = (t.options.heartbeat_ms or 1000) / 1000
    await t.until_subscribers(t.base, 3 * heartbeat + 1, "clients of earlier checks have gone")
    return t.base


@check("vanish-fin")
async def vanish_fin(t):
    """a client that closes is noticed: the subscribers fall back"""
    return await vanish(t, "FIN", lambda c: c.leave())


@check("vanish-reset")
async def vanish_reset(t):
    """a client that resets its connection is noticed"""
    return await vanish(t, "RST", lambda c: c.leave(reset=True))


@check("vanish-cancel")
async def vanish_cancel(t):
    """HTTP/2: a stream that is cancelled, on a connection that stays, is noticed"""
    if not t.http2:
        raise Skip("HTTP/2 only")
    kept = []

    async def go(client):
        client.answer.own = False
        kept.append(client.answer.connection)
        await client.leave()

    try:
        return await vanish(t, "RST_STREAM", go)
    finally:
        for connection in kept:
            connection.close()


@check("half-close")
async def half_close(t):
    """a client that stops sending: the stream goes on or is closed; no spin, nothing leaks"""
    if t.http2:
        raise Skip("HTTP/1 only: each request of HTTP/2 ends what its client sends")
    client = await Client(t).begin()
    await asyncio.sleep(0.05)
    start = time.monotonic()
    client.answer.line.stop_sending()
    try:
        ended = await client.gets_its_end(0.3)
    except Wrong:
        ended = None
    if ended is None:
        for i in range(3):
            await t.publish("half closed %d" % i)
            await asyncio.sleep(0.05)
        try:
            await client.until(lambda: client.ended or client.has_all(), "anything", 3)
        except Wrong:
            if not client.ended:
                raise
        ended = client.ended
    said = "closed after %s (%s)" % (ms(client.bytes_at and time.monotonic() - start), ended)
    if not ended:
        said = "the stream goes on"
    measure = await busy(t, 0.5)
    if t.processes.given:
        said += "; " + await idle(t, measure)
    if client.wrong:
        raise client.wrong
    await client.leave()
    if t.base is not None:
        await settled(t)
    return said


# Many clients, and clients that do not read.


@check("crowd")
async def crowd(t):
    """two hundred clients: each gets each event"""
    gate = asyncio.Semaphore(16)

    async def begin(client, **how):
        async with gate:
            return await client.begin(**how)

    clients = [Client(t) for _ in range(200)]
    connections = []
    if t.http2:
        connections = [await t.connect() for _ in range(4)]
    start = time.monotonic()
    try:
        await asyncio.gather(*(begin(c, on=connections[i % 4]) if connections else begin(c)
                               for i, c in enumerate(clients)))
        opened = time.monotonic() - start
        for i in range(10):
            published = time.monotonic()
            last = await t.publish("for the crowd, number %d" % i)
        for c in clients:
            await c.gets_all()
        took = max(c.arrivals[last] for c in clients) - published
        await leave(*clients)
    finally:
        for connection in connections:
            connection.close()
    return "200 open after %s; 10 events each, the last after %s" % (ms(opened), ms(took))


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


async def busy(t, seconds):
    """What the server computes meanwhile: seconds of processor time, of its busiest thread that was
    running or ready, and how often it was woken."""
    before = t.processes.threads()
    start = time.monotonic()
    await asyncio.sleep(seconds)
    seconds = time.monotonic() - start
    cpu = ready = wakeups = 0
    for thread, (now, waited, woken) in t.processes.threads().items():
        old = before.get(thread, (0, 0, 0))
        cpu += now - old[0]
        ready = max(ready, now + waited - old[0] - old[1])
        wakeups += woken - old[2]
    return cpu / seconds, ready / seconds, wakeups / seconds


async def idle(t, measured):
    """That it does not spin. Where the machine is loaded, a thread that spins gets little time, and
    waits for more all the time."""
    t.processes.need()
    cpu, ready, wakeups = measured
    said = "%.1f %% of a processor, %.0f wakeups in a second" % (cpu * 100, wakeups)
    if cpu > SPIN or ready > READY:
        raise Wrong("%s; a thread was ready for %.0f %% of the time" % (said, ready * 100))
    return said


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
                await c.gets_all()
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
        files = t.processes.files()
        said.append("%d open files, %d before" % (files, t.files))
        if files > t.files + 12:
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
