"""Drives examples/languages/python/sse.py: commands on stdin, an answer to each on stdout.

README.md has the commands. With --gc the garbage is collected around each of them."""
import gc
import sys
import time

import sse

clients = {}
now_ms = 0
data = "hello from libsse !"


class Thrown(Exception):
    pass


def text(word):
    """What is UTF-8 is passed as str, and the rest as bytes."""
    if word == "-":
        return None
    value = b"" if word == "." else bytes.fromhex(word)
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value


def shown(value):
    if value is None:
        return "again"
    return "ok " + (value.hex() or ".") if value else "closed 2"


def encode(comment, type, id, retry_ms, value):
    if value == "-":
        return "skip"
    return "ok " + sse.encode(text(value), text(type), text(id), comment=text(comment),
                              retry_ms=int(retry_ms)).hex()


def new_writer(capacity):
    global writer
    writer = sse.Writer(int(capacity))


def new_channel(name, epoch, events, capacity, heartbeat_ms, now):
    global channel
    clients.clear()
    set_time(now)
    channel = sse.Channel(text(name), epoch=int(epoch), events=int(events), capacity=int(capacity),
                          heartbeat_ms=int(heartbeat_ms), clock_ms=lambda: now_ms)


def set_time(now):
    global now_ms
    now_ms = int(now)


def join(k, header, query, tags, capacity, stall_ms, retry_ms, now):
    set_time(now)
    leave(k)
    clients[k] = sse.Client(
        channel, text(header), text(query), capacity=int(capacity), stall_ms=int(stall_ms),
        retry_ms=int(retry_ms), tags=None if tags == "-" else [] if tags == "." else map(int, tags.split(",")))
    clients[k].number = k
    return "gap" if clients[k].has_gap else "ok"


def leave(k):
    if k in clients:
        clients[k].leave()


def publish(type, value, tag, key, now):
    set_time(now)
    channel.publish(text(value), text(type), tag=int(tag), key=int(key))


def tick(now):
    set_time(now)
    channel.tick()


def ready():
    return " ".join(["ok"] + [client.number for client in channel.ready()])


def throw():
    try:
        for client in channel.ready():
            raise Thrown(client.number)
    except Thrown as e:
        return "thrown %s" % e
    return "ok"


def forget(k):
    del clients[k]


def timeout(now):
    ticked = now_ms
    set_time(now)
    answer = "ok %d" % channel.timeout_ms()
    set_time(ticked)  # for drain, which ticks
    return answer


def fields(status, origin, methods):
    return " ".join(["ok"] + ["%s=%s" % (name.encode().hex(), value.encode().hex())
                              for name, value in sse.fields(text(origin), int(status), text(methods))])


def bench(what, times):
    new_writer(4096)
    new_channel("62656e6368", 1, 1000, 1 << 20, 15000, 0)
    client = sse.Client(channel)
    client.read(wait=False)
    list(channel.ready())

    def send():
        writer.send(data, "tick")
        return writer.read(4096)

    def publish():
        channel.publish(data, "tick")
        for client in channel.ready():
            got = client.read(wait=False, size=4096)
            if client.read(wait=False, size=4096) is None:
                return got

    once = {"encode": lambda: sse.encode(data, "tick"), "send": send, "publish": publish}[what]
    start = time.monotonic_ns()
    for _ in range(int(times)):
        if not once():
            raise AssertionError("nothing was written")
    return "ok %.1f" % ((time.monotonic_ns() - start) / int(times))


COMMANDS = {
    "encode": encode,
    "writer": new_writer,
    "send": lambda type, id, value: writer.send(text(value), text(type), text(id)),
    "comment": lambda value: writer.comment(text(value)),
    "retry": lambda ms: writer.retry(int(ms)),
    "read": lambda size: shown(writer.read(int(size))),
    "close": lambda: writer.close(),
    "channel": new_channel,
    "join": join,
    "publish": publish,
    "tick": tick,
    "ready": ready,
    "take": lambda k, size: shown(clients[k].read(int(size), wait=False)),
    "tell": lambda k, type, value: clients[k].send(text(value), text(type)),
    "end": lambda k: clients[k].close(),
    "leave": leave,
    "forget": forget,
    "behind": lambda k: "ok %d" % clients[k].behind,
    "count": lambda n: "ok %d" % list(channel.counters().values())[int(n)],
    "timeout": timeout,
    "drain": lambda *ms: channel.drain(*map(int, ms)),
    "accepts": lambda accept: "ok %d" % sse.accepts(text(accept)),
    "fields": fields,
    "throw": throw,
    "bench": bench,
}


def answer(line):
    name, *words = line.split()
    try:
        return COMMANDS[name](*words) or "ok"
    except sse.FullError:
        return "again"
    except sse.ClosedError as e:
        return "closed %d" % e.status
    except sse.Error as e:
        return "error %d" % e.status


for command in sys.stdin:
    if "--gc" in sys.argv:
        gc.collect()
    print(answer(command), flush=True)
    if "--gc" in sys.argv:
        gc.collect()
