"""The library, the programs that test it, and what becomes of a mutant."""
import glob
import hashlib
import json
import os
import re
import shutil
import subprocess
import time
from multiprocessing.pool import ThreadPool

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CC = os.environ.get("CC", "cc")
CFLAGS = ["-std=c99", "-w", "-O1", "-I" + os.path.join(TOP, "include")]
LIBRARY = "libsse.so"


def quietly(command, **more):
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          **more).returncode == 0


def do(command):
    subprocess.run(command, check=True)


def output(command):
    return subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout


def contents(path):
    with open(path, "rb") as file:
        return file.read()


def has_cmocka():
    return quietly([CC, "-shared", "-o", os.devnull, "-lcmocka"])


def digest(*parts):
    total = hashlib.sha256()
    for part in parts:
        total.update((part if isinstance(part, bytes) else part.encode()) + b"\0")
    return total.hexdigest()


def found(*parts):
    return sorted(glob.glob(os.path.join(TOP, *parts)))


def object_in(folder, source):
    return os.path.join(folder, os.path.basename(source)[:-2] + ".o")


def passes(program, folder, seconds):
    """Whether a program passes with the library in a folder, and in this much processor time."""
    limited = ["sh", "-c", 'ulimit -c 0 && ulimit -t "$0" && exec "$1"', str(seconds), program]
    try:
        return quietly(limited, cwd=folder, timeout=20 * seconds + 60,
                       env={**os.environ, "LD_LIBRARY_PATH": folder})
    except subprocess.TimeoutExpired:
        return False


def timed(program, folder):
    """How many seconds a program takes that has to pass."""
    start = time.monotonic()
    if not passes(program, folder, 60):
        raise RuntimeError("%s fails without a change" % os.path.basename(program))
    return time.monotonic() - start


class Way:
    """A way to compile the library, and what it makes of it unchanged."""

    def __init__(self, name, flags, folder, sources):
        self.name, self.folder = name, os.path.join(folder, name)
        self.cc = ["tcc" if name == "quick" else CC, *CFLAGS, "-fPIC", *flags]
        self.cache = {}
        os.makedirs(self.folder, exist_ok=True)
        for source in sources:
            do([*self.cc, "-c", source, "-o", object_in(self.folder, source)])
        self.digest = self.link([object_in(self.folder, s) for s in sources], self.folder)

    def link(self, objects, folder):
        """Make the library; tell what is in it."""
        path = os.path.join(folder, LIBRARY)
        do([self.cc[0], "-shared", "-s", "-Wl,-soname," + LIBRARY, "-o", path, *objects])
        return digest(contents(path))

    def compiles(self, source, line, file):
        """Whether a line of a file is code in this way, when that source is compiled."""
        if (source, file) not in self.cache:
            self.cache[source, file] = self.code(source, file)
        return line in self.cache[source, file]

    def code(self, source, file):
        lines, at, inside = set(), 0, False
        for line in output([*self.cc, "-E", source]).split("\n"):
            mark = re.match(r'# (\d+) "(.*)"', line)
            if mark:
                at, inside = int(mark.group(1)), os.path.basename(mark.group(2)) == file
            else:
                if inside and line.strip():
                    lines.add(at)
                at += 1
        return lines


class Library:
    """All that mutants are tried with. Made once, and read from then on."""

    def __init__(self, work, jobs, tests):
        self.tests_of, self.work = tests, os.path.abspath(work)
        self.sources = found("src", "*.c")
        headers = found("src", "*.h") + found("include", "sse", "*.h")
        self.state = digest(*CFLAGS, *map(contents, self.sources + headers))
        about = contents("/proc/cpuinfo") if os.path.exists("/proc/cpuinfo") else b""
        avx2 = {"avx2": ["-mavx2"]} if b" avx2 " in about else {}
        self.ways = [Way(name, flags, self.work, self.sources) for name, flags in
                     {"plain": [], "words": ["-DSSE_PORTABLE"], "small": ["-Os"], **avx2}.items()]
        self.quick = shutil.which("tcc") and Way("quick", [], self.work, self.sources)
        self.users = self.find_users()
        self.programs = {os.path.basename(t)[5:-2]: os.path.join(self.work, "programs",
                                                                 os.path.basename(t)[:-2])
                         for t in found("tests", "test_*.c")}
        self.seconds = self.build_programs(jobs)
        self.marks = {name: digest(contents(p)) for name, p in self.programs.items()}

    def find_users(self):
        """Which sources a file is compiled into."""
        users = {os.path.basename(s): [s] for s in self.sources}
        for source in self.sources:
            for name in output([CC, *CFLAGS, "-MM", source]).split():
                if name.endswith(".h"):
                    users.setdefault(os.path.basename(name), []).append(source)
        return users

    def build_programs(self, jobs):
        """Build the tests, unless they are there, and run each. Returns how long each takes."""
        folder = os.path.join(self.work, "programs")
        support = found("tests", "support", "*.c") + found("tests", "vectors", "*.c")
        tests = found("tests", "test_*.c")
        state = digest(self.state, *map(contents, tests + support + found("tests", "*", "*.h")))
        path = os.path.join(folder, "built.json")
        if os.path.exists(path):
            built, seconds = json.loads(contents(path))
            if built == state:
                return seconds
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        cc = [CC, *CFLAGS, "-D_GNU_SOURCE", *["-I" + os.path.join(TOP, "tests", part)
                                             for part in ("support", "vectors")]]
        archive = os.path.join(folder, "support.a")
        plain = self.ways[0].folder
        with ThreadPool(jobs) as pool:
            pool.map(do, [cc + ["-c", s, "-o", object_in(folder, s)] for s in support])
            do(["ar", "rcs", archive, *[object_in(folder, s) for s in support]])
            pool.map(do, [cc + [t, archive, os.path.join(plain, LIBRARY), "-lcmocka", "-o", p]
                          for t, p in zip(tests, self.programs.values())])
            times = pool.starmap(timed, [(p, plain) for p in self.programs.values()])
        seconds = dict(zip(self.programs, times))
        with open(path, "w") as file:
            json.dump([state, seconds], file)
        return seconds

    def tests(self, file):
        """The tests of a file, the quickest first."""
        words = self.tests_of[file].split()
        return [name for name in sorted(self.programs, key=self.seconds.get)
                if any(word in name for word in words)]

    def ways_of(self, file):
        """What looks at many bytes at once is compiled in all ways."""
        wide = set(self.users["word.h"]) & set(self.users[file])
        return self.ways if wide else self.ways[:1]


class Trial:
    """Where one thread tries mutants: a copy of src/."""

    def __init__(self, library, folder):
        self.library, self.folder = library, folder
        self.kills = {}
        self.sound = {}
        shutil.copytree(os.path.join(TOP, "src"), folder)

    def verdict(self, mutant):
        """killed NAME; survives; same (as the library); no program; not compiled."""
        path = os.path.join(self.folder, mutant.file)
        original = contents(path)
        try:
            with open(path, "w") as file:
                file.write(mutant.text)
            line = original.decode().split("\n")[mutant.line - 1]
            return self.judge(mutant, line.startswith("#"))
        finally:
            with open(path, "wb") as file:
                file.write(original)

    def judge(self, mutant, is_macro):
        library, file = self.library, mutant.file
        ways = library.ways_of(file)
        passed = set()  # the tests that pass
        if library.quick:
            result = self.test(library.quick, file, passed)
            if result not in ("same", "survives"):
                return result
        results = set()
        for way in ways:
            if is_macro or way.compiles(library.users[file][0], mutant.line, file):
                result = self.test(way, file, passed if len(ways) == 1 else set())
                if result not in ("same", "survives"):
                    return result
                results.add(result)
        return max(results, default="not compiled")

    def test(self, way, file, passed):
        """Try a changed file, compiled in a way, with the tests that have not passed."""
        library = self.library
        objects = {s: object_in(way.folder, s) for s in library.sources}
        for source in library.users[file]:
            objects[source] = object_in(self.folder, source)
            if not quietly([*way.cc, "-c", os.path.join(self.folder, os.path.basename(source)),
                            "-o", objects[source]]):
                return "no program"
        if way.link(objects.values(), self.folder) == way.digest:
            return "same"
        kills = self.kills.setdefault(file, {})
        for name in sorted(library.tests(file), key=lambda n: -kills.get(n, 0)):
            seconds = library.seconds[name]
            if name in passed:
                continue
            if passes(library.programs[name], self.folder, int(2 + 10 * seconds)):
                passed.add(name)
            elif self.is_sound(way, name):
                kills[name] = kills.get(name, 0) + 1 / (0.01 + seconds)
                return "killed " + name
        return "survives"

    def is_sound(self, way, name):
        """Whether a test passes without a change, compiled in this way."""
        if (way, name) not in self.sound:
            self.sound[way, name] = passes(self.library.programs[name], way.folder, 60)
        return self.sound[way, name]
