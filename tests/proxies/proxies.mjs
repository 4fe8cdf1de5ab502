/* Starts the proxies that people have in front of ssecat, as they are configured by default: as any
 * user, in a folder of its own, at any port. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, writeFileSync } from "node:fs";
import net from "node:net";
import { delimiter, join } from "node:path";
import { after } from "node:test";

import { folder, skip, until } from "../clients/serving.mjs";

/** A port that nothing listens at. */
export async function freePort() {
    const listener = net.createServer().listen(0, "127.0.0.1");
    await once(listener, "listening");
    const { port } = listener.address();
    listener.close();
    await once(listener, "close");
    return port;
}

/** Where a program is; skips the run if it is nowhere. */
export function find(name, debian) {
    const folders = [...process.env.PATH.split(delimiter), "/usr/sbin", "/usr/local/sbin"];
    const path = folders.map((one) => join(one, name)).find((one) => {
        try {
            accessSync(one, constants.X_OK);
            return true;
        } catch {
            return false;
        }
    });

    return path ?? skip(`there is no ${name} (Debian: ${debian})`);
}

/** Start a program, and wait until it listens at the port. */
export async function start(path, args, port, options = {}) {
    const child = spawn(path, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    let said = "", ended = false;

    child.stdout.on("data", (text) => (said += text));
    child.stderr.on("data", (text) => (said += text));
    child.on("exit", () => (ended = true));
    const alive = () => {
        if (ended)
            throw new Error(`${path} ended: ${said}`);
    };
    const stop = async () => {
        if (!ended) {
            child.kill("SIGTERM");
            await once(child, "exit");
        }
    };
    after(stop);
    await until(`${path} listens`, () => {
        alive();
        return new Promise((resolve) => {
            const socket = net.connect(port, "127.0.0.1", () => resolve(socket.destroy()))
                .on("error", () => resolve());
        });
    });
    return { port, url: `http://127.0.0.1:${port}/`, alive, stop };
}

/** nginx in front of a server. */
export async function nginx(server) {
    const path = find("nginx", "nginx-light");
    const place = folder();
    const port = await freePort();
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map((name) => `    ${name}_temp_path ${place}/${name};\n`).join("");

    writeFileSync(join(place, "nginx.conf"), `
daemon off;
worker_processes 1;
pid ${place}/pid;
error_log stderr;
events {}
http {
    access_log off;
${temporary}    server {
        listen 127.0.0.1:${port};
        location / { proxy_pass http://127.0.0.1:${server.port}; }
    }
}
`);
    const args = ["-p", place, "-c", join(place, "nginx.conf"), "-e", "stderr"];
    return start(path, args, port);
}

/** haproxy in front of a server, whose health it checks as the lines say. */
export async function haproxy(server, ...checks) {
    const path = find("haproxy", "haproxy");
    const place = folder();
    const [port, stats] = [await freePort(), await freePort()];

    writeFileSync(join(place, "haproxy.cfg"), `
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
listen events
    bind 127.0.0.1:${port}
${checks.map((line) => `    ${line}\n`).join("")}    server ssecat 127.0.0.1:${server.port} check inter 200ms
listen stats
    bind 127.0.0.1:${stats}
    stats enable
    stats uri /
`);
    const proxy = await start(path, ["-db", "-f", join(place, "haproxy.cfg")], port);

    /** What it thinks of the server: status, and the last check. */
    proxy.health = async () => {
        const table = (await (await fetch(`http://127.0.0.1:${stats}/;csv`)).text()).split("\n")
            .map((line) => line.replace(/^# /, "").split(","));
        const row = table.find(([name, one]) => name === "events" && one === "ssecat");
        const field = (name) => row[table[0].indexOf(name)];
        return [field("status"), field("check_status"), field("check_code")].join(" ").trim();
    };
    return proxy;
}
