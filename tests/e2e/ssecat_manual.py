"""The manual of ssecat, and ssecat as it is installed:  python3 ssecat_manual.py BUILD_DIR"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True

from programs import LIMIT, TOP, Program
from ssecat import Ssecat

MANUAL = os.path.join(TOP, "examples", "ssecat", "ssecat.1")


class Manual(Ssecat):
    manual = MANUAL

    def options(self, text, form):
        """Each option as letter, name, argument, and what it accepts."""
        parts = re.split(form, text, flags=re.M)
        found = []
        for letter, name, argument, about in zip(*(parts[n::4] for n in range(1, 5))):
            about = " ".join(line.strip() for line in about.splitlines() if line[:1] != ".")
            ranges = re.findall(r"\(([^()]*)\)\.?(?: |$)", about)
            found.append((letter, name, argument, ranges[-1] if ranges else None))
        return found

    def test_it_has_the_options_of_the_help_in_that_order_with_their_ranges(self):
        done = subprocess.run([self.path, "--help"], capture_output=True, text=True, timeout=LIMIT)
        told = self.options(done.stdout.split("\n\nGET /")[0],
                            r"^  (?:-(\w), |    )--([a-z-]+)(?: ([A-Z]+))?\s+(?=\S)")
        with open(self.manual) as f:
            manual = f.read().split("\n.Sh SIGNALS\n")[0]
        self.assertEqual(self.options(manual, r"^\.It (?:Fl (\w) , )?Fl -([a-z-]+)(?: Ar ([A-Z]+))?\n"),
                         told)
        self.assertGreater(len([ranged for *_, ranged in told if ranged]), 10)

    def warnings(self, program, package, *args):
        if not shutil.which(program):
            self.skipTest("no %s here (Debian: %s)" % (program, package))
        done = subprocess.run([program, *args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=LIMIT, env=dict(os.environ, LC_ALL="C.UTF-8"))
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def test_mandoc_has_nothing_to_say_of_it(self):
        lint = self.warnings("mandoc", "mandoc", "-T", "lint", "-W", "warning", self.manual)
        self.assertEqual(lint, "")

    def test_groff_has_nothing_to_say_of_it(self):
        self.assertEqual(self.warnings("groff", "groff-base", "-mandoc", "-ww", "-z", "-Tutf8", self.manual), "")


class Installed(Ssecat):
    def test_the_program_and_its_manual_are_installed_and_run_without_the_library(self):
        cmake = os.environ.get("CMAKE", "cmake")
        if not shutil.which(cmake):
            self.skipTest("no cmake here (Debian: cmake)")
        with tempfile.TemporaryDirectory() as folder:
            first, moved = os.path.join(folder, "first"), os.path.join(folder, "moved")
            subprocess.run([cmake, "--install", self.folder, "--component", "sse_ssecat",
                            "--prefix", first], check=True, stdout=subprocess.DEVNULL)
            os.rename(first, moved)
            files = [os.path.relpath(os.path.join(path, name), moved)
                     for path, _, names in os.walk(moved) for name in names]
            self.assertEqual(sorted(files), ["bin/ssecat", "share/man/man1/ssecat.1"])
            self.path = os.path.join(moved, "bin", "ssecat")
            needed = subprocess.run(["ldd", self.path], capture_output=True, text=True).stdout
            self.assertNotIn("libsse", needed)
            server = self.start()
            stream = self.listen(server)
            self.say(server, "x\n")
            self.assertEqual(stream.next().data, "x")


if __name__ == "__main__":
    Program.folder = sys.argv.pop(1)
    unittest.main(verbosity=2)
