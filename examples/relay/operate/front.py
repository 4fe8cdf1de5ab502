"""haproxy or nginx in front of the relays, from the configurations in this folder."""

import os
import shutil
import subprocess

from cluster import Process, port, written


def certificate(folder):
    """One of its own, for TLS on loopback: the key and the certificate in one file."""
    path = os.path.join(folder, "site.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                    "-nodes", "-days", "30", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                    "-keyout", path, "-out", path + ".crt"], check=True, stderr=subprocess.DEVNULL)
    with open(path, "a") as f, open(path + ".crt") as certificate:
        f.write(certificate.read())
    return path


class Front(Process):
    """self.port speaks HTTP/1.1, self.tls_port HTTP/2 and TLS."""

    def __init__(self, program, folder, relays):
        super().__init__(program, os.path.join(folder, program))
        self.port, self.tls_port = port(), port()
        self.path = os.path.join(self.folder, "front.conf")
        changes = {"127.0.0.1:8443": "127.0.0.1:%d" % self.tls_port, "127.0.0.1:8080": "127.0.0.1:%d" % self.port,
                   "/etc/%s/site.pem" % program: certificate(self.folder), " 20000": " 400"}
        for n, relay in enumerate(relays):
            changes["127.0.0.1:%d" % (8081 + n)] = "127.0.0.1:%d" % relay.port
        if program == "nginx":
            changes["worker_rlimit_nofile 40000;"] = ""
            changes["/run/nginx.pid"] = os.path.join(self.folder, "nginx.pid")
        written({"haproxy": "haproxy.cfg", "nginx": "nginx.conf"}[program], self.path, changes)

    def command(self):
        if self.name == "haproxy":
            return [found("haproxy"), "-db", "-f", self.path]
        return [found("nginx"), "-p", self.folder, "-g", "daemon off;", "-c", self.path]


def found(program):
    """Its path, or None; servers are often where users do not look."""
    return shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
