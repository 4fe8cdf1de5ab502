"""Server-Sent Events from Python: libsse through ctypes, with nothing to compile.

The library is found by its name, libsse.so.0.2, or by the path in SSE_LIBRARY.

    channel = sse.Channel("/events")
    threading.Thread(target=channel.keep_time, daemon=True).start()
    channel.publish("hello", type="greeting")      # from any thread

    with sse.Client(channel, request.headers.get("Last-Event-ID")) as client:
        for chunk in client:                       # with asyncio: async for chunk in client
            connection.sendall(chunk)

Text is UTF-8 in bytes, or str; data and comments may be any bytes. Each channel has one lock, for
itself and its clients: use them from any thread, and a Writer from one at a time.
"""
from __future__ import annotations

import asyncio
import contextlib
import ctypes
import logging
import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")
Text = str | bytes | bytearray | memoryview | None  # None: absent
COUNTERS = ("subscribers", "joined", "resumed", "events", "bytes", "gaps", "closed", "heartbeats")
_OK, _AGAIN, _END, _GAP, _ARG, _RANGE, _FIELD, _SPACE, _FATAL = 0, 1, 2, 3, -1, -2, -4, -5, -100
_HTTP_MANAGED, _HTTP_PREFLIGHT, _HTTP_FIRST_BLOCK, _JOIN_GAPS = 0, 0x400, 0, 0x2000

# Result and parameters of each function. r: a status that is checked; s: a pointer and a length.
_TYPES = {"r": ctypes.c_int, "i": ctypes.c_int, "u": ctypes.c_uint32, "q": ctypes.c_uint64,
          "z": ctypes.c_size_t, "p": ctypes.c_void_p, "t": ctypes.c_char_p}
_FUNCTIONS = """status_text ti, status_closed ii, event_encode_parts isssuspzp, http_accepts is,
http_field_parts iiiuusszpzpp, http_send_parts riiuuisp, writer_overhead z, writer_init ppzu,
writer_send_parts rpsss, writer_comment rps, writer_retry rpu, writer_read ippzp, writer_close rp,
history_size zuz, history_init ppzuuqs, channel_size z, channel_init rppuuq, channel_tick rpq,
channel_publish_parts rpsssqq, channel_next pp, channel_timeout ipq, channel_drain rpssuuuu,
channel_count qpi, subscriber_size z, subscriber_join rppppuss, subscriber_set_filter rppz,
subscriber_set_limits rpuuu, subscriber_send_parts rpsss, subscriber_read ippzp,
subscriber_close rp, subscriber_leave rp, subscriber_status ip, subscriber_behind qp"""


class Error(Exception):
    """The library has refused a call. The text says why; status is the number of the reason."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status

    def __str__(self) -> str:
        return str(_sse.sse_status_text(self.status).decode())


class InvalidError(Error, ValueError):
    """A value that no stream can carry, such as an id with a line break."""


class FullError(Error):
    """There is no room in the queue now: send again after a read."""


class ClosedError(Error, ConnectionError):
    """The stream is over: its end was read, or the client was too slow."""


def _check(status: int, *_: object) -> int:
    """Return the status of a call that was done; raise for any other."""
    if status in (_OK, _GAP):
        return status
    if _sse.sse_status_closed(status):
        raise ClosedError(status)
    raise (FullError if status == _AGAIN else InvalidError if status >= _FIELD else Error)(status)


# PyDLL: no function blocks, so that there is no reason to release the interpreter's lock in each.
_sse = ctypes.PyDLL(os.environ.get("SSE_LIBRARY", "libsse.so.0.2"))
for _name, _types in map(str.split, _FUNCTIONS.split(",")):
    _function = getattr(_sse, "sse_" + _name)
    _function.restype, *_function.argtypes = (_TYPES[kind] for kind in _types.replace("s", "tz"))
    if _types[0] == "r":
        _function.errcheck = _check


def _text(value: Text) -> tuple[bytes | None, int]:
    if value is None:
        return None, 0
    data = value.encode() if isinstance(value, str) else b"".join([value])
    return data, len(data)


def _number(value: int, bits: int = 32) -> int:
    """Return an unsigned number that ctypes would cut: a tag of 2**64 to 0, which is for all."""
    if value >> bits:
        raise InvalidError(_RANGE)
    return value


def _memory(size: int) -> ctypes.Array[ctypes.c_uint64]:
    return (ctypes.c_uint64 * (size // 8 + 1))()  # aligned, and not moved


def _read(function: Callable[..., int], size: int, *arguments: object) -> bytes | None:
    """Call a function that ends in dst, cap, len. None: nothing now; b"": the end."""
    buffer, n = (ctypes.c_char * size)(), ctypes.c_size_t()
    status = function(*arguments, buffer, size, ctypes.byref(n))
    if status == _SPACE:
        return _read(function, n.value, *arguments)
    if status not in (_AGAIN, _END):
        _check(status)
    return None if status == _AGAIN else ctypes.string_at(buffer, n.value)


def encode(data: Text, type: Text = None, id: Text = None, *, comment: Text = None,
           retry_ms: int = 0) -> bytes:
    """Return the bytes of one event, or raise InvalidError."""
    return _read(_sse.sse_event_encode_parts, 4096, *_text(comment), *_text(type), *_text(id),
                 _number(retry_ms), *_text(data)) or b""


def accepts(accept: Text) -> bool:
    """Return whether a client with this Accept field takes a stream; if not, answer 406."""
    return bool(_sse.sse_http_accepts(*_text(accept)))


def fields(origin: Text = None, status: int = 200,
           methods: Text = None) -> Iterator[tuple[str, str]]:
    """Iterate over the header fields of an answer: a stream, 204 to OPTIONS, or a refusal.

    origin is the one whose pages may read the answer, or "*"; None: no CORS. methods are those of
    the route, for Allow; None: GET, HEAD, OPTIONS.
    """
    size = 512 + len(origin or "") + len(methods or "")
    buffer, n = (ctypes.c_char * size)(), ctypes.c_size_t()
    flags, index = _HTTP_PREFLIGHT if status == 204 else 0, 0
    while (code := _sse.sse_http_field_parts(_HTTP_MANAGED, status, flags, 0, *_text(origin),
                                             *_text(methods), index, buffer, size,
                                             *(ctypes.byref(n),) * 2)) != _END:
        _check(code)
        name, value, _ = buffer.raw.decode("latin-1").split("\0", 2)
        yield name, value
        index += 1


class Writer:
    """A queue of whole events for one client."""

    def __init__(self, capacity: int = 4096) -> None:
        size = _sse.sse_writer_overhead() + capacity
        self._memory = _memory(size)
        _sse.sse_writer_init(self._memory, size, 0) or _check(_ARG)

    def send(self, data: Text, type: Text = None, id: Text = None) -> None:
        """Queue an event. Raises FullError, or InvalidError if it can never be sent."""
        _sse.sse_writer_send_parts(self._memory, *_text(type), *_text(id), *_text(data))

    def comment(self, text: Text = None) -> None:
        """Queue a comment, which clients ignore."""
        _sse.sse_writer_comment(self._memory, *_text(text))

    def retry(self, retry_ms: int) -> None:
        """Queue a reconnection time."""
        _sse.sse_writer_retry(self._memory, _number(retry_ms))

    def read(self, size: int = 16384) -> bytes | None:
        """Take at most size bytes. None: there is nothing now; b"": closed, and all is taken."""
        return _read(_sse.sse_writer_read, size, self._memory)

    def close(self) -> None:
        """End the stream. What is queued can still be read."""
        _sse.sse_writer_close(self._memory)


class Channel:
    """A stream with many clients. A client that comes back gets the events that it missed.

    name differs between the channels of a program; epoch, by default the time, between its runs.
    The latest events are kept, at most capacity bytes. A silent client gets a heartbeat.

    Let a thread run keep_time(); then clients wait in read(), "for" or "async for". In a loop of
    your own, call tick(), timeout_ms(), ready() and Client.read(wait=False) instead.
    """

    def __init__(self, name: Text, *, epoch: int | None = None, events: int = 1000,
                 capacity: int = 1 << 20, heartbeat_ms: int = 15000,
                 clock_ms: Callable[[], int] = lambda: time.monotonic_ns() // 1_000_000,
                 ) -> None:
        epoch = time.time_ns() // 1_000_000 if epoch is None else epoch
        size = _sse.sse_history_size(_number(events), _number(capacity))
        self._history, self._memory = _memory(size), _memory(_sse.sse_channel_size())
        _sse.sse_history_init(self._history, size, events, 0, _number(epoch, 64),
                              *_text(name)) or _check(_ARG)
        _sse.sse_channel_init(self._memory, self._history, _number(heartbeat_ms), 0, clock_ms())
        self._clients: dict[int, Client] = {}  # by the address of their memory, until they leave
        self._clock_ms, self._lock = clock_ms, threading.Lock()
        self._wakes = self._drains = False
        self._sooner = threading.Condition(self._lock)  # what keep_time waits for

    def _next(self) -> Client | None:
        return self._clients.get(_sse.sse_channel_next(self._memory))

    def _call(self, function: Callable[..., T], *arguments: object) -> T:
        """Call with the lock held, and wake the clients that have something to take after it."""
        with self._lock:
            result = function(*arguments)
            while self._wakes and (client := self._next()):
                client._notify()
            self._sooner.notify()
            return result

    def tick(self) -> None:
        """Send the heartbeats that are due, and close the clients that have stalled."""
        self._call(_sse.sse_channel_tick, self._memory, self._clock_ms())

    def timeout_ms(self) -> int:
        """Return when tick() is due, as select.poll takes it: -1 is never."""
        return int(self._call(_sse.sse_channel_timeout, self._memory, self._clock_ms()))

    def publish(self, data: Text, type: Text = None, *, tag: int = 0, key: int = 0) -> None:
        """Send an event to all clients, or to those with the tag: 1 to 2**64 - 1."""
        self.tick()
        self._call(_sse.sse_channel_publish_parts, self._memory, *_text(type), None, 0,
                   *_text(data), _number(tag, 64), _number(key, 64))

    def ready(self) -> Iterator[Client]:
        """Iterate over the clients that have something to take, or were closed, each once."""
        while client := self._call(self._next):
            yield client

    def drain(self, retry_ms: int = 0, window_ms: int = 0, limit_ms: int = 0) -> None:
        """Send all clients away, to return after retry_ms to retry_ms + window_ms.

        Those that have not gone after limit_ms are closed; 0: no limit.
        """
        def start() -> None:
            _sse.sse_channel_drain(self._memory, None, 0, None, 0, _number(retry_ms),
                                   _number(window_ms), 0, _number(limit_ms))
            self._drains = True

        self.tick()
        self._call(start)

    def keep_time(self) -> None:
        """Tick whenever it is due. Returns after drain(), when all clients have left."""
        with self._lock:
            self._wakes = True
        while True:
            self.tick()
            with self._sooner:
                if self._drains and not self._clients:
                    return
                wait_ms = _sse.sse_channel_timeout(self._memory, self._clock_ms())
                self._sooner.wait(wait_ms / 1000 if wait_ms >= 0 else None)

    def counters(self) -> dict[str, int]:
        """Return the number of subscribers, and what was counted since the start."""
        with self._lock:
            return {name: _sse.sse_channel_count(self._memory, number)
                    for number, name in enumerate(COUNTERS)}


class Client:
    """One client of a channel: use it in "with", or call leave() when its connection is over.

    header, query: its Last-Event-ID, and the query of its URL. tags: it gets the events with one
    of them, and those without any; None: all. It is closed if it has not read for stall_ms, though
    there was something to read; on_closed is then called, with the lock held: a thread may be in
    a write that blocks. capacity: bytes of its queue. has_gap: it reads that events are missing.
    """

    def __init__(self, channel: Channel, header: Text = None, query: Text = None, *,
                 tags: Iterable[int] | None = None, stall_ms: int = 30000, retry_ms: int = 0,
                 capacity: int = 4096, on_closed: Callable[[], object] | None = None) -> None:
        seen = sorted({_number(tag, 64) for tag in tags or ()})
        self._memory, self._queue = _memory(_sse.sse_subscriber_size()), Writer(capacity)
        self._tags = (ctypes.c_uint64 * len(seen))(*seen)  # the library borrows it
        self._channel, self._on_closed = channel, on_closed
        _sse.sse_http_send_parts(_HTTP_MANAGED, 200, 0, _number(retry_ms), _HTTP_FIRST_BLOCK,
                                 None, 0, self._queue._memory)
        self._more = threading.Condition(channel._lock)
        self._wake: Callable[[], object] = self._more.notify_all
        limits, ids = (0, _number(stall_ms), 0), (*_text(header), *_text(query))
        channel.tick()
        with channel._lock:
            # Kept before it joins: the handler of a signal may raise at any time.
            channel._clients[ctypes.addressof(self._memory)] = self
            try:
                self.has_gap = _GAP == _sse.sse_subscriber_join(
                    self._memory, channel._memory, self._queue._memory, None, _JOIN_GAPS, *ids)
            except Error:
                del channel._clients[ctypes.addressof(self._memory)]
                raise
            if tags is not None:
                _sse.sse_subscriber_set_filter(self._memory, self._tags, len(seen))
        channel._call(_sse.sse_subscriber_set_limits, self._memory, *limits)

    def _notify(self) -> None:
        self._wake()
        if self._on_closed and _sse.sse_subscriber_status(self._memory) < _FATAL:
            try:
                self._on_closed()
            except Exception:  # it is no business of the thread that publishes or keeps the time
                logging.getLogger(__name__).exception("on_closed of a client has failed")

    def read(self, size: int = 16384, *, wait: bool = True) -> bytes | None:
        """Take at most size bytes. b"": the end; None: nothing now, where it does not wait."""
        with self._more:
            self._channel._wakes |= wait
            while (data := _read(_sse.sse_subscriber_read, size, self._memory)) is None and wait:
                self._more.wait()
            return data

    def __iter__(self) -> Iterator[bytes]:
        while chunk := self.read():
            yield chunk

    async def __aiter__(self) -> AsyncIterator[bytes]:
        loop, more = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(more.set)

        with self._channel._lock:
            self._channel._wakes, self._wake = True, wake
        while (data := self.read(wait=False)) != b"":
            if data is None:
                await more.wait()
                more.clear()
            else:
                yield data

    def send(self, data: Text, type: Text = None) -> None:
        """Send an event to this client alone. It does not come again if the connection breaks."""
        self._channel._call(_sse.sse_subscriber_send_parts, self._memory, *_text(type), None, 0,
                            *_text(data))

    def close(self) -> None:
        """End the stream after what was published and sent."""
        self._channel._call(_sse.sse_subscriber_close, self._memory)

    def leave(self) -> None:
        """Leave the channel, in any state. A client that does not leave is kept by its channel."""
        with self._channel._lock:
            _sse.sse_subscriber_leave(self._memory)
            self._channel._clients.pop(ctypes.addressof(self._memory), None)
            self._channel._sooner.notify()
            self._wake()

    @property
    def behind(self) -> int:
        """How many events it has not taken yet."""
        with self._channel._lock:
            return int(_sse.sse_subscriber_behind(self._memory))

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()
