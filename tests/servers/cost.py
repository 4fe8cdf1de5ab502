#!/usr/bin/env python3
"""What a delivery costs a server, against a loop of send: the processor time of its processes, in the
kernel, too, while each client gets an event each TICK_MS milliseconds, the tick of app.c.

    python3 cost.py BUILD [NAME...]      the servers in BUILD/servers; without names: all of them
    python3 cost.py BUILD --write        writes the table into examples/servers/README.md

Each server is measured between two measurements of bare.c, which sends as many bytes to as many
clients; the figure is its time by the mean of those two. Each event wakes the server and leaves alone.
Where events come faster they leave together, and a delivery is cheaper. Over HTTP/2 all the streams
are on one connection, as those of a browser are. A CGI program has no ticks, and is left out."""

import contextlib
import os
import re
import select
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import run
from target import Processes

README = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples", "servers",
                      "README.md")
BEGIN, END = "<!-- measured -->\n", "<!-- end of measured -->"
HEAD = ("| server | HTTP | FIN, RST noticed after | us a delivery | by a loop of send | bytes a delivery |\n"
        "|---|---|---|---|---|---|")
CLIENTS, TICK_MS, SECONDS = 100, 20, 2.0
NUMBER = re.compile(rb"id: [0-9a-f]+-(\d+)\n")


class Bare(run.Server):
    def commands(self):
        return [[os.path.join(self.folder, "bare"), str(self.port)]]


def processor_s(processes):
    """What all threads of the processes have computed."""
    total = 0
    for pid in processes.all():
        for task in os.listdir("/proc/%d/task" % pid):
            with open("/proc/%d/task/%s/schedstat" % (pid, task)) as f:
                total += int(f.read().split()[0])
    return total / 1e9


@contextlib.contextmanager
def started(kind, name, build, version, locks):
    """Start a server; gives it and its processes."""
    with tempfile.TemporaryDirectory(prefix="sse-cost-") as temp:
        server = kind(name, build, temp, run.free_port(locks), version)
        env = dict(run.settings(), APP_TICK_MS=str(TICK_MS), APP_HEARTBEAT_MS="15000", **server.env)
        if server.tls:
            run.make_certificate(temp)
        with open(os.path.join(temp, "log"), "w+") as log:
            processes = []
            try:
                for command in server.commands():
                    processes.append(subprocess.Popen(command, cwd=temp, stdout=log, stderr=log,
                                                      stdin=subprocess.DEVNULL, env=env,
                                                      start_new_session=True))
                if not run.wait_for(server, processes):
                    sys.exit("%s does not accept connections" % name)
                yield server, Processes([p.pid for p in processes])
            finally:
                for p in processes:
                    os.killpg(p.pid, signal.SIGKILL)
                    p.wait()


def connect(server, version):
    s = socket.create_connection((server.host, server.port))
    if server.tls:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
        tls.set_alpn_protocols(["h2"] if version == 2 else ["http/1.1"])
        s = tls.wrap_socket(s)
    return s


def ask(server, version):
    """The connections of CLIENTS streams; their events can be read as they are."""
    if version == 1:
        connections = []
        for _ in range(CLIENTS):
            connections.append(connect(server, 1))
            connections[-1].sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n"
                                    b"Accept: text/event-stream\r\n\r\n")
        return connections
    import h2.connection
    import h2.settings
    s = connect(server, 2)
    c = h2.connection.H2Connection()
    c.initiate_connection()
    c.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: 2**31 - 1})
    c.increment_flow_control_window(2**31 - 1 - 65535)
    for n in range(CLIENTS):
        c.send_headers(2 * n + 1, [(":method", "GET"), (":path", "/events"), (":authority", "localhost"),
                                   (":scheme", "https" if server.tls else "http")], end_stream=True)
    s.sendall(c.data_to_send())
    s.sendall(struct.pack(">IBI", 0, 0, 0)[1:4] + b"\x04\x01" + bytes(4))  # SETTINGS, acknowledged
    return [s]


def read_for(connections, seconds):
    """Read all that comes for a time. Gives the bytes, and the last number on the first connection."""
    poll, end, count, last = select.epoll(), time.monotonic() + seconds, 0, 0
    at = {s.fileno(): s for s in connections}
    for fd, s in at.items():
        s.setblocking(False)
        poll.register(fd, select.EPOLLIN)
    while time.monotonic() < end:
        for fd, _ in poll.poll(0.01):
            with contextlib.suppress(BlockingIOError, ssl.SSLWantReadError):
                part = at[fd].recv(1 << 18)
                if not part:
                    sys.exit("the server has closed a stream")
                count += len(part)
                if at[fd] is connections[0]:
                    last = max([last] + [int(n) for n in NUMBER.findall(part)])
    poll.close()
    return count, last


def measure(kind, name, build, version, locks):
    """Processor time of a delivery, in microseconds, and its bytes on the wire."""
    with started(kind, name, build, version, locks) as (server, processes):
        connections = ask(server, version)
        _, first = read_for(connections, 0.5)
        before = processor_s(processes)
        count, last = read_for(connections, SECONDS)
        spent = processor_s(processes) - before
        for s in connections:
            s.close()
    events = last - first
    if first == 0 or events < SECONDS * 1000 / TICK_MS * 0.8:
        sys.exit("%s: only %d events came" % (name, events))
    return spent / events / CLIENTS * 1e6, count / events / CLIENTS


def noticed(name, build):
    """By version of HTTP: how soon a client that is gone shows, with heartbeats each 400 ms."""
    done = subprocess.run(
        [sys.executable, os.path.join(os.path.dirname(os.path.abspath(__file__)), "run.py"), name, build,
         "--only", "vanish-fin", "--only", "vanish-reset"], stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(done.stdout)
    return [", ".join(re.findall(r"noticed after (\S+ m?s)", part))
            for part in re.split(r"(?m)^.* over HTTP/\d.*$", done.stdout)[1:]]


def rows(names, build, locks):
    before, _ = measure(Bare, "bare", build, 1, locks)
    for name in names:
        kinds = run.SERVERS.get(name, run.Server)
        kinds = kinds if isinstance(kinds, tuple) else (kinds,)
        ways = [(kind, version) for kind in kinds for version in kind.http]
        for (kind, version), soon in zip(ways, noticed(name, build)):
            cost, size = measure(kind, name, build, version, locks)
            after, _ = measure(Bare, "bare", build, 1, locks)
            yield "| `%s` | %d%s | %s | %.1f | %.1f | %.0f |" % (
                name, version, ", TLS" if kind.tls else "", soon, cost, cost / ((before + after) / 2), size)
            before = after


def main(args):
    if not args:
        sys.exit(__doc__)
    python = run.python_with_h2()
    if python != sys.executable:
        os.execv(python, [python, __file__] + args)
    build, *names = [a for a in args if a != "--write"]
    folder = os.path.join(build, "servers")
    names = names or sorted((os.path.splitext(n)[0] for n in os.listdir(folder)
                             if n not in ("bare", "cgi") and "generation" not in n),
                            key=lambda n: (n == "lwip", n))  # which moves to a network of its own
    locks, lines = [], [HEAD]
    print(HEAD)
    for row in rows(names, build, locks):
        print(row, flush=True)
        lines.append(row)
    run.release(locks)
    if "--write" in args:
        with open(README, encoding="utf-8") as f:
            before, _, rest = f.read().partition(BEGIN)
        with open(README, "w", encoding="utf-8") as f:
            f.write(before + BEGIN + "\n".join(lines) + "\n" + rest[rest.index(END):])


main(sys.argv[1:])
