#!/usr/bin/env python3
"""Change the library in small ways, one at a time, and see that a test fails each time.

Operators, constants, conditions, results and statements of src/ are changed in a copy, which is
compiled; then the unit tests of that part of the library run, until one fails: that mutant is
killed. Those that compile to the same library are none, nor are those that do not compile.

equivalent.txt names the mutants that no test can tell from the library, and says why. It is an
error to name one that is killed or does not exist; so is a survivor that is not named, and a run
that has killed none.

What is killed is noted in the work folder, and not tried again while the library and the program
that killed it stay the same: a run that was stopped goes on where it was.

Code that looks at many bytes at once is compiled in several ways, and a mutant lives if it lives in
each of them. What none of them compiles, NEON, is counted as that.
"""
import argparse
import os
import queue
import random
import signal
import sys
import tempfile
from multiprocessing.pool import ThreadPool

sys.dont_write_bytecode = True  # the tree stays as it is
from library import TOP, Library, Trial, digest, has_cmocka
from mutants import mutants_of

NAMED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "equivalent.txt")

# Who tests a file: the tests whose names have one of these words.
ENCODER = "event lines text refusal exhaust vectors writer_"
FANOUT = "channel subscriber"
TESTS = {
    "version.c": "version", "status.c": "status", "heartbeat.c": "heartbeat",
    "text.c": "text refusal", "text_repair.c": "text",
    "event.c": ENCODER, "lines.c": ENCODER, "lines.h": ENCODER,
    "word.h": ENCODER, "vector.h": ENCODER, "encode.h": ENCODER,
    "out.c": ENCODER + " history", "out.h": ENCODER + " history", "chunk.h": "writer history",
    "event_parts.c": "event", "writer.c": "writer", "writer_parts.c": "writer",
    "writer_read.c": "writer", "queue.c": "writer queue", "queue.h": "writer queue",
    "queue_front.c": "queue subscriber", "str.h": "event http history", "assert.h": "version",
    "digits.c": ENCODER, "digits.h": ENCODER, "last_id.h": "http", "query.h": "http",
    "ascii.c": "http", "ascii.h": "http", "http_answer.c": "http", "http_answer.h": "http",
    "http_head.c": "http", "http_send.c": "http", "http_parts.c": "http",
    "http_accept.c": "http", "http_resume.c": "http", "query.c": "http",
    "last_id.c": "http", "retry.c": "retry",
    "history.c": "history", "history_header.c": "history", "history_index.c": "history",
    "history_open.c": "history", "history_layout.h": "history", "digits64.c": "history",
    "list.h": FANOUT, "timers.c": FANOUT, "timers.h": FANOUT, "fanout.h": FANOUT,
    "reader.c": FANOUT, "reader.h": FANOUT, "notice.c": FANOUT, "notice.h": FANOUT,
    "offer.c": FANOUT, "offer.h": FANOUT, "subscriber.c": FANOUT, "subscriber_join.c": FANOUT, "subscriber_take.c": FANOUT,
    "channel.c": FANOUT, "channel_time.c": FANOUT,
}


def read_mutants(files):
    mutants = []
    for file in files:
        with open(os.path.join(TOP, "src", file)) as source:
            mutants += mutants_of(file, source.read())
    return mutants


def read_named():
    """What equivalent.txt has: {what a mutant is called: why it is equivalent}."""
    named = {}
    with open(NAMED) as file:
        for number, line in enumerate(file, 1):
            if line.strip() and not line.startswith("#"):
                fields = line.rstrip("\n").split(" :: ")
                if len(fields) != 5 or not fields[4].strip():
                    sys.exit("equivalent.txt, line %d: not 5 fields" % number)
                named[" :: ".join(fields[:4])] = fields[4]
    return named


class Notes:
    """What was found before: a line for each mutant, and the mark of the program that killed it."""

    def __init__(self, library):
        self.library, self.known = library, {}
        path = os.path.join(library.work, "found.txt")
        if os.path.exists(path):
            with open(path) as file:
                for line in file:
                    name, mark, verdict = line.rstrip("\n").split(" ", 2)
                    self.known[name] = mark, verdict
        self.file = open(path, "a", buffering=1)

    def name(self, mutant):
        return digest(self.library.state, mutant.file, mutant.text)

    def mark(self, verdict):
        return self.library.marks.get(verdict.partition(" ")[2], "-")

    def recall(self, mutant):
        mark, verdict = self.known.get(self.name(mutant), (None, ""))
        return verdict if mark == self.mark(verdict) else None

    def keep(self, mutant, verdict):
        if verdict != "survives":
            self.file.write("%s %s %s\n" % (self.name(mutant), self.mark(verdict), verdict))


class Score:
    def __init__(self, named):
        self.named, self.counts, self.wrong = named, {}, []

    def add(self, mutant, verdict):
        kind = "killed" if verdict.startswith("killed") else verdict
        if verdict == "survives" and mutant.key in self.named:
            kind = "equivalent"
        elif verdict == "survives":
            print("%s:%d survives: %s" % (mutant.file, mutant.line, mutant.key), flush=True)
        elif mutant.key in self.named:
            self.wrong.append("named, and %s: %s" % (verdict, mutant.key))
        self.counts[kind] = self.counts.get(kind, 0) + 1

    def tell(self):
        """Print what was found. Returns the exit status."""
        for complaint in self.wrong:
            print(complaint)
        print(", ".join("%s: %d" % count for count in sorted(self.counts.items())))
        killed, alive = self.counts.get("killed", 0), self.counts.get("survives", 0)
        if killed == 0:
            print("none was killed: nothing was measured")
            return 1
        print("score: %.2f %%, %d of %d" % (100 * killed / (killed + alive), killed,
                                            killed + alive))
        return 1 if alive or self.wrong else 0


def try_all(mutants, library, jobs, score):
    notes = Notes(library)
    rest = []
    for mutant in mutants:
        verdict = notes.recall(mutant)
        if verdict:
            score.add(mutant, verdict)
        else:
            rest.append(mutant)
    memory = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(dir=memory, ignore_cleanup_errors=True) as folder:
        trials = queue.SimpleQueue()  # of those that are free
        for number in range(jobs):
            trials.put(Trial(library, os.path.join(folder, str(number))))

        def judge(mutant):
            trial = trials.get()
            verdict = trial.verdict(mutant)
            trials.put(trial)
            return mutant, verdict
        with ThreadPool(jobs) as pool:
            for mutant, verdict in pool.imap_unordered(judge, rest):
                notes.keep(mutant, verdict)
                score.add(mutant, verdict)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time (2)")
    parser.add_argument("--unnamed", action="store_true",
                        help="try those alone that are not named in equivalent.txt")
    parser.add_argument("--sample", type=int, metavar="N", help="try N of these, always the same")
    parser.add_argument("--list", action="store_true", help="list them, and try none")
    parser.add_argument("--work", default=os.path.join(tempfile.gettempdir(), "sse-mutation"),
                        help="the work folder, for one run at a time (%(default)s)")
    parser.add_argument("files", nargs="*", metavar="FILE", help="of src/; none: all")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # which removes the copies

    files = arguments.files or sorted(os.listdir(os.path.join(TOP, "src")))
    files = [file for file in files if file.endswith((".c", ".h"))]
    mutants = read_mutants(files)
    if arguments.list:
        for mutant in mutants:
            print(mutant.key)
        print("mutants: %d" % len(mutants))
        return 0

    strange = {mutant.file for mutant in mutants} - set(TESTS)
    if strange:
        sys.exit("it is not said who tests " + ", ".join(strange))
    named = read_named()
    score = Score(named)
    keys = {mutant.key for mutant in mutants}
    score.wrong = ["named, and does not exist: " + key for key in named
                   if key.split(" :: ")[0] not in TESTS or (
                       key.split(" :: ")[0] in files and key not in keys)]
    if arguments.unnamed or arguments.sample:
        mutants = [mutant for mutant in mutants if mutant.key not in named]
    if arguments.sample:
        mutants = random.Random(1).sample(mutants, min(arguments.sample, len(mutants)))
    if not has_cmocka():
        print("skipped: there is no cmocka (Debian: libcmocka-dev)")
        return 77
    library = Library(arguments.work, arguments.jobs, TESTS)
    try_all(mutants, library, arguments.jobs, score)
    return score.tell()


if __name__ == "__main__":
    sys.exit(main())
