"""The checks. Each is a function that returns what it measured, raises Wrong, or raises Skip; one
that has several names returns a result for each of them."""

import asyncio
import random
import statistics
import time

import http1
from stream import Wrong
from target import Client, Skip

CHECKS = []  # (names, function)
MUCH = b"0123456789abcdef" * 2048  # 32 KiB
SPIN = 0.1  # of a processor: less is idle
READY = 0.85  # of the time, for a thread


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


async def measured(result):
    try:
        return await result
    except (Wrong, Skip) as e:
        return e


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
    hashes_to_0 = b"\xd5\x6b\xb9\x53\x42\x87\x08\x36"  # with FNV-1a of 64 bits
    clients = [await Client(t, user).begin() for user in users]
    for i in range(24):
        user = users[i * 7 % 3]
        await t.publish("for %s, number %d" % (user, i), user=user)
    try:
        await t.publish("not for everybody", user=hashes_to_0)
    except Wrong as e:  # which is a server that refuses what is not UTF-8, or is wrong
        if "answered 400" not in str(e):
            raise
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
    if t.base is None:
        raise Wrong("the server has a /status now, and had none when the check began")
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


# Many clients.


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
