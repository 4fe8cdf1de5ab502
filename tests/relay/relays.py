"""The relays: what they say of themselves, and of their sanitizers."""

import collections
import re

import paths  # of relay and web
from relay import Relay
from resp import GONE
from web import request

REPORT = re.compile(r"^.*(?:ERROR: \w*Sanitizer|runtime error:|LeakSanitizer|Assertion).*$", re.M)
METRIC = re.compile(r'^(sse_relay_\w+_total)(?:\{([^}]*)\})? (\S+)$', re.M)


class Measured(Relay):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.counted = collections.Counter()  # of processes that have ended, as far as they were asked
        self.latest = {}

    def start(self):
        if not self.is_alive():
            self.counted.update(self.latest)
            self.latest = {}
        super().start()

    async def serves(self):
        try:
            return (await request(self.port, "GET", "/healthz"))[0] == 200
        except GONE:
            return False

    async def measure(self):
        """Read its metrics; gives the counters of all its runs."""
        content = (await request(self.port, "GET", "/metrics"))[1].decode()
        self.latest = {}
        for name, labels, value in METRIC.findall(content):
            labels = ",".join(l for l in labels.split(",") if l and not l.startswith("stream="))
            self.latest[name + ("{%s}" % labels if labels else "")] = int(float(value))
        return self.counted + collections.Counter(self.latest)

    def reports(self):
        with open(self.log, errors="replace") as f:
            return REPORT.findall(f.read())
