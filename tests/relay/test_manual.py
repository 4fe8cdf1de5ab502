"""The manual of sse-relay, and sse-relay as it is installed:  python3 test_manual.py BUILD_DIR"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))

import ssecat_manual
from programs import LIMIT, TOP, Program

FOLDER = os.path.join(TOP, "examples", "relay")


class Manual(ssecat_manual.Manual):
    name = "sse-relay"
    manual = os.path.join(FOLDER, "sse-relay.1")

    def read(self, name):
        with open(os.path.join(FOLDER, name)) as f:
            return f.read()

    def test_each_metric_is_in_the_readme_and_no_other(self):
        source = self.read("metrics.c")
        names = set(re.findall(r'(?:^    \{|begin\(&?t, |put_several\(&t, r, )"(\w+)"', source, re.M))
        self.assertGreater(len(names), 20)
        self.assertEqual(set(re.findall(r"`sse_relay_(\w+)", self.read("README.md"))), names)

    def test_each_reason_of_a_gap_is_in_the_readme_and_the_manual(self):
        reasons = re.findall(r'"([a-z-]+)"', self.read("gap.c").split("gap_reasons")[1].split(";")[0])
        self.assertEqual(len(reasons), 7)
        for text in (self.read("README.md"), self.read("sse-relay.1")):
            for reason in reasons:
                self.assertRegex(text, r"`%s`|Li %s\b" % (reason, reason))


class Installed(Program):
    name = "sse-relay"

    def test_the_program_and_its_manual_are_installed_and_run_without_the_library(self):
        cmake = os.environ.get("CMAKE", "cmake")
        if not shutil.which(cmake):
            self.skipTest("no cmake here (Debian: cmake)")
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([cmake, "--install", self.folder, "--component", "sse_relay",
                            "--prefix", folder], check=True, stdout=subprocess.DEVNULL)
            files = [os.path.relpath(os.path.join(path, name), folder)
                     for path, _, names in os.walk(folder) for name in names]
            self.assertEqual(sorted(files), ["bin/sse-relay", "share/man/man1/sse-relay.1"])
            self.path = os.path.join(folder, "bin", "sse-relay")
            needed = subprocess.run(["ldd", self.path], capture_output=True, text=True).stdout
            self.assertNotIn("libsse", needed)
            done = self.run_to_the_end("--version")
            self.assertRegex(done.stdout.decode(), r"^sse-relay, libsse \d+\.\d+\.\d+\n$")


class Options(Program):
    name = "sse-relay"

    def test_what_does_not_fit_together_is_refused_with_a_reason(self):
        for words, reason in (
                ([], "--redis, or --sentinel"), (["--redis", "a:1"], "give a --stream"),
                (["--redis", "a:1", "--sentinel", "a:2", "--stream", "s"], "--redis, or --sentinel"),
                (["--redis", "a:1", "--stream", "s", "--stream", "s"], "given twice"),
                (["--redis", "a", "--stream", "s"], "bad value for --redis: 'a'; host:port"),
                (["--redis", "a:99999", "--stream", "s"], "bad value for --redis"),
                (["--redis", "a:1,b:1", "--stream", "s"], "bad value for --redis: 'a:1,b:1'; host:port"),
                (["--redis", "::1:6379", "--stream", "s"], "bad value for --redis"),
                (["--redis", "a b:1", "--stream", "s"], "bad value for --redis"),
                (["--sentinel", "a:1,", "--stream", "s"], "bad value for --sentinel: 'a:1,'; host:port,..."),
                (["--sentinel", "a:1,b:1", "--sentinel", "a:1", "--stream", "s"], "a --sentinel is given twice"),
                (["--sentinel", ",".join("a:%d" % n for n in range(1, 18)), "--stream", "s"], "at most 16 sentinels"),
                (["--redis", "a:1", "--stream", "a\nb"], "bad value for --stream"),
                (["--redis", "a:1", "--stream", "s", "--filter", "key"], "bad value for --filter"),
                (["--redis", "a:1", "--stream", "s", "--filter", "LASTEVENTID"], "bad value for --filter"),
                (["--redis", "a:1", "--stream", "s", "--user-field", "nonce"], "bad value for --user-field"),
                (["--redis", "a:1", "--stream", "s", "--user", "u"], "--user needs --password-file"),
                (["--redis", "a:1", "--stream", "s", "--password-file", "/none"], "/none: No such file"),
                (["--redis", "a:1", "--stream", "s", "--password-file", "/dev/null"], "it has no line"),
                (["x"], "unexpected 'x'; see sse-relay --help")):
            done = self.run_to_the_end(*words)
            self.assertEqual((done.returncode, done.stdout), (1, b""), words)
            self.assertRegex(done.stderr.decode(), "^sse-relay: .*" + re.escape(reason))


if __name__ == "__main__":
    Program.folder = sys.argv.pop(1)
    unittest.main(verbosity=2)
