#!/usr/bin/env python3
"""Start a server of examples/servers, and check it.

    python3 tests/servers/run.py NAME BUILD [options of check.py]

BUILD is a build folder: the server is BUILD/servers/NAME. It fails, too, where the server does not
end with exit code 0, a sanitizer has reported something, or a process is left behind. Exit code 77:
something is missing, and the message says what."""

import ctypes
import errno
import fcntl
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
HEARTBEAT_MS, STALL_MS, TICK_MS = 400, 3000, 900
REPORT = re.compile(r"ERROR: \w*Sanitizer|WARNING: ThreadSanitizer|runtime error:|LeakSanitizer")


class Missing(Exception):
    """What a server needs, and is not here."""


class Server:
    """How a server is started and checked: BUILD/servers/NAME PORT, unless an entry of the table
    says otherwise. Its files, and the folder it runs in, are in self.temp."""

    host = "127.0.0.1"
    tls = False  # https; self.temp has cert.pem and key.pem then
    http = (1,)  # the versions of HTTP that are checked, each with a server of its own
    check = ()  # further options of check.py
    has_many = False  # threads or processes: AddressSanitizer keeps some memory for each
    signal = "TERM"  # that ends the first process
    env = {}

    def __init__(self, name, build, temp, port, version):
        self.name, self.temp, self.port, self.version = name, temp, port, version
        self.folder = os.path.join(build, "servers")
        self.program = os.path.join(self.folder, name)

    def is_built(self):
        return os.path.exists(self.program) or os.path.exists(self.program + ".so")

    def arguments(self):
        return [str(self.port)] + (["cert.pem", "key.pem"] if self.tls else [])

    def commands(self):
        """The processes, in the order in which they are started. The first one is told to end; its
        exit code is to be 0. Those after it, such as a front server, end after the check."""
        return [[self.program] + self.arguments()]

    def need(self, *files, debian=""):
        """The path of the first of these programs or files that exists."""
        for file in files:
            found = file if os.path.isabs(file) and os.path.exists(file) else shutil.which(
                file, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
            if found:
                return found
        raise Missing("there is no %s (Debian: %s)" % (files[0], debian or files[0]))

    def is_module(self):
        """The program is one: a library of a sanitizer is to come first."""
        self.program += ".so"
        libraries = subprocess.run(["ldd", self.program], stdout=subprocess.PIPE).stdout.decode()
        first = re.search(r"=> (\S*/lib[at]san\.so\S*)", libraries)
        if first:
            self.env = {"LD_PRELOAD": first.group(1)}

    def write(self, name, text):
        """Write a file into self.temp; gives its path."""
        path = os.path.join(self.temp, name)
        with open(path, "w") as f:
            f.write(text)
        return path


class Pool(Server):
    has_many = True


class Tls(Server):
    tls = True


class Http1And2(Server):
    """Over cleartext, with prior knowledge."""

    http = (1, 2)


class TlsHttp1And2(Tls):
    """With ALPN."""

    http = (1, 2)


class IoUring(Server):
    """Where the kernel allows it: many containers do not."""

    def commands(self):
        libc = ctypes.CDLL(None, use_errno=True)
        libc.syscall(425, 1, None)  # io_uring_setup, which would have to read at NULL
        if ctypes.get_errno() != errno.EFAULT:
            raise Missing("the kernel does not allow io_uring: %s"
                          % os.strerror(ctypes.get_errno()))
        return super().commands()


class TlsHttp2(Tls):
    """With ALPN; a client that does not offer h2 is refused."""

    http = (2,)


class Lwip(Server):
    """A stack of its own at the other end of a tap device, in a network that ends with this program."""

    host = "192.0.2.2"
    env = {"PRECONFIGURED_TAPIF": "tap0"}

    def commands(self):
        ip = self.need("ip", debian="iproute2")
        user, network = 0x10000000 if os.geteuid() else 0, 0x40000000  # CLONE_NEWUSER, CLONE_NEWNET
        if ctypes.CDLL(None).unshare(user | network) != 0:
            raise Missing("there can be no network of its own")
        for what in ("link set lo up", "tuntap add tap0 mode tap",
                     "addr add 192.0.2.1/24 dev tap0", "link set tap0 mtu 576 up"):
            done = subprocess.run([ip] + what.split(), stderr=subprocess.PIPE)
            if done.returncode != 0:
                raise Missing("ip %s: %s" % (what, done.stderr.decode().strip()))
        return super().commands()


class Nginx(Server):
    """What is behind nginx, or in it."""

    CONF = """
        %(main)s
        daemon off; pid nginx.pid; error_log stderr;
        worker_processes 1; worker_shutdown_timeout 2500ms;
        env APP_HEARTBEAT_MS; env APP_STALL_MS; env APP_TICK_MS;
        events { worker_connections 1024; }
        http {
            access_log off; client_max_body_size 32k; client_body_buffer_size 32k;
            client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
            uwsgi_temp_path uwsgi; scgi_temp_path scgi;
            server { listen 127.0.0.1:%(port)d %(http2)s; location / { %(location)s } }
        }
    """

    def nginx(self, location, main=""):
        conf = self.write("nginx.conf", self.CONF % {
            "location": location, "main": main, "port": self.port,
            "http2": "http2" if self.version == 2 else ""})
        return [self.need("nginx", debian="nginx-light"), "-p", self.temp, "-c", conf]


class FastCgi(Nginx):
    check = ("--write-timeout-ms", str(STALL_MS))

    def commands(self):
        front = self.nginx("send_timeout %dms; include /etc/nginx/fastcgi_params;"
                           " fastcgi_pass unix:fastcgi.sock;" % STALL_MS, "user root;")
        return [super().commands()[0][:1], front]


class NginxModule(Nginx):
    http = (1, 2)
    signal = "QUIT"  # TERM ends nginx at once

    def commands(self):
        self.is_module()
        return [self.nginx("sse;", "load_module %s;" % self.program)]


class ApacheModule(Server):
    has_many = True
    signal = "WINCH"  # TERM closes the connections of Apache before it tells its modules

    CONF = """
        LoadModule mpm_event_module %(modules)s/mod_mpm_event.so
        LoadModule authz_core_module %(modules)s/mod_authz_core.so
        LoadModule sse_module %(module)s
        ServerName localhost
        Listen 127.0.0.1:%(port)d
        User #%(user)d
        Group #%(group)d
        PidFile apache.pid
        ErrorLog /dev/stderr
        StartServers 1
        ServerLimit 1
        ThreadLimit 300
        ThreadsPerChild 300
        MaxRequestWorkers 300
        MinSpareThreads 1
        MaxSpareThreads 300
        <Location "/">
            SetHandler sse
        </Location>
    """

    def commands(self):
        self.is_module()
        apache = self.need("apache2", "httpd", debian="apache2")
        modules = os.path.dirname(self.need("/usr/lib/apache2/modules/mod_mpm_event.so",
                                            debian="apache2-bin"))
        conf = self.write("httpd.conf", self.CONF % {
            "modules": modules, "module": self.program, "port": self.port,
            "user": os.getuid() or 65534, "group": os.getgid() or 65534})
        return [[apache, "-d", self.temp, "-f", conf, "-D", "FOREGROUND"]]


class Cgi(Server):
    """A process for each request, behind lighttpd. There is none that would publish the time."""

    check = ("--tick-ms", "0")
    has_many = True
    signal = "INT"

    CONF = """
        server.modules = ("mod_rewrite", "mod_setenv", "mod_cgi")
        server.bind = "127.0.0.1"
        server.port = %(port)d
        server.document-root = "%(folder)s"
        server.errorlog = "/dev/stderr"
        server.breakagelog = "/dev/stderr"
        server.upload-dirs = ("%(temp)s")
        server.max-request-size = 32
        server.stream-response-body = 2
        url.rewrite-once = ("^(/.*)" => "/cgi$1")
        cgi.assign = ("/cgi" => "")
        setenv.set-environment = (%(env)s)
    """

    # As systemd does it with KillSignal=SIGINT: INT goes to all processes, and when time is up TERM,
    # since lighttpd waits for a client that does not read. Its exit code is 1 where one was left.
    SERVICE = """
        "$@" &
        trap 'trap "" INT; kill -INT 0; sleep 2.2; kill $! 2> /dev/null' INT
        trap 'kill $!' TERM
        wait $!
        wait $! || [ $? = 1 ]
    """

    def commands(self):
        env = dict(settings(), APP_FILE=os.path.join(self.temp, "history"))
        conf = self.write("lighttpd.conf", self.CONF % {
            "port": self.port, "folder": self.folder, "temp": self.temp,
            "env": ", ".join('"%s" => "%s"' % it for it in env.items())})
        service = self.write("service.sh", self.SERVICE)
        return [["sh", service, self.need("lighttpd"), "-D", "-f", conf]]


# What is not here is a Server. Several: one after the other.
SERVERS = {
    "lwip": Lwip,
    "fastcgi": FastCgi,
    "ngx_http_sse_module": NginxModule,
    "mod_sse": ApacheModule,
    "cgi": Cgi,
    "io_uring": IoUring,
    "civetweb": Pool,
    "httplib": Pool,
    "h2o": Http1And2,
    "openssl": Tls,
    "mbedtls": Tls,
    "nghttp2": TlsHttp2,
    "libwebsockets": (Server, Tls),
}


def free_port(locks):
    """A port that no other run of this program takes meanwhile, and outside of those that the kernel
    gives to clients."""
    while True:
        port = random.randrange(21000, 32000)
        lock = open(os.path.join(tempfile.gettempdir(), "sse-port-%d" % port), "w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with socket.socket() as s:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                s.bind(("127.0.0.1", port))
        except OSError:
            lock.close()
            continue
        locks.append(lock)
        return port


def release(locks):
    for lock in locks:
        if os.path.exists(lock.name):  # unless somebody has cleared the folder
            os.unlink(lock.name)
        lock.close()


def make_certificate(temp):
    if not shutil.which("openssl"):
        raise Missing("there is no openssl (Debian: openssl)")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", "key.pem",
                    "-out", "cert.pem"], cwd=temp, check=True, stderr=subprocess.DEVNULL)


def python_with_h2():
    for python in (sys.executable, "/usr/bin/python3"):
        if subprocess.run([python, "-c", "import h2"], stderr=subprocess.DEVNULL).returncode == 0:
            return python
    raise Missing("there is no h2 for Python (Debian: python3-h2)")


def settings():
    """What the environment of a server has more than ours."""
    suppressed = "suppressions=" + os.path.join(HERE, "%s.supp")
    env = {
        "APP_HEARTBEAT_MS": str(HEARTBEAT_MS), "APP_STALL_MS": str(STALL_MS),
        "APP_TICK_MS": str(TICK_MS),
        # what was freed is kept for a while, and that is memory
        "ASAN_OPTIONS": "quarantine_size_mb=1:thread_local_quarantine_size_kb=64:malloc_context_size=12",
        "UBSAN_OPTIONS": "print_stacktrace=1",
        "LSAN_OPTIONS": suppressed % "leak" + ":print_suppressions=0",
        "TSAN_OPTIONS": suppressed % "thread" + ":exitcode=66:second_deadlock_stack=1:atexit_sleep_ms=100",
    }
    return env


def is_built_with(program, sanitizer):
    try:
        with open(program, "rb") as f:
            return b"__%s_init" % sanitizer.encode() in f.read()
    except OSError:
        return False


def wait_for(server, processes):
    end = time.monotonic() + 15
    while time.monotonic() < end:
        try:
            socket.create_connection((server.host, server.port), 1).close()
            return True
        except OSError:
            time.sleep(0.02)
        if any(p.poll() is not None for p in processes):
            return False
    return False


def session(pid):
    """The processes that are in the session of one of ours."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/stat" % name) as f:
                fields = f.read().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == pid and fields[0] not in "ZX":
            found.append(int(name))
    return found


def stop(processes, limit):
    """End what is left; gives what is wrong."""
    wrong = []
    first = processes[0]
    try:
        first.wait(limit)
    except subprocess.TimeoutExpired:
        first.terminate()
        try:
            first.wait(4)
        except subprocess.TimeoutExpired:
            wrong.append("the server does not end")
    if first.returncode not in (0, None):
        wrong.append("the server ended with %d" % first.returncode)
    for p in reversed(processes[1:]):
        p.terminate()
        try:
            p.wait(5)
        except subprocess.TimeoutExpired:
            wrong.append("%s does not end" % p.args[0])
    for p in processes:
        left = session(p.pid)
        if left and not wrong:
            wrong.append("processes are left behind: %s" % left)
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        p.wait()
    return wrong


def run_once(kind, name, build, version, args, temp, locks):
    server = kind(name, build, temp, free_port(locks), version)
    if not server.is_built():
        print("FAILED: %s was not built" % server.program)
        return False
    if server.tls:
        make_certificate(temp)
    log = open(os.path.join(temp, "log"), "w+")
    processes = []
    try:
        for command in server.commands():
            processes.append(subprocess.Popen(
                command, cwd=temp, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                env={**os.environ, **settings(), **server.env}, start_new_session=True))
        wrong = []
        if wait_for(server, processes):
            python = python_with_h2() if version == 2 else sys.executable
            options = [a for p in processes for a in ("--pid", str(p.pid))]
            if version == 2:
                options.append("--http2")
            if is_built_with(server.program, "tsan") or (
                    server.has_many and is_built_with(server.program, "asan")):
                options.append("--no-memory")
            only = any(a.startswith("--only") for a in args)
            done = subprocess.run(
                [python, os.path.join(HERE, "check.py"),
                 "%s://%s:%d/events" % ("https" if server.tls else "http", server.host, server.port),
                 "--heartbeat-ms", str(HEARTBEAT_MS), "--stall-ms", str(STALL_MS),
                 "--tick-ms", str(TICK_MS), "--signal", server.signal, "--ends"]
                + options + list(server.check) + args)
            if done.returncode != 0:
                wrong.append("the check fails")
            wrong += stop(processes, 0.2 if only or done.returncode else 3)
        else:
            wrong.append("it does not accept connections")
            wrong += stop(processes, 0.2)
    finally:
        for p in processes:
            if p.poll() is None:
                p.kill()
                p.wait()
    log.seek(0)
    text = log.read()
    if REPORT.search(text):
        wrong.append("a sanitizer reports something")
    if wrong:
        print("FAILED: %s over HTTP/%d: %s" % (name, version, "; ".join(wrong)))
        print(text[-20000:])
    return not wrong


def run(kinds, name, build, args):
    """Check a server as each of these kinds; gives the exit code."""
    locks, good = [], True
    try:
        for kind, version in [(k, v) for k in kinds for v in k.http]:
            print("%s over HTTP/%d" % (name, version) + (" and TLS" if kind.tls else ""), flush=True)
            with tempfile.TemporaryDirectory(prefix="sse-%s-" % name.replace("/", "-")) as temp:
                good &= run_once(kind, name, os.path.abspath(build), version, args, temp, locks)
    except Missing as e:
        print("skipped: %s" % e)
        return 77
    finally:
        release(locks)
    return 0 if good else 1


def main(args):
    if len(args) < 2:
        print(__doc__)
        return 2
    name, build, *args = args
    kinds = SERVERS.get(name, Server)
    return run(kinds if isinstance(kinds, tuple) else (kinds,), name, build, args)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
