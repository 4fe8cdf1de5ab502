"""sse-relay, as a process of the laptop version and of the test."""

import os

from cluster import NAME, Process, port
from web import request


class Relay(Process):
    def __init__(self, number, folder, program, sentinels, key, options=()):
        super().__init__("relay%d" % number, folder)
        self.port, self.program, self.key = port(), program, key
        self.sentinels, self.options = sentinels, list(options)
        self.secret = os.path.join(folder, self.name + ".password")
        with open(self.secret, "w") as f:
            f.write("relay-secret\n")

    def command(self):
        command = [self.program, "--master", NAME, "--user", "relay", "--password-file", self.secret,
                   "--stream", self.key, "--port", str(self.port), "--publish"]
        for sentinel in self.sentinels:
            command += ["--sentinel", "127.0.0.1:%d" % sentinel.port]
        return command + self.options

    async def is_ready(self):
        return (await request(self.port, "GET", "/readyz"))[0] == 200
