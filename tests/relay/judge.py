#!/usr/bin/env python3
"""sse-relay against real servers that fail, judged by what its clients got; see README.md.

    python3 tests/relay/judge.py BUILD [--seconds 30] [--failovers N] [--worlds 2] [--seed N] [--keep FOLDER]

BUILD is a build folder with sse-relay. Each world is a process with a cluster of its own. The exit code
is 1 where something was found; then the notes of the run are kept. 77: something is missing. At SIGTERM, or
Ctrl-C, it ends early, with its verdict."""

import argparse
import asyncio
import collections
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import paths
from world import World

HERE = os.path.dirname(os.path.abspath(__file__))
# What clients can be answered; see "A client that comes back" in examples/relay/README.md.
ROWS = [("in the log", "sse_relay_resumes_total{from=\"log\"}"),
        ("served from Redis", "sse_relay_resumes_total{from=\"redis\"}")]
ROWS += [("gap " + r, "sse_relay_gaps_total{reason=\"%s\"}" % r)
         for r in ("history", "phantom", "deleted-or-phantom", "trimmed", "flushed")]
# Gaps that were not needed: so many of a hundred streams, and some more in a short run, since one fork that
# is not needed reaches all ten clients.
NEEDLESS, AT_ONCE = 3.0, 10


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--failovers", type=int, default=0, help="go on until there were so many, in all")
    parser.add_argument("--worlds", type=int, default=2)
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", time.time_ns() // 1000 % 10 ** 9)))
    parser.add_argument("--all-rows", action="store_true", help="fail where a row of the table was not reached")
    parser.add_argument("--among", default="", help="only these faults, such as clocks,kill_primary")
    parser.add_argument("--keep", help="a folder for the notes, kept in any case")
    parser.add_argument("--world", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


def missing(build):
    for program, package in (("redis-server", "redis-server"), ("redis-sentinel", "redis-sentinel")):
        if not shutil.which(program):
            return "there is no %s (Debian: %s)" % (program, package)
    if not os.path.exists(os.path.join(build, "sse-relay")):
        return "there is no sse-relay in %s (it needs libhiredis-dev)" % build
    return None


def clock(folder):
    """Compile the clock that is wrong."""
    path = os.path.join(folder, "clock.so")
    subprocess.run([os.environ.get("CC", "cc"), "-std=c99", "-O2", "-fPIC", "-shared", "-o", path,
                    os.path.join(HERE, "clock.c"), "-ldl"], check=True)
    return path


def settings(n, seed):
    """Of world n. Worlds 0 and 1, 2 and 3, ... differ in all that relays are told, so that two worlds have
    each of it; the seed chooses which two. Of four worlds, one has a careful primary."""
    waits, pair = n % 2, n // 2 + seed
    return {"wait_for": 2 * waits, "closes": bool(waits ^ pair % 2), "by_user": bool(waits ^ pair // 2 % 2),
            "careful": (n + seed // 4) % 4 == 3}


def run_world(options):
    """One world, whose results go to its folder."""
    n = options.world
    folder = os.path.join(options.keep, "world%d" % n)
    os.makedirs(folder, exist_ok=True)
    world = World("world%d" % n, options.seed + n, folder, os.path.join(os.path.abspath(options.build), "sse-relay"),
                  os.path.join(options.keep, "clock.so"), among=options.among.split(",") if options.among else (),
                  **settings(n, options.seed))
    end, over = time.monotonic() + options.seconds, []
    share = -(-options.failovers // options.worlds)
    signal.signal(signal.SIGTERM, lambda *_: over.append(True))
    asyncio.run(world.run(lambda w: over or time.monotonic() > end and w.counts["failovers"] >= share))
    with open(os.path.join(folder, "result.json"), "w") as f:
        json.dump({"findings": world.findings, "counts": world.counts, "rows": world.rows, "faults": world.used,
                   "answers": world.answers}, f)


def print_table(title, counts):
    print("\n" + title)
    for name, n in sorted(counts.items(), key=lambda item: -item[1]):
        print("%10d  %s" % (n, name))


def verdict(options, results):
    """Print what was counted; gives what was found."""
    found = [f for r in results for f in r["findings"]]
    total = {k: collections.Counter() for k in ("counts", "rows", "faults", "answers")}
    for r in results:
        for k in total:
            total[k].update(r[k])
    counts, rows = total["counts"], total["rows"]
    print_table("counts", counts)
    print_table("faults", total["faults"])
    print_table("answers to POST /publish", total["answers"])
    print_table("the relays' own", {k: v for k, v in rows.items() if "bytes" not in k})
    print("\nrows of the table of answers")
    for name, metric in ROWS:
        print("%10d  %s" % (rows[metric], name))
        if options.all_rows and not rows[metric]:
            found.append(["row", "nobody was answered: %s" % name])
    if counts["verdicts"] == 0 or counts["events"] == 0:
        found.append(["end", "nothing was judged"])
    share = 100.0 * counts["needless"] / max(1, counts["streams"])
    print("\n%.2f gaps that were not needed, of 100 streams; at most %.1f, and %d" % (share, NEEDLESS, AT_ONCE))
    if counts["needless"] > AT_ONCE + NEEDLESS * counts["streams"] / 100:
        found.append(["needless", "%d gaps were not needed, in %d streams" % (counts["needless"], counts["streams"])])
    return found


def main():
    options = arguments()
    why = missing(options.build)
    if why:
        print("skipped: " + why)
        return 77
    if options.world is not None:
        run_world(options)
        return 0
    kept = options.keep is not None
    options.keep = os.path.abspath(options.keep) if kept else tempfile.mkdtemp(prefix="sse-judge-")
    os.makedirs(options.keep, exist_ok=True)
    clock(options.keep)
    print("seed %d, %d worlds, notes in %s" % (options.seed, options.worlds, options.keep), flush=True)
    for n in range(options.worlds):
        print("world%d: %s" % (n, ", ".join("%s %d" % pair for pair in settings(n, options.seed).items())), flush=True)
    began = time.monotonic()
    command = [sys.executable, os.path.abspath(__file__), options.build, "--seconds", str(options.seconds),
               "--failovers", str(options.failovers), "--worlds", str(options.worlds), "--seed", str(options.seed),
               "--keep", options.keep, "--among", options.among]
    children = [subprocess.Popen(command + ["--world", str(n)], start_new_session=True) for n in range(options.worlds)]
    for number in (signal.SIGTERM, signal.SIGINT):  # each world ends after its round
        signal.signal(number, lambda *_: [child.terminate() for child in children])
    codes = [child.wait() for child in children]
    results = []
    for n, code in enumerate(codes):
        path = os.path.join(options.keep, "world%d" % n, "result.json")
        if code == 0 and os.path.exists(path):
            with open(path) as f:
                results.append(json.load(f))
        else:
            results.append({"findings": [["end", "world%d has no result: %s" % (n, code)]], "counts": {}, "rows": {},
                            "faults": {}, "answers": {}})
    found = verdict(options, results)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print("%.0f s, %.0f s of processors" % (time.monotonic() - began, used.ru_utime + used.ru_stime))
    for kind, sentence in found[:12]:
        print("FOUND %s: %s" % (kind, sentence))
    if found:
        print("%d found; seed %d; the notes are in %s" % (len(found), options.seed, options.keep))
    elif not kept:
        shutil.rmtree(options.keep)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
