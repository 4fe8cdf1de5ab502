"""What bench_server says to requests, good and bad, whole and in pieces, and what its streams get, with
small queues and large ones.

    server.py BENCH_SERVER
"""
import functools
import re
import signal
import socket
import subprocess
import sys
import time

POST = b"POST /publish HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s"
DONE = b"HTTP/1.1 204 No Content\r\n\r\n"
EVENTS = 30000  # of the history
PACE_MS = 1000
SETTINGS = (  # the queue of a subscriber, and bytes that the kernel may hold unsent for it
    (512, 65536),
    (512, 1),
    (513, 4096),
    (4096, 4096),
    (65536, 65536),
)


def connect(port, window=None):
    s = socket.socket()
    s.settimeout(20)
    if window:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
    s.connect(("127.0.0.1", port))
    return s


def read_until(s, end):
    got = b""
    while not got.endswith(end):
        part = s.recv(65536)
        assert part, "closed after %r" % got[-100:]
        got += part
    return got


def subscribe(port, window=None):
    s = connect(port, window)
    s.sendall(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
    head = read_until(s, b"\ndata: \n\n")
    assert re.match(rb"HTTP/1.1 200 OK\r\n[^\n]+(\r\n[^\n]+)*\r\n\r\n:\n\nevent: place\n", head), head
    assert b"content-type: text/event-stream\r\n" in head.lower(), head
    return s


def data_of(stream):
    return re.findall(rb"data: (.*)\n\n", stream)


def status_of(port, request):
    """The statuses of all answers to bytes after which the server, or the peer, closes."""
    s = connect(port)
    s.sendall(request)
    s.shutdown(socket.SHUT_WR)
    got = b""
    while part := s.recv(65536):
        got += part
    return [int(n) for n in re.findall(rb"HTTP/1\.1 (\d+) ", got)]


def a_post_reaches_every_stream(port):
    streams = [subscribe(port) for _ in range(3)]
    s = connect(port)
    s.sendall(POST % (5, b"hello"))
    assert read_until(s, b"\r\n\r\n") == DONE
    for stream in streams:
        assert data_of(read_until(stream, b"\n\n")) == [b"hello"]


def a_request_may_come_byte_by_byte(port):
    stream, s = subscribe(port), connect(port)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in b"\r\n" + POST % (3, b"a b"):
        s.sendall(bytes([byte]))
    assert read_until(s, b"\r\n\r\n") == DONE
    assert data_of(read_until(stream, b"\n\n")) == [b"a b"]


def posts_may_be_pipelined_by_the_thousand(port):
    stream, s, count = subscribe(port), connect(port), 20000
    posts = b"".join(POST % (5, b"%05d" % n) for n in range(count))
    at = 0
    s.setblocking(False)
    while at < len(posts):  # nothing of the answers is read meanwhile
        try:
            at += s.send(posts[at:])
        except BlockingIOError:
            break
    s.setblocking(True)
    sent, got, answers = at, b"", b""
    while len(answers) < count * len(DONE):
        if sent < len(posts):
            sent += s.send(posts[sent:sent + 4096])
        answers += s.recv(65536)
    assert answers == count * DONE
    got = read_until(stream, b"data: %05d\n\n" % (count - 1))
    assert data_of(got) == [b"%05d" % n for n in range(count)]


def a_long_body_is_one_event(port):
    stream, s, body = subscribe(port), connect(port), b"0123456789abcdef" * (4 << 16)
    s.sendall(POST % (len(body), body))
    assert read_until(s, b"\r\n\r\n") == DONE
    assert data_of(read_until(stream, b"\n\n")) == [body]
    s.sendall(POST % (2, b"ok"))
    assert read_until(s, b"\r\n\r\n") == DONE


def a_peer_that_asks_may_send_its_body(port):
    s = connect(port)
    s.sendall((POST % (2, b"")).replace(b"Host: x", b"Host: x\r\nExpect: 100-continue"))
    assert read_until(s, b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    s.sendall(b"ok")
    assert read_until(s, b"\r\n\r\n") == DONE


def a_stream_may_follow_posts_on_one_connection(port):
    s = connect(port)
    s.sendall(2 * (POST % (1, b"x")) + b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
    got = read_until(s, b"\ndata: \n\n")
    assert got.startswith(2 * DONE + b"HTTP/1.1 200 OK\r\n"), got


def who_comes_back_gets_what_it_missed(port):
    stream, s = subscribe(port), connect(port)
    s.sendall(POST % (1, b"1") + POST % (1, b"2"))
    last = re.search(rb"id: (\S+)\ndata: 1", read_until(stream, b"data: 2\n\n"))[1]
    again = connect(port)
    again.sendall(b"GET /events HTTP/1.1\r\nHost: x\r\nLast-Event-ID: " + last + b"\r\n\r\n")
    assert data_of(read_until(again, b"2\n\n")) == [b"2"]


def a_stream_that_stalls_goes_on_where_it_was(port, queue):
    """Its socket takes a part of an event, of any size, and the rest must wait in the queue."""
    streams = [subscribe(port, 4096) for _ in range(8)]
    s, long = connect(port), queue - 64  # which leaves room for the name and id of a field
    count = max(100, 300000 // long)
    bodies = [b"%05d" % n + b"x" * (long - n % 97) for n in range(count)]
    for at in range(0, count, 8):
        some = bodies[at:at + 8]
        s.sendall(b"".join(POST % (len(body), body) for body in some))
        answers = b""
        while len(answers) < len(some) * len(DONE):
            answers += s.recv(65536)
    for stream in streams:
        got = b""
        while not got.endswith(bodies[-1] + b"\n\n"):
            part = stream.recv(1 << 20)
            assert part, "closed"
            got += part
        assert data_of(got) == bodies


def refusals_say_why(port):
    host = b" HTTP/1.1\r\nHost: x\r\n"
    for wanted, request in (
        ([404, 404], 2 * (b"GET /" + host + b"\r\n")),
        ([404], b"POST /other" + host + b"Content-Length: 1\r\n\r\nx"),
        ([405], b"PUT /publish" + host + b"\r\n"),
        ([405], b"POST /events" + host + b"Content-Length: 0\r\n\r\n"),
        ([406], b"GET /events" + host + b"Accept: text/html\r\n\r\n"),
        ([411], b"POST /publish" + host + b"\r\n"),
        ([411], b"POST /publish" + host + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ([413], b"POST /publish" + host + b"Content-Length: 4194305\r\n\r\n"),
        ([413], b"POST /publish" + host + b"Content-Length: 99999999999999999999999\r\n\r\n"),
        ([400], b"POST /publish" + host + b"Content-Length: -1\r\n\r\n"),
        ([400], b"POST /publish" + host + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nx"),
        ([400], b"POST /publish" + host + b"Content-Length: 1\r\n" +
         b"Transfer-Encoding: chunked\r\n\r\n"),
        ([400], b"POST /publish HTTP/1.1\r\nContent-Length: 1\r\n\r\nx"),
        ([400], b"nonsense\r\n\r\n"),
        ([505], b"GET /events HTTP/2.0\r\nHost: x\r\n\r\n"),
        ([431], b"GET /" + host + b"X: " + 9000 * b"x"),
        ([204], b"POST /publish" + host + b"Connection: close\r\nContent-Length: 1\r\n\r\nx" +
         POST % (1, b"y")),
        ([204], b"POST /publish HTTP/1.0\r\nContent-Length: 1\r\n\r\nx"),
    ):
        assert status_of(port, request) == wanted, (request[:100], status_of(port, request))


def start(program, *options):
    return subprocess.Popen([program, "--port", "0"] + [str(o) for o in options],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def a_queue_that_is_too_small_is_refused(program):
    server = start(program, "--queue", 256)
    out, err = server.communicate(timeout=10)
    assert server.returncode == 1 and out == b"" and b"[--queue 512.." in err, (out, err)


def a_pace_holds_what_comes_meanwhile(port):
    stream, s = subscribe(port), connect(port)
    s.sendall(POST % (1, b"1"))
    assert data_of(read_until(stream, b"data: 1\n\n")) == [b"1"]
    begun = time.monotonic()
    for body in (b"2", b"3"):
        s.sendall(POST % (1, body))
        assert read_until(s, b"\r\n\r\n").endswith(DONE)
    assert data_of(read_until(stream, b"data: 3\n\n")) == [b"2", b"3"]
    assert PACE_MS / 2000 < time.monotonic() - begun < PACE_MS / 500


def serve(program, options, tests):
    server = start(program, "--events", EVENTS, *options)
    try:
        port = int(re.search(rb":(\d+)/", server.stdout.readline())[1])
        for test in tests:
            test(port)
            print(*options, getattr(test, "func", test).__name__)
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=10) == 0
    finally:
        server.kill()
        sys.stderr.write(server.stderr.read().decode())


def main():
    program = sys.argv[1]
    tests = (a_post_reaches_every_stream, a_request_may_come_byte_by_byte,
             posts_may_be_pipelined_by_the_thousand, a_long_body_is_one_event,
             a_peer_that_asks_may_send_its_body, a_stream_may_follow_posts_on_one_connection,
             who_comes_back_gets_what_it_missed, refusals_say_why)
    a_queue_that_is_too_small_is_refused(program)
    serve(program, (), tests)
    serve(program, ("--pace", PACE_MS), [a_pace_holds_what_comes_meanwhile])
    for queue, unsent in SETTINGS:
        serve(program, ("--queue", queue, "--unsent", unsent),
              [functools.partial(a_stream_that_stalls_goes_on_where_it_was, queue=queue)])


main()
