#!/usr/bin/env python3
"""Run the long versions of the tests, one after the other, and write a table of what they counted.

    full.py BUILD                   all of it, which takes some hours
    full.py BUILD ROW...            these rows; the others stay as they were, each with its date;
                                    those with a + are longer ones, and may take hours
    full.py --fuzz SECONDS BUILD    fuzz each target for so long, instead of ten minutes

The table is BUILD/tests/full.txt, and is written anew behind each row; what the tests print is in
BUILD/tests/full/. A row that failed makes this program fail, when the others have run, too.
"""
import argparse
import json
import os
import platform
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

sys.dont_write_bytecode = True  # the tree stays as it is
import tell
from table import Table
from tell import FAILED, PASSED, SKIPPED, Part

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROCESSORS = len(os.sched_getaffinity(0))
LIMIT = 8 * 3600  # seconds of one command: it hangs

# The rows. tell.py has a function for each, but for the +, which says what was counted.
SUITE = {  # what CTest runs: all tests, or those of a name
    "tests": ".*", "ledger": "ledger_.*", "coverage": "coverage", "proofs": "proofs",
    "static": "static_.*", "platforms": "platform_.*", "tools": "unit_.*",
}
LONGER = {  # the same, each command with one word more: long
    "proofs+": "proofs", "platforms+": "platform_.*", "tools+": "unit_.*",
}
COMMANDS = {  # of tests/
    "fuzz": "fuzz/run.sh {fuzz}",
    "mutation": "mutation/mutate.py --jobs {processors} --work {tests}/mutation",
    "resume": "e2e/resume.py {build} 2000 60",
    "load": "e2e/load.sh {build}/ssecat",
}
ROWS = (*SUITE, *LONGER, *COMMANDS)


class Build:
    """A folder that CMake has configured, and what can be run there."""

    def __init__(self, folder):
        self.folder = os.path.abspath(folder)
        self.tests = os.path.join(self.folder, "tests")
        self.logs = os.path.join(self.tests, "full")
        os.makedirs(self.logs, exist_ok=True)
        with open(os.path.join(self.folder, "CMakeCache.txt")) as file:
            self.cache = dict(re.findall(r"^(\w+):\w+=(.*)$", file.read(), re.MULTILINE))
        self.ctest = self.cache["CMAKE_CTEST_COMMAND"]
        # The make that may have started this has jobs of its own.
        self.environment = {name: value for name, value in os.environ.items()
                            if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
        self.environment.update(TOP=TOP, CMAKE=self.cache["CMAKE_COMMAND"],
                                CC=self.cache["CMAKE_C_COMPILER"])

    def machine(self):
        said = subprocess.run([self.cache["CMAKE_C_COMPILER"], "--version"], check=True, text=True,
                              stdout=subprocess.PIPE).stdout
        return "%d processors, %s, %s" % (PROCESSORS, platform.machine(), said.splitlines()[0])

    def run(self, name, command):
        """Run a command. What it prints is in a file of that name, too."""
        path = os.path.join(self.logs, name + ".log")
        start = time.monotonic()
        with open(path, "w") as log:
            try:
                status = subprocess.run(command, cwd=self.tests, env=self.environment, stdout=log,
                                        stderr=log, stdin=subprocess.DEVNULL, timeout=LIMIT)
                verdict = {0: PASSED, 77: SKIPPED}.get(status.returncode, FAILED)
            except subprocess.TimeoutExpired:
                verdict = FAILED
        with open(path, errors="replace") as log:
            return Part(name, verdict, time.monotonic() - start, log.read())

    def make(self):
        return self.run("build", [self.cache["CMAKE_COMMAND"], "--build", self.folder,
                                  "-j%d" % PROCESSORS])

    def suite(self, pattern):
        """Let CTest run tests. Returns a part for each, and how long it took."""
        run = self.run("ctest", [self.ctest, "-V", "-j%d" % PROCESSORS, "--no-tests=error", "-R",
                                 "^(%s)$" % pattern])
        said, parts = {}, []
        for number, line in re.findall(r"^(\d+): (.*)$", run.output, re.MULTILINE):
            said.setdefault(number, []).append(line)
        ends = r"^ *\d+/\d+ +Test +#(\d+): (\S+) \.* *(?:\*\*\*)?(\S.*?) +([\d.]+) sec"
        for number, name, end, seconds in sorted(re.findall(ends, run.output, re.MULTILINE),
                                                 key=lambda test: int(test[0])):
            verdict = {"Passed": PASSED, "Skipped": SKIPPED}.get(end, FAILED)
            parts.append(Part(name, verdict, float(seconds), "\n".join(said.get(number, []))))
        if run.verdict != PASSED and all(part.verdict != FAILED for part in parts):
            parts.append(run._replace(verdict=FAILED, seconds=0))
        return parts, run.seconds

    def longer(self, pattern):
        """Run the commands of tests, as many at a time as there are processors."""
        listed = subprocess.run([self.ctest, "--show-only=json-v1", "-R", "^(%s)$" % pattern],
                                cwd=self.folder, check=True, stdout=subprocess.PIPE).stdout
        with ThreadPoolExecutor(PROCESSORS) as pool:
            return list(pool.map(lambda test: self.run(test["name"], test["command"] + ["long"]),
                                 json.loads(listed)["tests"]))

    def command(self, name, fuzz):
        """Run a script of tests/."""
        words = [word.format(fuzz=fuzz, processors=PROCESSORS, tests=self.tests, build=self.folder)
                 for word in COMMANDS[name].split()]
        program = sys.executable if words[0].endswith(".py") else "sh"
        return [self.run(name, [program, os.path.join(TOP, "tests", words[0]), *words[1:]])]


def results(build, rows, fuzz):
    """Run rows. Yields for each its name, its parts, and how many seconds it took."""
    suite = [name for name in SUITE if name in rows]
    if suite:
        parts, seconds = build.suite("|".join(SUITE[name] for name in suite))
        for name in suite:
            own = [part for part in parts if re.fullmatch(SUITE[name] + "|ctest", part.name)]
            # a part of the suite took as long as its tests, some of which ran side by side
            yield name, own, min(seconds, sum(part.seconds for part in own))
    for name in (*LONGER, *COMMANDS):
        if name in rows:
            start = time.monotonic()
            parts = build.longer(LONGER[name]) if name in LONGER else build.command(name, fuzz)
            yield name, parts, time.monotonic() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--fuzz", type=int, default=600, metavar="SECONDS",
                        help="for each target of the fuzzer (%(default)s)")
    parser.add_argument("build", metavar="BUILD", help="the folder that CMake has configured")
    parser.add_argument("rows", nargs="*", metavar="ROW", help="of " + ", ".join(ROWS))
    arguments = parser.parse_args()
    strange = set(arguments.rows) - set(ROWS)
    if strange:
        parser.error("there is no row " + ", ".join(strange))

    build = Build(arguments.build)
    if build.make().verdict != PASSED:
        sys.exit("it does not build: see %s/build.log" % build.logs)
    table = Table(build.logs + ".txt", ROWS, build.machine())
    failed = 0
    for name, parts, seconds in results(build, arguments.rows or ROWS, arguments.fuzz):
        text, verdict = tell.judge(parts, getattr(tell, name.rstrip("+")))
        table.put(name, text, seconds, verdict)
        failed += verdict == FAILED
    print("written to " + table.path)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
