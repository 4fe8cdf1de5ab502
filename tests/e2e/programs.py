"""What the end-to-end tests need: a program that serves, a client that reads, and a parser of
streams that accepts only what the library is meant to write. Every wait has a limit."""

import http.client
import os
import re
import select
import shutil
import socket
import subprocess
import tempfile
import time
import unittest
from collections import namedtuple

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LIMIT = 5.0  # seconds for anything that is to happen at once

Event = namedtuple("Event", "type id data retry comment", defaults=(None,) * 5)


def parse(block):
    """One block of a stream without its blank line. Refuses what the library never writes."""
    parts = {"event": None, "id": None, "data": None, "retry": None, "": None}
    for line in block.split("\n"):
        name, colon, value = line.partition(":")
        spaced = value[:1] == " " or (name == "" and value == "")
        if not colon or name not in parts or not spaced or "\r" in line:
            raise AssertionError("no line of ours: %r" % line)
        if parts[name] is not None and name not in ("data", ""):
            raise AssertionError("%s twice: %r" % (name, block))
        value = value[1:]
        parts[name] = value if parts[name] is None else parts[name] + "\n" + value
    return Event(parts["event"], parts["id"], parts["data"], parts["retry"], parts[""])


def wait_for(condition, limit=LIMIT):
    """Whether the condition comes true within the limit."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.01)
    return condition()


class Stream:
    """A request and its answer, of which the events can be taken one by one: all but its place, the
    event that says where it begins."""

    place = farewell = None

    def __init__(self, port, path="/", method="GET", body=None, headers=None, limit=LIMIT):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=limit)
        self.ask(path, method, body, headers)

    def ask(self, path, method="GET", body=None, headers=None):
        self.connection.request(method, path, body, headers or {})
        self.answer = self.connection.getresponse()
        self.status = self.answer.status
        self.header = self.answer.getheader

    def block(self):
        """The next block, parsed; None where the stream has ended at the end of one."""
        lines = []
        while True:
            line = self.answer.readline().decode("utf-8")
            if line == "" and not lines:
                return None
            if not line.endswith("\n"):
                raise AssertionError("a torn event: %r" % (lines + [line]))
            if line == "\n":
                event = parse("".join(lines)[:-1])
                if event.type == "place":
                    self.take_place(event)
                return event
            lines.append(line)

    def take_place(self, event):
        if event != Event("place", event.id, ""):
            raise AssertionError("no place of ours: %r" % (event,))
        self.place = event.id

    def begin(self):
        """Read up to the place of the stream, and return it."""
        while self.place is None:
            self.block()
        return self.place

    def next(self):
        """The next block that is no place."""
        event = self.block()
        while event and event.type == "place":
            event = self.block()
        return event

    def next_event(self):
        """The next block that a client dispatches."""
        while True:
            event = self.next()
            if event is None or event.data is not None:
                return event

    def events(self):
        """All the events up to the end, and to the farewell, if there is one."""
        events = list(iter(self.next_event, None))
        if events and events[-1].type in ("farewell", "retry"):
            self.farewell = events.pop()
        return events

    def body(self):
        return self.answer.read()

    def close(self):
        self.connection.close()
        self.answer.close()


class Program(unittest.TestCase):
    """Starts the program that a class of tests is about, and stops what a test has left behind."""

    folder = "."
    name = None
    optional = False

    def setUp(self):
        self.path = os.path.join(self.folder, self.name)
        if not os.path.exists(self.path):
            if self.optional:
                self.skipTest("%s was not built: its server library is missing" % self.name)
            self.fail("%s was not built" % self.path)

    def start(self, *args, **env):
        """Start the program at any port; returns once it has told which."""
        log = tempfile.TemporaryFile("w+")
        self.addCleanup(log.close)
        process = subprocess.Popen([self.path, "0"] + [str(a) for a in args], cwd=TOP, stderr=log,
                                   stdout=subprocess.PIPE, env=dict(os.environ, **env))
        self.addCleanup(self.end, process)
        self.assertTrue(select.select([process.stdout], [], [], LIMIT)[0], "it tells no address")
        address = process.stdout.readline().decode()
        self.assertRegex(address, r"^http://127\.0\.0\.1:[0-9]+/.*\n$")
        process.port = int(re.search(r":([0-9]+)/", address).group(1))
        process.url = address.strip()
        process.log = log
        return process

    def run_to_the_end(self, *args):
        """What the program does where it is meant to end by itself."""
        return subprocess.run([self.path] + list(args), cwd=TOP, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=LIMIT)

    def end(self, process):
        if process.poll() is None:
            process.kill()
        process.wait(LIMIT)
        process.stdout.close()

    def ask(self, process, *args, **kwargs):
        stream = Stream(process.port, *args, **kwargs)
        self.addCleanup(stream.close)
        return stream

    def raw(self, process, request, receive_buffer=None):
        """A bare connection that has sent a request."""
        s = socket.socket()
        self.addCleanup(s.close)
        s.settimeout(LIMIT)
        if receive_buffer:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        s.connect(("127.0.0.1", process.port))
        s.sendall(request)
        return s

    def read_until(self, s, end):
        got = b""
        while not got.endswith(end):
            part = s.recv(1)
            self.assertTrue(part, "it ended after %r" % got)
            got += part
        return got

    def log(self, process):
        process.log.seek(0)
        return process.log.read()

    def ends_by(self, process, number, status):
        """Ask the program to end, and see that it does, and how."""
        process.send_signal(number)
        self.assertEqual(process.wait(LIMIT), status, self.log(process))

    def curl(self, *args):
        """What curl shows of a stream in the first moments."""
        if not shutil.which("curl"):
            self.skipTest("no curl here")
        done = subprocess.run(["curl", "-sN", "-m", "2"] + list(args), stdout=subprocess.PIPE,
                              timeout=LIMIT)
        return done.stdout.decode()

    def proc(self, process, name):
        """An entry of /proc about the program: the text of a file, or the names in a folder."""
        path = "/proc/%d/%s" % (process.pid, name)
        if not os.path.exists(path):
            self.skipTest("no /proc here")
        if os.path.isdir(path):
            return os.listdir(path)
        with open(path) as f:
            return f.read()

    def cpu(self, process):
        """The time that it has computed, in the ticks of the kernel."""
        return sum(int(n) for n in self.proc(process, "stat").rsplit(")", 1)[1].split()[11:13])

    def is_sanitized(self):
        """Whether the program was built with a sanitizer that replaces malloc."""
        with open(self.path, "rb") as f:
            return re.search(rb"__[am]san_init", f.read()) is not None

    def memory(self, process):
        """What it holds of memory, in KiB."""
        return int(re.search(r"VmRSS:\s+(\d+)", self.proc(process, "status")).group(1))
