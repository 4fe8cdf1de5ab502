"""HTTP/1.1 over sockets that a check controls: when bytes are read, how a connection ends."""

import asyncio
import ipaddress
import re
import socket
import ssl
import struct
import time
import urllib.parse

RESET = struct.pack("ii", 1, 0)  # for SO_LINGER: close with a reset


class Torn(Exception):
    """A connection or a body has ended, and that was not its end."""


def is_own(address):
    """The loopback; or a network for tests, where nobody else is: RFC 5737, section 3."""
    return address.is_loopback or address in ipaddress.ip_network("192.0.2.0/24")


class Url:
    """An address. Only the machine itself is talked to."""

    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("no http:// or https:// address: %s" % url)
        host = parts.hostname
        found = socket.getaddrinfo(host, parts.port or {"http": 80, "https": 443}[parts.scheme],
                                   type=socket.SOCK_STREAM)
        if not all(is_own(ipaddress.ip_address(f[4][0])) for f in found):
            raise ValueError("%s is not an address of this machine: a check publishes much, and"
                             " only talks to 127.0.0.1 or ::1" % host)
        self.family, _, _, _, self.address = found[0]
        self.tls = parts.scheme == "https"
        self.host, self.authority = host, parts.netloc
        self.path, self.query = parts.path or "/", parts.query

    def target(self, query=""):
        query = "&".join(q for q in (self.query, query) if q)
        return self.path + ("?" + query if query else "")


class Line:
    """Bytes both ways: a socket, perhaps with TLS."""

    tls = None

    @classmethod
    async def open(cls, url, receive_buffer=None, protocols=()):
        self = cls()
        self.socket = socket.socket(url.family)
        self.socket.setblocking(False)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.loop = asyncio.get_running_loop()
        try:
            await self.loop.sock_connect(self.socket, url.address)
            if url.tls:
                await self.shake_hands(url, protocols)
        except BaseException:
            self.socket.close()
            raise
        return self

    async def shake_hands(self, url, protocols):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # without the certificates of the system
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE  # certificates of tests are their own
        if protocols:
            context.set_alpn_protocols(protocols)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname=url.host)
        while True:
            try:
                self.tls.do_handshake()
                return await self.flush()
            except ssl.SSLWantReadError:
                await self.flush()
                await self.fetch()

    async def flush(self):
        if self.outgoing.pending:
            await self.loop.sock_sendall(self.socket, self.outgoing.read())

    async def fetch(self):
        data = await self.loop.sock_recv(self.socket, 65536)
        if data:
            self.incoming.write(data)
        else:
            self.incoming.write_eof()

    async def send(self, data):
        if self.tls:
            self.tls.write(data)
            await self.flush()
        else:
            await self.loop.sock_sendall(self.socket, data)

    async def receive(self, count=65536):
        """Some bytes; none: a clean end."""
        try:
            if not self.tls:
                return await self.loop.sock_recv(self.socket, count)
            while True:
                try:
                    return self.tls.read(count)
                except ssl.SSLWantReadError:
                    await self.flush()
                    await self.fetch()
                except ssl.SSLZeroReturnError:
                    return b""
        except ssl.SSLEOFError:
            raise Torn("TLS ended without close_notify")
        except ConnectionResetError:
            raise Torn("the connection was reset")
        except OSError as e:
            raise Torn(str(e))

    def is_open(self):
        """Whether it can be used again: neither an end nor anything else has come."""
        try:
            self.socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return True
        except OSError:
            pass
        return False

    def stop_sending(self):
        self.socket.shutdown(socket.SHUT_WR)

    def close(self, reset=False):
        if reset:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        if self.socket.fileno() >= 0:
            self.loop.remove_reader(self.socket)
            self.loop.remove_writer(self.socket)
        self.socket.close()


class Answer:
    """The answer to a request. read() gives its body."""

    def __init__(self, line, asked_at):
        self.asked_at = asked_at
        self.line, self.buffer, self.status, self.fields = line, b"", None, []
        self.left, self.expected = None, "size"  # bytes of the body or of a chunk; of a line
        self.chunked = self.ended = self.reusable = False

    def field(self, name):
        return ", ".join(v for n, v in self.fields if n == name) or None

    async def head(self, method):
        while self.status is None or 100 <= self.status < 200:
            while b"\r\n\r\n" not in self.buffer:
                data = await self.line.receive(4096)
                if not data:
                    raise Torn("the connection was closed, and there was no answer")
                self.buffer += data
            head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").split("\r\n")
            words = first.split(" ", 2)
            if not words[0].startswith("HTTP/1.") or len(words) < 2 or not words[1].isdigit():
                raise Torn("no status line: %r" % first)
            self.status = int(words[1])
            self.fields = [(n.strip().lower(), v.strip())
                           for n, _, v in (line.partition(":") for line in lines)]
        self.chunked = "chunked" in (self.field("transfer-encoding") or "").lower()
        length = self.field("content-length")
        if method == "HEAD" or self.status in (204, 304):
            self.left = 0
        elif not self.chunked and length is not None:
            self.left = int(length)
        self.reusable = (words[0] == "HTTP/1.1" and method != "HEAD"
                         and (self.chunked or self.left is not None)
                         and "close" not in (self.field("connection") or "").lower())
        self.ended = self.left == 0
        return self

    async def read(self):
        """Some bytes of the body; None: its clean end."""
        while not self.ended:
            if self.chunked:
                data = self.decode()
            else:
                data, self.buffer = self.buffer, b""
                if self.left is not None:
                    data = data[:self.left]
                    self.left -= len(data)
                    self.ended = self.left == 0
            if data:
                return data
            if self.ended:
                break
            data = await self.line.receive()
            if not data:
                if self.chunked or self.left is not None:
                    raise Torn("the body was cut off: the connection was closed")
                self.ended = True
            self.buffer += data
        return None

    def decode(self):
        """What is here of the data of chunks."""
        out = []
        while not self.ended:
            if self.left:
                part = self.buffer[:self.left]
                self.buffer = self.buffer[len(part):]
                self.left -= len(part)
                out.append(part)
            line, end, rest = self.buffer.partition(b"\r\n")
            if self.left or not end:
                break
            self.buffer = rest
            if self.expected == "size":
                if not re.match(rb"[0-9a-fA-F]+\s*(;|$)", line):
                    raise Torn("no size of a chunk: %r" % line[:40])
                self.left = int(line.split(b";")[0], 16)
                self.expected = "break" if self.left else "trailer"
            elif self.expected == "break" and line == b"":
                self.expected = "size"
            elif self.expected == "trailer":
                self.ended = line == b""
            else:
                raise Torn("a chunk goes on after its size: %r" % line[:40])
        return b"".join(out)

    async def body(self):
        parts = []
        while True:
            part = await self.read()
            if part is None:
                return b"".join(parts)
            parts.append(part)

    def close(self, reset=False):
        self.line.close(reset)


def request(url, method, target, fields, body):
    lines = [b"%s %s HTTP/1.1" % (method.encode(), target.encode("latin-1")),
             b"Host: " + url.authority.encode()]
    lines += [n.encode() + b": " + (v if isinstance(v, bytes) else v.encode()) for n, v in fields]
    if body is not None:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + (body or b"")


async def ask(url, method="GET", target=None, fields=(), body=None, line=None,
              receive_buffer=None):
    """Ask, on a connection of its own or on one that is open; gives the answer and its head."""
    line = line or await Line.open(url, receive_buffer, ["http/1.1"])
    asked_at = time.monotonic()
    try:
        await line.send(request(url, method, target or url.target(), fields, body))
    except OSError:
        pass  # it may have answered all the same
    try:
        return await Answer(line, asked_at).head(method)
    except BaseException:
        line.close()
        raise
