"""A server of streams with asyncio: python3 server_asyncio.py [port]

It has the routes of server.py. A web framework would read the requests; the part of SSE is stream()
and main().
"""
import asyncio
import contextlib
import json
import os
import signal
import sys
import time
import zlib
from collections.abc import Iterable
from http import HTTPStatus
from urllib.parse import parse_qsl, urlsplit

import sse

BODY_MAX = 32768
METHODS = {"/events": ("GET", "HEAD", "OPTIONS"), "/publish": ("POST",), "/status": ("GET", "HEAD")}
STALL_MS = int(os.environ.get("APP_STALL_MS", "30000"))
TICK_MS = int(os.environ.get("APP_TICK_MS", "0"))
channel = sse.Channel("/events", heartbeat_ms=int(os.environ.get("APP_HEARTBEAT_MS", "15000")))


class Refusal(Exception):
    """An answer that is no stream: its status, its fields."""


def head(status: int, fields: Iterable[tuple[str, str]] = ()) -> bytes:
    lines = ["HTTP/1.1 %d %s" % (status, HTTPStatus(status).phrase), "Connection: close",
             *map(": ".join, fields)]
    return "".join(line + "\r\n" for line in lines).encode("latin-1") + b"\r\n"


async def stream(writer: asyncio.StreamWriter, header: str | None, query: str, tag: int) -> None:
    """Send a client its stream, until either side ends it."""
    loop = asyncio.get_running_loop()
    try:
        client = sse.Client(
            channel, header and header.encode("latin-1"), query, tags=[tag] if tag else [],
            stall_ms=STALL_MS, retry_ms=1000, capacity=BODY_MAX + 1024,
            on_closed=lambda: loop.call_soon_threadsafe(writer.transport.abort))
    except sse.Error:
        raise Refusal(503) from None
    with client:
        writer.write(head(200, sse.fields("*")))
        async for chunk in client:
            writer.write(chunk)
            async with asyncio.timeout(STALL_MS / 1000 or None):
                await writer.drain()


def publish(body: bytes, type: str | None, tag: int) -> bytes:
    try:
        channel.publish(body, type, tag=tag)
    except sse.InvalidError:
        raise Refusal(400) from None
    return head(204)


async def read_request(reader: asyncio.StreamReader) -> tuple[str, str, dict[str, str], bytes]:
    """Return method, target, fields and body."""
    try:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").splitlines()
        method, target, _ = lines[0].split()
        fields = {name.lower(): value.strip() for name, _, value in
                  (line.partition(":") for line in lines[1:-1])}
        length = int(fields.get("content-length", "0"))
    except (ValueError, asyncio.LimitOverrunError):
        raise Refusal(400) from None
    if "transfer-encoding" in fields or length < 0:
        raise Refusal(411)
    if length > BODY_MAX:
        raise Refusal(413)
    return method, target, fields, await reader.readexactly(length)


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    async with asyncio.timeout(STALL_MS / 1000 or None):
        method, target, fields, body = await read_request(reader)
    url = urlsplit(target)
    query = dict(parse_qsl(url.query))
    # A real application has numbers of its users, and knows from a session which one asks.
    tag = zlib.crc32(query["user"].encode()) + 1 if "user" in query else 0
    methods = METHODS.get(url.path)
    if methods is None:
        raise Refusal(404)
    if method not in methods:
        raise Refusal(405, sse.fields("*", 405, ", ".join(methods)))
    if url.path == "/publish":
        writer.write(publish(body, query.get("type"), tag))
    elif url.path == "/status":
        text = json.dumps(channel.counters()).encode() if method == "GET" else b""
        writer.write(head(200, [("Content-Type", "application/json")]) + text)
    elif method == "OPTIONS":
        writer.write(head(204, sse.fields("*", 204)))
    elif not sse.accepts(fields.get("accept")):
        raise Refusal(406, sse.fields("*", 406))
    elif method == "HEAD":
        writer.write(head(200, sse.fields("*")))
    else:
        await stream(writer, fields.get("last-event-id"), url.query, tag)


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Serve one connection, which asks once."""
    writer.transport.set_write_buffer_limits(0)  # drain() waits for the socket, not for a buffer
    try:
        await answer(reader, writer)
    except Refusal as e:
        writer.write(head(*e.args))
    except (OSError, EOFError):  # and so TimeoutError and sse.ClosedError: the client has gone
        pass
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def publish_time() -> None:
    while TICK_MS:
        await asyncio.sleep(TICK_MS / 1000)
        channel.publish(str(time.monotonic_ns() // 1_000_000), "tick")


async def main(port: int) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    server = await asyncio.start_server(serve, "127.0.0.1", port, backlog=512)
    print("http://127.0.0.1:%d/" % server.sockets[0].getsockname()[1], flush=True)
    timekeeper = asyncio.create_task(asyncio.to_thread(channel.keep_time))
    ticker = asyncio.create_task(publish_time())
    await stopped.wait()
    ticker.cancel()
    channel.drain(retry_ms=1000, window_ms=2000, limit_ms=2000)
    await timekeeper


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 8080))
