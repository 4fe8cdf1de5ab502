"""libsse for Python, through ctypes, with neither a struct nor a callback:

    sse.load("libsse.so")
    channel = sse.Channel(sse.History("/events"))
    client = sse.Client(channel, header=request.headers.get("Last-Event-ID"))
    channel.publish("hello")
    for client in channel:  # each that has something to take, or that was closed
        client.read()       # bytes; b"": nothing now; raises Closed

A channel and its clients are one object: hold one lock during each call. A method that is not here
is the function of that name: channel.tick(now_ms), client.set_limits(pace_ms, stall_ms, age_ms)."""
import ctypes
import functools
import itertools
import time

TYPES = {"r": ctypes.c_int, "i": ctypes.c_int, "u": ctypes.c_uint32, "q": ctypes.c_uint64,
         "z": ctypes.c_size_t, "p": ctypes.c_void_p, "t": ctypes.c_char_p}
SIGNATURES = """status_text ti, status_closed ii, event_encode_parts rsssuspzp, writer_overhead z,
writer_init ppzu, writer_send_parts rpsss, writer_begin_parts rpss, writer_append rpsp, writer_raw
rps, writer_finish rp, writer_close rp, writer_read rppzp, http_head_parts riiuuispzp, history_size
zuz, history_init ppzuuqs, history_append_parts rpsssqqq, history_find rpsp, history_get rpqpp,
channel_size z, channel_init rppuuq, channel_publish_parts rpsssqq, channel_tick rpq, channel_next
pp, channel_timeout ipq, channel_drain rpssuuuu, channel_count qpi, subscriber_size z,
subscriber_join rppppuss, subscriber_set_filter rppz, subscriber_set_limits rpuuu, subscriber_send_parts
rpsss, subscriber_read rppzp, subscriber_close rp, subscriber_leave rp, subscriber_behind qp"""
OK, AGAIN, GAP, SPACE, HTTP_1_1, CHUNKED = 0, 1, 3, -5, 11, 0x1
COALESCE, GAPS, OLDEST, PLAIN = 0x1000, 0x2000, 0x4000, 0x800
SUBSCRIBERS, JOINED, RESUMED, EVENTS, BYTES, GAP_EVENTS, CLOSED, HEARTBEATS = range(8)  # counters
functions = {}


class Error(Exception):
    def __init__(self, status):
        super().__init__(call("status_text", status).decode())
        self.status = status


class Closed(Error):
    """The stream is complete, or the library has closed it."""


def load(path):
    library = ctypes.CDLL(path)
    for name, (result, *kinds) in map(str.split, SIGNATURES.split(",")):
        f = getattr(library, "sse_" + name)
        f.restype = TYPES[result]
        f.argtypes = [TYPES[k] for k in "".join(kinds).replace("s", "tz")]
        functions[name] = f, result, kinds


def call(name, *values):
    """Call a function. s is text, a pointer and a length; r is a status."""
    function, result, kinds = functions[name]
    flat = []
    for kind, value in itertools.zip_longest(kinds, values):
        value = value.encode() if isinstance(value, str) else value
        flat += (value, len(value or b"")) if kind == "s" else (value,)
    value = function(*flat)
    if result == "r" and (value < 0 or call("status_closed", value)):
        raise (Closed if call("status_closed", value) else Error)(value)
    return value


def read(name, *where, cap=4096):
    """Call a function that ends in dst, cap, len, and return the bytes."""
    dst, n = ctypes.create_string_buffer(cap), ctypes.c_size_t()
    try:
        call(name, *where, dst, cap, ctypes.byref(n))
    except Error as error:
        if error.status != SPACE:
            raise
        return read(name, *where, cap=n.value)
    return dst.raw[:n.value]


def encode(data=None, type=None, id=None, comment=None, retry_ms=0):
    return read("event_encode_parts", comment, type, id, retry_ms, data)


def head(origin=None, flags=0):
    return read("http_head_parts", HTTP_1_1, 200, flags, 0, 0, origin)


class Object:
    def __init__(self, size):
        self.memory, self.size = (ctypes.c_uint64 * (size // 8 + 1))(), size

    def __getattr__(self, name):
        return functools.partial(call, self.prefix + name, self.memory)


class Writer(Object):
    prefix = "writer_"

    def __init__(self, capacity=4096, flags=0):
        super().__init__(call("writer_overhead") + capacity)
        self.init(self.size, flags)

    def send(self, data=None, type=None, id=None):
        return self.send_parts(type, id, data)

    def begin(self, type=None, id=None):
        return self.begin_parts(type, id)

    def append(self, data):
        taken = ctypes.c_size_t()
        call("writer_append", self.memory, data, ctypes.byref(taken))
        return taken.value

    def read(self, cap=4096):
        return read("writer_read", self.memory, cap=cap)


class History(Object):
    prefix = "history_"

    def __init__(self, name, events=1000, capacity=1 << 20, flags=0, epoch=None):
        super().__init__(call("history_size", events, capacity))
        self.init(self.size, events, flags, time.time_ns() if epoch is None else epoch, name)

    def append(self, data, type=None, id=None, tag=0, key=0, now_ms=0):
        return self.append_parts(type, id, data, tag, key, now_ms)

    def find(self, id):
        number = ctypes.c_uint64()
        is_gap = call("history_find", self.memory, id, ctypes.byref(number)) == GAP
        return None if is_gap else number.value

    def get(self, number):
        at, n = ctypes.c_void_p(), ctypes.c_size_t()
        call("history_get", self.memory, number, ctypes.byref(at), ctypes.byref(n))
        return ctypes.string_at(at, n.value)


class Channel(Object):
    prefix = "channel_"

    def __init__(self, history, heartbeat_ms=15000, turn_bytes=0, now_ms=0):
        super().__init__(call("channel_size"))
        self.history, self.clients = history, {}
        self.init(history.memory, heartbeat_ms, turn_bytes, now_ms)

    def publish(self, data, type=None, tag=0, key=0):
        return self.publish_parts(type, None, data, tag, key)

    def __iter__(self):
        return map(self.clients.get, iter(self.next, None))


class Client(Object):
    prefix = "subscriber_"

    def __init__(self, channel, header=None, query=None, flags=0, tags=None, queue=None):
        super().__init__(call("subscriber_size"))
        self.channel, self.queue = channel, queue or Writer()
        self.gap = self.join(channel.memory, self.queue.memory, None, flags, header, query) == GAP
        channel.clients[ctypes.addressof(self.memory)] = self
        if tags is not None:
            self.see(tags)

    def see(self, tags):
        tags = (ctypes.c_uint64 * len(tags))(*sorted(tags))
        self.set_filter(tags, len(tags))
        self.tags = tags  # the library borrows them

    def send(self, data, type=None):
        return self.send_parts(type, None, data)

    def read(self, cap=4096):
        return read("subscriber_read", self.memory, cap=cap)

    def leave(self):
        self.channel.clients.pop(ctypes.addressof(self.memory), None)
        return call("subscriber_leave", self.memory)
