#!/usr/bin/env python3
"""The table of examples/languages/README.md: lines of code, and what a call costs in each language.

    table.py lines                              fails where the lines in the table are not those of the
                                                files
    table.py cost REFERENCE LIBRARY FOLDER      measures; FOLDER is where run.py has built
    ... --write                                 writes what it finds into the table

Lines are counted by cloc: without comments and blank lines. A call is measured by the command bench of
the probe (README.md), each language between two measurements of the reference; the figure is its time by
the mean of those two."""

import json
import os
import re
import shutil
import subprocess
import sys

from languages import LANGUAGES, TOP, Run

README = os.path.join(TOP, "examples", "languages", "README.md")
KINDS = ("encode", "send", "publish")
SECONDS = 0.3


def rows(page):
    """The rows of the table by language, as lists of cells."""
    found = {}
    for line in re.findall(r"^\| `\w+` .*\|$", page, re.M):
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        found[cells[0].strip("`")] = line, cells
    return found


def code_lines(paths):
    made = subprocess.run(["cloc", "--json", "--by-file", "--quiet", *paths], stdout=subprocess.PIPE, check=True)
    counts = json.loads(made.stdout)
    missing = [path for path in paths if path not in counts]
    if missing:
        sys.exit("cloc does not count %s" % ", ".join(missing))
    return sum(counts[path]["code"] for path in paths)


def lines(_, language, name):
    """Of the module, and of the servers: 118; 96, 101."""
    folder = os.path.join(TOP, "examples", "languages", language.folder or name)
    module, servers = ([os.path.join(folder, file) for file in files] for files in language.files)
    return ["%d; %s" % (code_lines(module), ", ".join(str(code_lines([path])) for path in servers))]


def measure(one, command, kind):
    """Nanoseconds for one call, over at least SECONDS, after four times as many to warm up."""
    times = 30000
    while True:
        answer = one.ask(command, ["bench %s %d" % (kind, times)] * 5)[0][-1]
        if not re.fullmatch(r"ok \d+(\.\d+)?", answer):
            sys.exit("%s: bench %s was answered %s" % (one.name, kind, answer))
        each = float(answer.split()[1])
        if each * times >= SECONDS * 1e9:
            return each
        times = max(2 * times, int(SECONDS * 1.3e9 / max(each, 0.1)))


def cost(args, language, name):
    reference, library, folder = args
    os.chdir(folder)
    one = Run(name, library)
    cells = []
    for kind in KINDS:
        before = measure(one, [reference], kind)
        mine = measure(one, language.probe, kind)
        c = (before + measure(one, [reference], kind)) / 2
        cells.append("%.2g" % (mine / c) if mine / c < 10 else "%.0f" % (mine / c))
        print("%-12s %-8s %10.1f ns, C %.1f ns" % (name, kind, mine, c), flush=True)
    return cells


def main(args):
    write = "--write" in args
    what, *args = [a for a in args if a != "--write"]
    args = [os.path.abspath(a) for a in args]
    with open(README, encoding="utf-8") as f:
        page = made = f.read()
    if what == "lines" and not shutil.which("cloc"):
        print("skipped: there is no cloc (Debian: cloc)")
        return 77
    wrong = 0
    for name, language in sorted(LANGUAGES.items()):
        row, cells = rows(page).get(name, (None, None))
        found = (lines if what == "lines" else cost)(args, language, name)
        if row is None:
            print("%s has no row in the table" % name)
            wrong += 1
            continue
        first = 1 if what == "lines" else 2
        cells[first:first + len(found)] = found
        made = made.replace(row, "| %s |" % " | ".join(cells))
    if write:
        with open(README, "w", encoding="utf-8") as f:
            f.write(made)
    elif what == "lines" and made != page:
        print("the lines in the table are not these: table.py lines --write")
        wrong += 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
