"""Where ssecat listens:  python3 ssecat_addresses.py BUILD_DIR"""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True

from programs import LIMIT, Program
from ssecat import Ssecat


class Addresses(Ssecat):
    def command(self, *args):
        return [self.path, *map(str, args)]

    def printed(self, *args, command=None):
        """Start it, and return it with the addresses that it prints."""
        log = tempfile.TemporaryFile("w+")
        self.addCleanup(log.close)
        server = subprocess.Popen(command or self.command("--port", 0, *args),
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
        self.addCleanup(self.end, server)
        server.log = log
        got = b""
        while not got:
            time.sleep(0.05)
            os.set_blocking(server.stdout.fileno(), False)
            got = server.stdout.read() or b""
            if server.poll() is not None:
                break
        found = re.findall(r"^ssecat: http://(\S+):([0-9]+)/ \(stream at /events\)$", got.decode(), re.M)
        self.assertEqual(len(found), got.count(b"\n"))
        server.port = int(found[0][1]) if found else None
        self.assertTrue(all(int(port) == server.port for _, port in found), "several ports: %r" % found)
        return server, [host for host, _ in found]

    def refused(self, *args, command=None):
        done = subprocess.run(command or self.command(*args), stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=LIMIT, text=True)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        return done.stderr

    def answers(self, host, port):
        with socket.create_connection((host, port), LIMIT) as s:
            s.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
            return s.recv(15) == b"HTTP/1.1 200 OK"

    def needs_ipv6(self):
        try:
            with socket.socket(socket.AF_INET6) as s:
                s.bind(("::1", 0))
        except OSError:
            self.skipTest("no IPv6 here")

    def test_each_address_is_served_at_the_same_port_and_printed(self):
        hosts = ["127.0.0.1", "127.0.0.3", "127.0.0.2"]
        server, printed = self.printed(*(arg for host in hosts for arg in ("--bind", host)))
        self.assertEqual(printed, hosts)
        for host in hosts:
            self.assertTrue(self.answers(host, server.port))
        self.assertRaises(OSError, self.answers, "127.0.0.4", server.port)
        self.ends_by(server, signal.SIGTERM, 0)

    def test_an_address_that_is_given_twice_is_one(self):
        server, printed = self.printed("--bind", "127.0.0.1", "-b", "127.0.0.1")
        self.assertEqual(printed, ["127.0.0.1"])

    def test_an_ipv6_address_may_have_the_brackets_with_which_it_is_printed(self):
        self.needs_ipv6()
        for form in ("::1", "[::1]", "[0:0:0:0:0:0:0:1]"):
            server, printed = self.printed("--bind", form)
            self.assertEqual(printed, ["[::1]"])
            self.assertTrue(self.answers("::1", server.port))

    def test_an_asterisk_is_all_addresses(self):
        server, printed = self.printed("--bind", "*")
        self.assertIn("0.0.0.0", printed)
        self.assertTrue(self.answers("127.0.0.5", server.port))
        self.needs_ipv6()
        self.assertEqual(sorted(printed), ["0.0.0.0", "[::]"])
        self.assertTrue(self.answers("::1", server.port))

    def test_the_ipv6_wildcard_leaves_ipv4_to_others(self):
        self.needs_ipv6()
        server, printed = self.printed("--bind", "::")
        self.assertEqual(printed, ["[::]"])
        self.assertRaises(OSError, self.answers, "127.0.0.1", server.port)

    def test_an_address_that_cannot_be_had_is_named_and_nothing_is_served(self):
        with socket.socket() as s:
            s.bind(("127.0.0.2", 0))
            s.listen()
            port = s.getsockname()[1]
            told = self.refused("--port", port, "--bind", "127.0.0.1", "--bind", "127.0.0.2")
            self.assertIn("127.0.0.2:%d" % port, told)
            self.assertIn("in use", told)
        self.assertIn("192.0.2.1:0", self.refused("--port", 0, "--bind", "192.0.2.1"))
        self.assertIn("nobody.invalid", self.refused("--port", 0, "--bind", "nobody.invalid"))

    def with_hosts(self, lines, *args):
        """The command, where the machine knows these names."""
        hosts = tempfile.NamedTemporaryFile("w")
        self.addCleanup(hosts.close)
        hosts.write(lines)
        hosts.flush()
        inside = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
                  'mount --bind "$0" /etc/hosts && exec "$@"', hosts.name]
        if subprocess.run(inside + ["true"], stderr=subprocess.DEVNULL).returncode != 0:
            self.skipTest("no namespaces here (Debian: util-linux, user namespaces)")
        return inside + self.command("--port", 0, *args)

    def test_all_addresses_of_a_name_are_served(self):
        command = self.with_hosts("127.0.0.1 some\n127.0.0.2 some\n127.0.0.1 some\n", "-b", "some")
        server, printed = self.printed(command=command)
        self.assertEqual(sorted(printed), ["127.0.0.1", "127.0.0.2"])
        for host in printed:
            self.assertTrue(self.answers(host, server.port))

    def test_an_address_that_the_machine_lacks_is_passed_over_if_its_name_has_another(self):
        command = self.with_hosts("192.0.2.1 some\n127.0.0.2 some\n192.0.2.1 none\n", "-b", "some")
        server, printed = self.printed(command=command)
        self.assertEqual(printed, ["127.0.0.2"])
        self.assertIn("192.0.2.1", self.log(server))
        told = self.refused(command=command[:-1] + ["none"])
        self.assertIn("192.0.2.1", told)


if __name__ == "__main__":
    Program.folder = sys.argv.pop(1)
    unittest.main(verbosity=2)
