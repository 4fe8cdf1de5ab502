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
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(TOP, "tests", "servers"))

import run as servers


class Language:
    """How a language is built and run. In each command: {here} is its folder of examples/languages,
    {tests} this folder, {include} that of the headers, {library} the shared library, {folder} where
    that is, {out} where everything is built and the commands run."""

    def __init__(self, needs, probe, format, servers, build=(), folder=None, env=None, gc_probe=None,
                 gc_env=None, check=None, keeps=False, asan=False):
        self.needs = needs  # programs, and files by their path: the Debian package of each, or a command
        self.build, self.probe, self.format, self.servers = build, probe, format, servers
        self.folder = folder  # in examples/languages; None: the name of the language
        self.env = env or {}
        self.gc_probe, self.gc_env = gc_probe or [*probe, "--gc"], gc_env or {}
        self.check = check or {}  # by server: options of check.py
        self.keeps = keeps  # the channel holds on to a client that the program has forgotten
        self.asan = asan  # the probe also runs with a library under AddressSanitizer


# fmt: off
CXX = ["g++", "-std=c++17", "-O2", "-Wall", "-Wextra", "-Wconversion", "-Wsign-conversion", "-Wshadow",
       "-Wpedantic", "-Werror", "-DNDEBUG", "-I{include}"]
LSSE = ["-L{folder}", "-lsse"]
RUSTC = ["/usr/bin/rustc", "--edition", "2021", "-O", "-D", "warnings", "-L", "native={folder}"]
JDK = {"java": "openjdk-17-jre-headless", "javac": "openjdk-17-jdk-headless"}


def java(variant):
    """The module is the same; how it calls the library is not."""
    return dict(
        folder="java",
        build=[["sh", "{here}/build.sh", variant, "{out}", "{tests}/Probe.java"]],
        probe=["java", "@{out}/options", "Probe"],
        gc_probe=["java", "@{out}/options", "-Xmx64m", "-XX:+UseSerialGC", "Probe", "--gc"],
        gc_env={"MALLOC_PERTURB_": "165"},  # what is freed is overwritten
        format=["sh", "-c", "java @{out}/options -ea FormatTest && java @{out}/options -ea SseTest"],
        # A heap of one size, touched as a whole: the process does not grow with garbage. A compiler that is
        # done soon: it is not what is measured after a burst of events.
        servers={"server": ["java", "@{out}/options", "-Xms48m", "-Xmx48m", "-XX:+AlwaysPreTouch", "-XX:+UseSerialGC",
                            "-XX:TieredStopAtLevel=1", "Server"]},
        keeps=True,
        asan=True,
    )


LANGUAGES = {
    "cpp": Language(
        needs={"g++": "g++", "/usr/include/httplib.h": "libcpp-httplib-dev",
               "/usr/include/openssl/ssl.h": "libssl-dev", "pkg-config": "pkg-config"},
        build=[CXX + ["{tests}/probe.cpp", "-o", "probe"] + LSSE,
               ["sh", "-c", '"$@" $(pkg-config --cflags --libs cpp-httplib) -pthread', "sh"] + CXX
               + ["{here}/server.cpp", "-o", "server"] + LSSE,
               CXX + ["{here}/test_format.cpp", "-o", "test_format"] + LSSE],
        probe=["{out}/probe"],
        gc_env={"MALLOC_PERTURB_": "165"},  # what is freed is overwritten
        format=["{out}/test_format"],
        servers={"server": ["{out}/server"]},
        asan=True,
    ),
    "csharp": Language(
        needs={"mcs": "mono-mcs", "mono": "mono-runtime",
               "/usr/lib/mono/4.5/System.Core.dll": "libmono-system-core4.0-cil",
               "/usr/lib/mono/4.5/Mono.Posix.dll": "libmono-posix4.0-cil"},
        build=[["mcs", "-langversion:latest", "-warn:4", "-warnaserror", "-o+", "-r:Mono.Posix", "-out:" + out,
                source, "{here}/Sse.cs"]
               for out, source in (("probe.exe", "{tests}/probe.cs"), ("format.exe", "{here}/FormatTest.cs"),
                                   ("server.exe", "{here}/Server.cs"))]
              + [["mono", "{out}/probe.exe", "--waits"]],
        probe=["mono", "{out}/probe.exe"],
        # mono aborts in this mode where the nursery is small.
        gc_env={"MONO_GC_DEBUG": "collect-before-allocs", "MONO_GC_PARAMS": "nursery-size=4m"},
        format=["mono", "{out}/format.exe"],
        servers={"server": ["mono", "{out}/server.exe"]},
        env={"MONO_GC_PARAMS": "nursery-size=512k"},  # the usual 4 MiB are more than a server may grow by
        keeps=True,
        asan=True,
    ),
    "go": Language(
        needs={"go": "golang-go", "gofmt": "golang-go", "gcc": "gcc"},
        env={"GOCACHE": "{out}/cache", "GOFLAGS": "-buildvcs=false", "GOPROXY": "off", "CGO_CFLAGS": "-O2 -I{include}",
             "CGO_LDFLAGS": "-L{folder}"},
        build=[["sh", "-c", "cd {here} && ! gofmt -d . {tests}/probe.go | grep . && go vet ./... && go vet {tests}/probe.go"
                            " && go build -o {out}/server ./server && go build -o {out}/probe {tests}/probe.go"]],
        probe=["{out}/probe"],
        gc_env={"GOGC": "1", "GODEBUG": "cgocheck=2,clobberfree=1", "MALLOC_PERTURB_": "165"},
        format=["sh", "-c", "cd {here} && go test ./..."],
        servers={"server": ["{out}/server"]},
        keeps=True,
        asan=True,
    ),
    "java_jna": Language(
        needs={**JDK, "/usr/share/java/jna.jar": "libjna-java"}, **java("jna")),
    "java_panama": Language(needs=JDK, **java("panama")),
    "luajit": Language(
        needs={"luajit": "luajit", "/usr/lib/x86_64-linux-gnu/lua/5.1/luv.so": "lua-luv"},
        env={"LUA_PATH": "{here}/?.lua;;"},
        build=[["luajit", "{tests}/headers.lua", "{here}/../declarations.sed", "{include}", "{here}/sse.lua"]],
        probe=["luajit", "{tests}/probe.lua"],
        format=["luajit", "{here}/test_format.lua"],
        servers={"server": ["luajit", "{here}/server.lua"]},
        asan=True,
    ),
    "nim": Language(
        needs={"nim": "nim", "gcc": "gcc"},
        build=[["nim", "c", "--hints:off", "--path:{here}", *options, "--nimcache:{out}/cache_" + out,
                "-o:{out}/" + out, source]
               for out, source, *options in (
                   ("probe", "{tests}/probe.nim", "--gc:orc", "-d:release"),
                   ("probe_refc", "{tests}/probe.nim", "--gc:refc"),
                   ("tformat", "{here}/tformat.nim"),
                   ("server", "{here}/server.nim"))]
              + [["{out}/probe", "--waits"], ["{out}/probe_refc", "--waits"]],
        probe=["{out}/probe"],
        gc_probe=["{out}/probe_refc", "--gc"],  # with all checks
        format=["{out}/tformat"],
        servers={"server": ["{out}/server"]},
        keeps=True,
        asan=True,
    ),
    "node": Language(
        needs={"node": "nodejs", "{tests}/../e2e/node_modules/koffi": "npm install --prefix tests/e2e"},
        # A module finds others in the folder node_modules beside it.
        build=[["ln", "-sfn", "{tests}/../e2e/node_modules", "node_modules"],
               ["cp", "{here}/package.json", "{here}/sse.mjs", "{here}/server.mjs", "{here}/format.test.mjs",
                "{tests}/probe.mjs", "."]],
        probe=["node", "{out}/probe.mjs", "sse.mjs"],
        gc_probe=["node", "--expose-gc", "--stress-compaction", "{out}/probe.mjs", "sse.mjs", "--gc"],
        format=["node", "--test", "{out}/format.test.mjs"],
        # The usual 16 MiB for new objects are more than a server may grow by.
        servers={"server": ["node", "--max-semi-space-size=1", "{out}/server.mjs"]},
        keeps=True,
        asan=True,
    ),
    "perl": Language(
        needs={"perl": "perl", "/usr/share/perl5/Mojolicious.pm": "libmojolicious-perl",
               "/usr/lib/x86_64-linux-gnu/perl5/5.36/FFI/Platypus.pm": "libffi-platypus-perl"},
        probe=["perl", "-I", "{here}", "{tests}/probe.pl"],
        gc_env={"MALLOC_PERTURB_": "165"},  # what is freed is overwritten
        format=["prove", "-I{here}", "{here}/test_format.t"],
        servers={"server": ["perl", "-I", "{here}", "{here}/server.pl"]},
        asan=True,
    ),
    "php": Language(
        needs={"php": "php-cli"},
        probe=["php", "{tests}/probe.php"],
        format=["php", "-d", "zend.assertions=1", "{here}/test_format.php"],
        servers={"server": ["php", "{here}/server.php"]},
        # Without asan: PHP loads its extensions with RTLD_DEEPBIND, which the sanitizer refuses.
    ),
    "python": Language(
        needs={"python3": "python3"},
        env={"PYTHONPATH": "{here}:{tests}", "PYTHONDONTWRITEBYTECODE": "1"},
        probe=["python3", "{tests}/probe.py"],
        format=["python3", "-m", "unittest", "test_format", "test_python"],
        servers={"server": ["python3", "{here}/server.py"],
                 "server_asyncio": ["python3", "{here}/server_asyncio.py"]},
        keeps=True,  # until it leaves: a client is used with "with"
        asan=True,
    ),
    "ruby": Language(
        needs={"ruby": "ruby", "puma": "puma"},
        probe=["ruby", "-I", "{here}", "{tests}/probe.rb"],
        format=["ruby", "{here}/test_format.rb"],
        servers={"server": ["ruby", "{here}/server.rb"]},
        check={"server": ["--no-memory"]},  # Ruby collects garbage when there are 16 MiB of it and more
        keeps=True,
        asan=True,
    ),
    "rust": Language(
        needs={"/usr/bin/rustc": "rustc"},
        build=[RUSTC + ["{tests}/probe.rs"], RUSTC + ["{here}/server.rs"],
               RUSTC + ["--test", "{here}/test_format.rs"]],
        probe=["{out}/probe"],
        gc_env={"MALLOC_PERTURB_": "165"},  # what is freed is overwritten
        format=["{out}/test_format"],
        servers={"server": ["{out}/server"]},
        asan=True,
    ),
    "wasm": Language(
        needs={"node": "nodejs"},
        build=[["sh", "{here}/build.sh", "{out}"]],  # which says what it needs
        # The arenas that malloc has for each thread of Node.js grow one after the other, in the server.
        env={"SSE_WASM": "{out}/sse.wasm", "MALLOC_ARENA_MAX": "1"},
        probe=["node", "{tests}/probe.mjs", "{here}/node.mjs"],
        gc_probe=["node", "--expose-gc", "--stress-compaction", "{tests}/probe.mjs", "{here}/node.mjs", "--gc"],
        format=["node", "--expose-gc", "--test", "{here}/format.test.mjs", "{tests}/wasm_module.mjs"],
        # The usual 16 MiB for new objects are more than a server may grow by.
        servers={"server": ["node", "--max-semi-space-size=1", "{here}/server.mjs"]},
        keeps=True,
    ),
}
# fmt: on


class Missing(Exception):
    """What a language needs, and is not here."""


class Wrong(Exception):
    pass


class Run:
    """A language with the paths filled in."""

    def __init__(self, name, library):
        self.language, self.name = LANGUAGES[name], name
        folder = os.path.dirname(os.path.abspath(library))
        self.paths = {
            "here": os.path.join(TOP, "examples", "languages", self.language.folder or name),
            "tests": HERE, "include": os.path.join(TOP, "include"),
            "library": os.path.abspath(library), "folder": folder, "out": os.path.abspath(name),
        }
        # The soname, as a system that has the library installed would find it.
        self.env = {**os.environ, "SSE_LIBRARY": os.path.abspath(library), "LD_LIBRARY_PATH": folder,
                    **self.fill(self.language.env)}
        for program, package in self.fill(self.language.needs).items():
            if not (os.path.exists(program) if "/" in program else shutil.which(program)):
                raise Missing("there is no %s (%s)" % (program, package))
        os.makedirs(name, exist_ok=True)

    def fill(self, it):
        if isinstance(it, str):
            return re.sub(r"\{(\w+)\}", lambda m: self.paths[m.group(1)], it)
        if isinstance(it, dict):
            return {self.fill(k): self.fill(v) for k, v in it.items()}
        return [self.fill(part) for part in it]

    def call(self, command):
        command = self.fill(command)
        done = subprocess.run(command, cwd=self.paths["out"], env=self.env, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        if done.returncode == 77:
            raise Missing(done.stdout.decode().strip())
        if done.returncode != 0:
            raise Wrong("%s\n%s" % (" ".join(command), done.stdout.decode(errors="replace")))
        return done.stdout.decode(errors="replace")

    def ask(self, command, lines, env=None):
        """The answers of a probe."""
        done = subprocess.run(self.fill(command), cwd=self.paths["out"],
                              env={**self.env, **self.fill(env or {})}, input="\n".join(lines) + "\n",
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
                              errors="replace")
        answers = done.stdout.splitlines()
        if done.returncode != 0 or len(answers) != len(lines):
            at = min(len(answers), len(lines) - 1)
            raise Wrong("the probe ended with %d at line %d: %s\n%s"
                        % (done.returncode, at + 1, lines[at][:200], done.stderr[-8000:]))
        return answers, done.stderr


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


def scripts(vectors):
    made = subprocess.run([vectors], stdout=subprocess.PIPE, check=True, encoding="ascii").stdout
    parts = {"vectors": made.splitlines(), "scenario": read_scenario(), "at random": wander(1, 2000)}
    for name, lines in parts.items():
        if len(lines) < 100:
            raise Wrong("there are just %d lines of %s" % (len(lines), name))
    return parts


class Checks:
    def __init__(self, run, reference, vectors):
        self.run, self.reference, self.vectors = run, os.path.abspath(reference), os.path.abspath(vectors)
        self.library = run.paths["library"]

    def compare(self, command, env=None):
        """A probe answers as the reference does; gives how many commands that were."""
        total = 0
        for name, lines in scripts(self.vectors).items():
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
        for command in language.build:
            self.run.call(command)
        print("built")
        print(self.run.call(language.format).strip()[-2000:])
        print("%d commands, answered as in C" % self.compare(language.probe), flush=True)
        print("%d commands with a collection around each" % self.compare(language.gc_probe, language.gc_env))

    def address(self):
        language = self.run.language
        if not language.asan:
            raise Missing("%s does not run under AddressSanitizer" % self.run.name)
        found = subprocess.run(["gcc", "-print-file-name=libasan.so"], stdout=subprocess.PIPE).stdout
        env = {"LD_PRELOAD": found.decode().strip(), "ASAN_OPTIONS": "detect_leaks=0"}
        print("%d commands under AddressSanitizer" % self.compare(language.probe, env))

    def server(self, name):
        run = self.run

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
