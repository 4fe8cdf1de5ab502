"""HTTP/2: many streams on one connection, over TLS with ALPN or over cleartext. Needs python3-h2."""

import asyncio
import time

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions

from http1 import Line, Torn

GOAWAY = 7  # the type of a frame
# RFC 9113, section 8.2.2: fields of a connection, which make a message malformed
CONNECTION_FIELDS = ("connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade")


class Connection:
    """A connection, and the task that reads it, unless it is to stall."""

    @classmethod
    async def open(cls, url, receive_buffer=None):
        self = cls()
        self.line = await Line.open(url, receive_buffer, ["h2"])
        self.url, self.answers, self.ended, self.task = url, {}, None, None
        self.leaving = False  # it takes no more requests
        self.frames = b""  # the beginning of a frame
        self.changed = asyncio.Condition()
        self.write_lock = asyncio.Lock()
        try:
            if self.line.tls and self.line.tls.selected_alpn_protocol() != "h2":
                raise Torn("the server does not agree to h2 by ALPN")
            self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(
                header_encoding="latin-1", validate_outbound_headers=False,
                validate_inbound_headers=False, normalize_inbound_headers=False))
            self.h2.initiate_connection()
            await self.flush()
        except BaseException:
            self.line.close()
            raise
        self.task = asyncio.create_task(self.run())
        return self

    async def flush(self):
        async with self.write_lock:
            data = self.h2.data_to_send()
            if data:
                await self.line.send(data)

    async def try_to_flush(self):
        try:
            await self.flush()
        except OSError:
            pass  # it is closed

    async def run(self):
        try:
            while True:
                data = await self.line.receive()
                if not data:
                    self.ended = self.ended or "the connection was closed"
                    break
                for event in self.h2.receive_data(self.without_goaway(data)):
                    self.take(event)
                await self.flush()
                await self.notify()
        except (Torn, OSError, h2.exceptions.ProtocolError) as e:
            self.ended = self.ended or "%s" % e
        await self.notify()

    def without_goaway(self, data):
        """h2 takes nothing any more after GOAWAY, though the streams that there are go on."""
        data = self.frames + data
        at, kept = 0, []
        while len(data) >= at + 9:
            end = at + 9 + int.from_bytes(data[at:at + 3], "big")
            if len(data) < end:
                break
            if data[at + 3] == GOAWAY:
                self.leaving = True
                code = int.from_bytes(data[at + 13:at + 17], "big")
                if code:
                    self.ended = "GOAWAY with the error %d" % code
            else:
                kept.append(data[at:end])
            at = end
        self.frames = data[at:]
        return b"".join(kept)

    async def notify(self):
        async with self.changed:
            self.changed.notify_all()

    def take(self, event):
        answer = self.answers.get(getattr(event, "stream_id", None))
        if answer is None:
            return
        if isinstance(event, h2.events.ResponseReceived):
            answer.fields = [(n, v) for n, v in event.headers if not n.startswith(":")]
            answer.status = int(dict(event.headers)[":status"])
        elif isinstance(event, h2.events.DataReceived):
            if event.data:
                answer.parts.append(event.data)
            count = event.flow_controlled_length
            if not answer.stalled:
                self.h2.acknowledge_received_data(count, event.stream_id)
            elif count:
                answer.unread += count
                self.h2.increment_flow_control_window(count)  # of the connection: others go on
        elif isinstance(event, h2.events.StreamEnded):
            answer.ended = True
        elif isinstance(event, h2.events.StreamReset):
            code = event.error_code
            # no error, after a whole answer: RFC 9113, section 8.1
            answer.torn = None if answer.ended and code == 0 else "RST_STREAM with %s" % code

    async def wait(self, condition):
        async with self.changed:
            await self.changed.wait_for(condition)

    def pause(self):
        """Read nothing any more, not even the frames of other streams."""
        self.task.cancel()

    def resume(self):
        self.task = asyncio.create_task(self.run())

    def close(self, reset=False):
        if self.task:
            self.task.cancel()
        self.line.close(reset)

    async def ask(self, method="GET", target=None, fields=(), body=None, stalled=False):
        """A request on a stream of its own; gives the answer and its head."""
        fields = [(":method", method), (":scheme", "https" if self.line.tls else "http"),
                  (":authority", self.url.authority), (":path", target or self.url.target()),
                  *((n.lower(), v) for n, v in fields)]
        if body is not None:
            fields.append(("content-length", str(len(body))))
        if self.ended:
            raise Torn(self.ended)
        stream = self.h2.get_next_available_stream_id()
        answer = self.answers[stream] = Answer(self, stream, stalled)
        self.h2.send_headers(stream, fields, end_stream=not body)
        await self.flush()
        if body:
            await answer.send(body)
        await self.wait(lambda: answer.status or answer.torn or self.ended)
        if not answer.status:
            raise Torn(answer.torn or self.ended)
        return answer


class Answer:
    """One stream of a connection, as http1.Answer. Where it is stalled, its window stays shut."""

    own = False  # whether the connection is for this stream alone
    reusable = True

    def __init__(self, connection, stream, stalled):
        self.connection, self.stream, self.stalled = connection, stream, stalled
        self.status, self.fields, self.parts = None, [], []
        self.ended, self.torn, self.unread = False, None, 0
        self.asked_at = time.monotonic()

    def field(self, name):
        return ", ".join(v for n, v in self.fields if n == name) or None

    async def send(self, body):
        h2c = self.connection.h2
        while body and not self.status and not self.torn:
            room = min(h2c.local_flow_control_window(self.stream), h2c.max_outbound_frame_size)
            if room > 0:
                h2c.send_data(self.stream, body[:room], end_stream=len(body) <= room)
                body = body[room:]
                await self.connection.flush()
                continue
            await self.connection.wait(
                lambda: self.status or self.torn or self.connection.ended
                or h2c.local_flow_control_window(self.stream) > 0)
            if self.connection.ended:
                raise Torn(self.connection.ended)

    async def read(self):
        await self.connection.wait(lambda: self.parts or self.ended or self.torn
                                   or self.connection.ended)
        if self.parts:
            data, self.parts = b"".join(self.parts), []
            return data
        if self.torn:
            raise Torn(self.torn)
        if self.ended:
            return None
        raise Torn(self.connection.ended)

    async def body(self):
        parts = []
        while True:
            part = await self.read()
            if part is None:
                return b"".join(parts)
            parts.append(part)

    async def wake(self):
        """Open the window."""
        self.stalled = False
        if self.unread and not self.torn:
            self.connection.h2.increment_flow_control_window(self.unread, self.stream)
            self.unread = 0
        await self.connection.flush()

    def close(self, reset=False):
        if self.own:
            self.connection.close(reset)
        elif not self.ended and not self.torn and not self.connection.ended:
            try:
                self.connection.h2.reset_stream(self.stream, h2.errors.ErrorCodes.CANCEL)
            except h2.exceptions.ProtocolError:
                return
            self.connection.task_of_flush = asyncio.create_task(self.connection.try_to_flush())
