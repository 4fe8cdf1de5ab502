#!/usr/bin/env python3
"""Build a binding of examples/languages and check it. README.md beside this file says what is checked.

    run.py NAME REFERENCE VECTORS LIBRARY            build, test of formatting, probes
    run.py NAME REFERENCE VECTORS LIBRARY SERVER     check a server of it; it is built
    run.py --list                                    the names, each with those of its servers

REFERENCE, VECTORS: the programs of probe.c and vectors.c. LIBRARY: the shared library; where it was
built with AddressSanitizer, only the probe runs, under it. What is built goes to ./NAME. Exit code 77:
something is missing here, and the message says what."""

import ast
import os
import random
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(TOP, "tests", "servers"))

import run as servers
from languages import LANGUAGES, Missing, Run, Wrong

# Scripts for probes.


def text(value):
    return value.encode().hex() or "."


def read_scenario():
    lines = []
    with open(os.path.join(HERE, "scenario.txt"), encoding="utf-8") as f:
        for line in f:
            line = re.sub(r"'[^']*'", lambda m: text(ast.literal_eval(m.group())), line)
            line = re.sub(r"@(\d+)", lambda m: text("%07d," % 0 * (int(m.group(1)) // 8)), line)
            if line.strip() and not line.startswith("#"):
                lines.append(line.strip())
    return lines


ORIGIN = "7054b59584449a09"  # of the ids of the channel "wander" with the epoch 7


def wander(seed, steps):
    """Commands at random, most of which make sense: clients that come, read a little, resume and go
    while events are published and time passes."""
    dice = random.Random(seed)
    some = lambda *values: dice.choice(values)
    lines, now, there, published = ["channel %s 7 30 3000 400 0" % text("wander")], 0, set(), 0
    data = [text(it) for it in ("", "x", "two\nlines", "\u20ac 5", "a\r\nb\rc\n", "0123456789" * 9, "\n\n", " x ")]
    for _ in range(steps):
        now += dice.randrange(60)
        k, what = dice.randrange(8), dice.randrange(100)
        if k not in there:
            id = "%s-%d" % (ORIGIN, max(0, published - dice.randrange(40)))
            lines.append("join %d %s %s %s %d %d %d %d" % (
                k, some("-", text("nonsense"), text(id), text(id)), some("-", text("lastEventId=" + id)),
                some("-", ".", "1", "2,3", "1,2,3"), some(512, 1024, 4096), some(0, 900, 5000), some(0, 0, 1500), now))
            there.add(k)
        elif what < 30:
            lines.append("publish %s %s %d %d %d" % (some("-", ".", text("t")), some(*data), some(0, 0, 1, 2, 3),
                                                    some(0, 5), now))
            published += 1
        elif what < 33:
            lines.append("publish %s %s 0 0 %d" % (text("bad\n"), some(*data), now))
        elif what < 66:
            lines.append("take %d %d" % (k, some(1, 50, 4096, 4096)))
        elif what < 76:
            lines.append(some("ready", "ready", "throw"))
        elif what < 80:
            lines.append("tick %d" % now)
        elif what < 85:
            lines.append("tell %d %s %s" % (k, some("-", text("note")), some(*data)))
        elif what < 90:
            lines.append("%s %d" % (some("behind", "behind", "end"), k))
        elif what < 96:
            lines.append("%s %d" % (some("leave", "forget"), k))
            there.remove(k)
        else:
            lines.append(some("count %d" % dice.randrange(8), "timeout %d" % now))
    return lines + ["drain 100 100 100", "tick %d" % (now + 1000), "ready", "count 0"]


def scripts(vectors, steps):
    made = subprocess.run([vectors], stdout=subprocess.PIPE, check=True, encoding="ascii").stdout
    parts = {"vectors": made.splitlines(), "scenario": read_scenario(), "at random": wander(1, steps)}
    for name, lines in parts.items():
        if len(lines) < 100:
            raise Wrong("there are just %d lines of %s" % (len(lines), name))
    return parts


class Checks:
    def __init__(self, run, reference, vectors):
        self.run, self.reference, self.vectors = run, os.path.abspath(reference), os.path.abspath(vectors)
        self.library = run.paths["library"]

    def compare(self, command, env=None, steps=2000):
        """A probe answers as the reference does; gives how many commands that were."""
        total = 0
        for name, lines in scripts(self.vectors, steps).items():
            expected, _ = self.run.ask([self.reference] + ["--keeps"] * self.run.language.keeps, lines)
            answers, said = self.run.ask(command, lines, env)
            for i, (got, wanted) in enumerate(zip(answers, expected)):
                if got != wanted and not (got == "skip" and lines[i].endswith(" -")):
                    raise Wrong("%s, command %d: %s\n  answered %s\n  and not  %s\n%s"
                                % (name, i + 1, lines[i][:300], got[:600], wanted[:600], said[-2000:]))
            if answers.count("skip") > 20:
                raise Wrong("%d commands of %s are skipped" % (answers.count("skip"), name))
            if REPORT.search(said):
                raise Wrong(said)
            total += len(lines)
        return total

    def module(self):
        language = self.run.language
        self.run.build()
        print("built")
        print(self.run.call(language.format).strip()[-2000:])
        print("%d commands, answered as in C" % self.compare(language.probe), flush=True)
        print("%d commands with a collection around each" % self.compare(language.gc_probe, language.gc_env, 500))

    def address(self):
        language = self.run.language
        if not language.asan:
            raise Missing("%s does not run under AddressSanitizer" % self.run.name)
        self.run.need_build()
        found = subprocess.run(["gcc", "-print-file-name=libasan.so"], stdout=subprocess.PIPE).stdout
        env = {"LD_PRELOAD": found.decode().strip(), "ASAN_OPTIONS": "detect_leaks=0"}
        print("%d commands under AddressSanitizer" % self.compare(language.probe, env))

    def server(self, name):
        run = self.run
        run.need_build()

        class Program(servers.Server):
            check = run.language.check.get(name, ())
            env = {key: value for key, value in run.env.items() if os.environ.get(key) != value}

            def is_built(self):
                return True

            def commands(self):
                return [run.fill(run.language.servers[name]) + [str(self.port)]]

        return servers.run((Program,), "%s/%s" % (run.name, name), ".", [])


REPORT = servers.REPORT


def main(args):
    if args == ["--list"]:
        for name, language in sorted(LANGUAGES.items()):
            print(name, *language.servers)
        return 0
    if len(args) not in (4, 5):
        print(__doc__)
        return 2
    name, reference, vectors, library, *rest = args
    try:
        checks = Checks(Run(name, library), reference, vectors)
        if rest:
            return checks.server(rest[0])
        if servers.is_built_with(library, "asan"):
            checks.address()
        else:
            checks.module()
    except Missing as e:
        print("skipped: %s" % e)
        return 77
    except Wrong as e:
        print("FAILED: %s: %s" % (name, e))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
