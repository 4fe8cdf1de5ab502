"""A server of streams with http.server, a thread for each connection: python3 server.py [port]

GET /events[?user=U] is the stream, POST /publish[?user=U][&type=T] publishes its body to everybody
or to U, GET /status counts. A thread that writes to a slow client blocks; the others go on.
"""
import contextlib
import functools
import json
import os
import signal
import socket
import sys
import threading
import time
import zlib
from collections.abc import Iterable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import sse

BODY_MAX = 32768
METHODS = {"/events": "GET, HEAD, OPTIONS", "/publish": "POST", "/status": "GET, HEAD"}
STALL_MS = int(os.environ.get("APP_STALL_MS", "30000"))
TICK_MS = int(os.environ.get("APP_TICK_MS", "0"))
channel = sse.Channel("/events", heartbeat_ms=int(os.environ.get("APP_HEARTBEAT_MS", "15000")))


def cut(connection: socket.socket) -> None:
    """End a connection, so that a write to it that blocks fails."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


class Handler(BaseHTTPRequestHandler):
    """Answers the request of one connection."""

    disable_nagle_algorithm = True
    timeout = STALL_MS / 1000 or None  # of a read or a write

    def answer(self) -> None:
        url = urlsplit(self.path)
        query = dict(parse_qsl(url.query))
        # A real application has numbers of its users, and knows from a session which one asks.
        tag = zlib.crc32(query["user"].encode()) + 1 if "user" in query else 0
        if url.path not in METHODS:
            self.reply(HTTPStatus.NOT_FOUND)
        elif self.command not in METHODS[url.path]:
            self.reply(HTTPStatus.METHOD_NOT_ALLOWED, sse.fields("*", 405, METHODS[url.path]))
        elif url.path == "/publish":
            self.publish(query.get("type"), tag)
        elif url.path == "/status":
            self.reply(HTTPStatus.OK, [("Content-Type", "application/json")],
                       json.dumps(channel.counters()).encode())
        elif self.command == "OPTIONS":
            self.reply(HTTPStatus.NO_CONTENT, sse.fields("*", 204))
        elif not sse.accepts(self.headers["Accept"]):
            self.reply(HTTPStatus.NOT_ACCEPTABLE, sse.fields("*", 406))
        else:
            self.stream(url.query, tag)

    do_GET = do_HEAD = do_OPTIONS = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def reply(self, status: HTTPStatus, fields: Iterable[tuple[str, str]] = (),
              body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in fields:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def publish(self, type: str | None, tag: int) -> None:
        length = self.headers["Content-Length"] or "0"
        if "Transfer-Encoding" in self.headers or not length.isdecimal():
            return self.reply(HTTPStatus.LENGTH_REQUIRED)
        if len(length) > 9 or int(length) > BODY_MAX:
            return self.reply(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            return  # the client has gone
        try:
            channel.publish(body, type, tag=tag)
        except sse.InvalidError:
            return self.reply(HTTPStatus.BAD_REQUEST)
        self.reply(HTTPStatus.NO_CONTENT)

    def stream(self, query: str, tag: int) -> None:
        if self.command == "HEAD":
            return self.reply(HTTPStatus.OK, sse.fields("*"))
        header = self.headers["Last-Event-ID"]
        try:
            client = sse.Client(
                channel, header and header.encode("latin-1"), query, tags=[tag] if tag else [],
                stall_ms=STALL_MS, retry_ms=1000, capacity=BODY_MAX + 1024,
                on_closed=functools.partial(cut, self.connection))
        except sse.Error:
            return self.reply(HTTPStatus.SERVICE_UNAVAILABLE)
        with client, contextlib.suppress(OSError):  # and so sse.ClosedError: the client has gone
            self.reply(HTTPStatus.OK, sse.fields("*"))
            for chunk in client:
                self.wfile.write(chunk)

    def log_message(self, *_: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    """The end of the program waits for no thread; keep_time waits for those that have a stream."""

    daemon_threads = True
    request_queue_size = 512


def main(port: int) -> None:
    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)  # threads that start later inherit it
    server = Server(("127.0.0.1", port), Handler)
    print("http://127.0.0.1:%d/" % server.server_port, flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    timekeeper = threading.Thread(target=channel.keep_time)
    timekeeper.start()
    while TICK_MS and signal.sigtimedwait(signals, TICK_MS / 1000) is None:
        channel.publish(str(time.monotonic_ns() // 1_000_000), "tick")
    if not TICK_MS:
        signal.sigwait(signals)
    channel.drain(retry_ms=1000, window_ms=2000, limit_ms=2000)
    timekeeper.join()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 8080)
