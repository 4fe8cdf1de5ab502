"""How each language of examples/languages is built and run: the table LANGUAGES; and a Run of one."""

import glob
import os
import re
import shutil
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))


class Language:
    """How a language is built and run. In each command: {here} is its folder of examples/languages,
    {tests} this folder, {include} that of the headers, {library} the shared library, {folder} where
    that is, {out} where everything is built and the commands run."""

    def __init__(self, files, needs, probe, format, servers, build=(), folder=None, env=None, gc_probe=None,
                 gc_env=None, check=None, keeps=False, asan=False):
        self.files = files  # in its folder: those of the module, and those of the servers
        self.needs = needs  # programs, and files as patterns: the Debian package of each, or a command
        self.build, self.probe, self.format, self.servers = build, probe, format, servers
        self.folder = folder  # in examples/languages; None: the name of the language
        self.env = env or {}
        self.gc_probe, self.gc_env = gc_probe or [*probe, "--gc"], gc_env or {}
        self.check = check or {}  # by server: options of check.py
        self.keeps = keeps  # the channel holds on to a client that the program has forgotten
        self.asan = asan  # the probe also runs with a library under AddressSanitizer


CXX = ["g++", "-std=c++17", "-O2", "-Wall", "-Wextra", "-Wconversion", "-Wsign-conversion", "-Wshadow",
       "-Wpedantic", "-Werror", "-DNDEBUG", "-I{include}"]
LSSE = ["-L{folder}", "-lsse"]
RUSTC = ["/usr/bin/rustc", "--edition", "2021", "-O", "-D", "warnings", "-L", "native={folder}"]
JDK = {"java": "openjdk-17-jre-headless", "javac": "openjdk-17-jdk-headless"}


def java(variant, *backend):
    """The module is the same; how it calls the library is not."""
    return dict(
        folder="java",
        files=(["sse/Sse.java", "sse/LibSse.java", *backend], ["Server.java"]),
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
        files=(["sse.hpp"], ["server.cpp"]),
        needs={"g++": "g++", "/usr/include/httplib.h": "libcpp-httplib-dev",
               "/usr/include/openssl/ssl.h": "libssl-dev", "pkg-config": "pkg-config"},
        build=[CXX + ["{tests}/probe.cpp", "-o", "probe"] + LSSE,
               ["sh", "-c", '"$@" $(pkg-config --cflags --libs cpp-httplib) -pthread', "sh"] + CXX
               + ["{here}/server.cpp", "-o", "server"] + LSSE,
               CXX + ["{here}/test_format.cpp", "-o", "test_format"] + LSSE,
               ["{out}/probe", "--waits"]],
        probe=["{out}/probe"],
        gc_env={"MALLOC_PERTURB_": "165"},  # what is freed is overwritten
        format=["{out}/test_format"],
        servers={"server": ["{out}/server"]},
        asan=True,
    ),
    "csharp": Language(
        files=(["Sse.cs"], ["Server.cs"]),
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
        files=(["sse.go", "channel.go", "client.go"], ["server/main.go"]),
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
        needs={**JDK, "/usr/share/java/jna.jar": "libjna-java"}, **java("jna", "jna/sse/Backend.java")),
    "java_panama": Language(needs=JDK, **java("panama", "panama/sse/Backend.java", "panama17/sse/Foreign.java")),
    "luajit": Language(
        files=(["sse.lua"], ["server.lua"]),
        needs={"luajit": "luajit", "/usr/lib/*/lua/5.1/luv.so": "lua-luv"},
        env={"LUA_PATH": "{here}/?.lua;;"},
        build=[["luajit", "{tests}/headers.lua", "{here}/../declarations.sed", "{include}", "{here}/sse.lua"]],
        probe=["luajit", "{tests}/probe.lua"],
        format=["sh", "-c", "luajit {here}/test_format.lua && luajit {tests}/test_luajit.lua"],
        servers={"server": ["luajit", "{here}/server.lua"]},
        asan=True,
    ),
    "nim": Language(
        files=(["sse.nim"], ["server.nim"]),
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
        files=(["sse.mjs"], ["server.mjs"]),
        needs={"node": "nodejs", "{tests}/../node_modules/koffi": "npm install --prefix tests"},
        # A module finds others in the folder node_modules beside it.
        build=[["ln", "-sfn", "{tests}/../node_modules", "node_modules"],
               ["cp", "{here}/package.json", "{here}/sse.mjs", "{here}/server.mjs", "{here}/format.test.mjs",
                "{tests}/probe.mjs", "{tests}/javascript.mjs", "."]],
        env={"SSE_MODULE": "{out}/sse.mjs"},
        probe=["node", "{out}/probe.mjs", "sse.mjs"],
        gc_probe=["node", "--expose-gc", "--stress-compaction", "{out}/probe.mjs", "sse.mjs", "--gc"],
        format=["node", "--test", "{out}/format.test.mjs", "{out}/javascript.mjs"],
        # The usual 16 MiB for new objects are more than a server may grow by.
        servers={"server": ["node", "--max-semi-space-size=1", "{out}/server.mjs"]},
        keeps=True,
        asan=True,
    ),
    "perl": Language(
        files=(["SSE.pm"], ["server.pl"]),
        needs={"perl": "perl", "/usr/share/perl5/Mojolicious.pm": "libmojolicious-perl",
               "/usr/lib/*/perl5/*/FFI/Platypus.pm": "libffi-platypus-perl"},
        probe=["perl", "-I", "{here}", "{tests}/probe.pl"],
        gc_env={"MALLOC_PERTURB_": "165"},  # what is freed is overwritten
        format=["prove", "-I{here}", "{here}/test_format.t", "{tests}/test_perl.t"],
        servers={"server": ["perl", "-I", "{here}", "{here}/server.pl"]},
        asan=True,
    ),
    "php": Language(
        files=(["sse.php"], ["server.php"]),
        needs={"php": "php-cli"},
        probe=["php", "{tests}/probe.php"],
        format=["sh", "-c", "php -d zend.assertions=1 {here}/test_format.php && php -d zend.assertions=1 {tests}/test_php.php"],
        servers={"server": ["php", "{here}/server.php"]},
        # Without asan: PHP loads its extensions with RTLD_DEEPBIND, which the sanitizer refuses.
    ),
    "python": Language(
        files=(["sse.py"], ["server.py", "server_asyncio.py"]),
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
        files=(["sse.rb"], ["server.rb"]),
        needs={"ruby": "ruby", "puma": "puma"},
        probe=["ruby", "-I", "{here}", "{tests}/probe.rb"],
        format=["sh", "-c", "ruby {here}/test_format.rb && ruby -I {here} {tests}/test_ruby.rb"],
        servers={"server": ["ruby", "{here}/server.rb"]},
        check={"server": ["--no-memory"]},  # Ruby collects garbage when there are 16 MiB of it and more
        keeps=True,
        asan=True,
    ),
    "rust": Language(
        files=(["sse.rs"], ["server.rs"]),
        needs={"/usr/bin/rustc": "rustc"},
        build=[RUSTC + ["{tests}/probe.rs"], RUSTC + ["{here}/server.rs"],
               RUSTC + ["--test", "{here}/test_format.rs"], ["{out}/probe", "--waits"]],
        probe=["{out}/probe"],
        gc_env={"MALLOC_PERTURB_": "165"},  # what is freed is overwritten
        format=["{out}/test_format"],
        servers={"server": ["{out}/server"]},
        asan=True,
    ),
    "wasm": Language(
        files=(["sse.mjs", "memory.mjs", "fetch.mjs"], ["worker.mjs"]),
        needs={"node": "nodejs"},
        build=[["sh", "{here}/build.sh", "{out}"]],  # which says what it needs
        # The arenas that malloc has for each thread of Node.js grow one after the other, in the server.
        env={"SSE_WASM": "{out}/sse.wasm", "SSE_MODULE": "{here}/node.mjs", "MALLOC_ARENA_MAX": "1"},
        probe=["node", "{tests}/probe.mjs", "{here}/node.mjs"],
        gc_probe=["node", "--expose-gc", "--stress-compaction", "{tests}/probe.mjs", "{here}/node.mjs", "--gc"],
        format=["node", "--expose-gc", "--test", "{here}/format.test.mjs", "{tests}/javascript.mjs",
                "{tests}/wasm_module.mjs"],
        # The usual 16 MiB for new objects are more than a server may grow by.
        servers={"server": ["node", "--max-semi-space-size=1", "{here}/server.mjs"]},
        keeps=True,
    ),
}


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
            if not (glob.glob(program) if "/" in program else shutil.which(program)):
                raise Missing("there is no %s (%s)" % (program, package))
        os.makedirs(name, exist_ok=True)
        self.built = os.path.join(name, "built")

    def fill(self, it):
        if isinstance(it, str):
            return re.sub(r"\{(\w+)\}", lambda m: self.paths[m.group(1)], it)
        if isinstance(it, dict):
            return {self.fill(k): self.fill(v) for k, v in it.items()}
        return [self.fill(part) for part in it]

    def build(self):
        for command in self.language.build:
            self.call(command)
        open(self.built, "w").close()

    def need_build(self):
        if not os.path.exists(self.built):
            raise Missing("it was not built")

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
