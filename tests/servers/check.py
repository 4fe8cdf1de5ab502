#!/usr/bin/env python3
"""Check a server that emits Server-Sent Events. See README.md.

    python3 tests/servers/check.py http://127.0.0.1:8080/events --pid $(pidof server) \\
        --heartbeat-ms 400 --stall-ms 2000 --tick-ms 900
"""

import argparse
import asyncio
import json
import os
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import checks
import stalls  # after the others: the end is the last one
from http1 import Torn
from stream import Wrong
from target import Client, Lag, Skip, Target

LIMIT = 90  # seconds for one check


def parse(args):
    p = argparse.ArgumentParser(description="Check a server that emits Server-Sent Events.")
    p.add_argument("url", nargs="?", help="of the stream: http://127.0.0.1:8080/events")
    p.add_argument("--publish", metavar="URL", help="POST publishes (default: /publish beside it)")
    p.add_argument("--status", metavar="URL", help="its counters, as JSON (default: /status)")
    p.add_argument("--http2", action="store_true", help="speak HTTP/2: needs python3-h2")
    p.add_argument("--pid", type=int, action="append", help="of the server; children are found")
    p.add_argument("--heartbeat-ms", type=int, help="what the server was started with")
    p.add_argument("--stall-ms", type=int, help="what the server was started with")
    p.add_argument("--tick-ms", type=int, help="what the server was started with")
    p.add_argument("--write-timeout-ms", type=int, default=0, metavar="MS",
                   help="what a write that blocks adds, until a stalled client is cut off")
    p.add_argument("--ends", action="store_true", help="end the server at last, with a signal")
    p.add_argument("--signal", default="TERM", type=lambda name: getattr(signal, "SIG" + name),
                   help="that ends the first --pid (default: TERM)")
    p.add_argument("--no-memory", dest="memory", action="store_false",
                   help="do not bound the memory: a build with a sanitizer grows")
    p.add_argument("--only", action="append", metavar="NAME", help="run this check; repeatable")
    p.add_argument("--seed", type=int, default=int(time.time()), help="of the cuts at random")
    p.add_argument("--list", action="store_true", help="list the checks")
    p.add_argument("--json", metavar="FILE", help="write the results there")
    options = p.parse_args(args)
    names = [name for names, _ in checks.CHECKS for name in names]
    for name in options.only or []:
        if name not in names:
            p.error("there is no check %s; --list lists them" % name)
    if not options.url and not options.list:
        p.error("the URL of the stream is missing")
    return options


async def run(options, report):
    """Run all checks that are asked for, one after the other."""
    t = Target(options)
    t.base, t.files = None, t.processes.files()
    t.lag = Lag()
    try:
        counters = await t.counters()
        t.base = counters["subscribers"] if counters and "subscribers" in counters else None
        t.recorder = await Client(t).begin()
    except (Torn, Wrong, OSError, asyncio.TimeoutError) as e:
        report("connect", Wrong(str(e) or "no answer"), 0)
        return
    if t.base is not None:
        t.base += 1  # the recorder
    t.files += 2
    for names, function in checks.CHECKS:
        if options.only and not set(names) & set(options.only):
            continue
        start = time.monotonic()
        try:
            result = await asyncio.wait_for(function(t), LIMIT)
        except (Wrong, Skip) as e:
            result = e
        except asyncio.TimeoutError:
            result = Wrong("it did not end within %d s" % LIMIT)
        except Torn as e:
            result = Wrong("a connection ended: %s" % e)
        except OSError as e:
            result = Wrong(str(e))
        await t.tidy([t.recorder])
        took = time.monotonic() - start
        for name in names:
            report(name, result[name] if isinstance(result, dict) else result, took)
    await t.tidy()
    if t.line:
        t.line.close()
    if t.connection:
        t.connection.close()


def main(args):
    options = parse(args)
    if options.list:
        for names, function in checks.CHECKS:
            for name, text in zip(names, " ".join(function.__doc__.split()).split(" | ")):
                print("%-16s %s" % (name, text))
        return 0
    if options.http2:
        try:
            import h2
        except ImportError:
            print("check.py: --http2 needs the Python module h2 (Debian: python3-h2, for"
                  " /usr/bin/python3)", file=sys.stderr)
            return 77
    results = []

    def report(name, result, seconds):
        word = {Wrong: "FAILED", Skip: "skipped"}.get(type(result), "ok")
        print("%-7s %-16s %s" % (word, name, result), flush=True)
        results.append({"name": name, "result": word, "text": str(result), "seconds": seconds})

    try:
        asyncio.run(run(options, report))
    except ValueError as e:
        print("check.py: %s" % e, file=sys.stderr)
        return 2
    counts = [sum(r["result"] == w for r in results) for w in ("ok", "FAILED", "skipped")]
    print("%d passed, %d failed, %d skipped" % tuple(counts))
    if options.json:
        with open(options.json, "w") as f:
            json.dump({"url": options.url, "http2": options.http2, "seed": options.seed,
                       "checks": results}, f, indent=1)
    return 1 if counts[1] or not counts[0] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
