/* Starts ssecat and other servers for the tests with Node.js, with a network before them that can fail,
 * and stops what a test has left behind. Every wait has a limit, and so has the whole run. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Transform } from "node:stream";
import { afterEach } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

const LIMIT_MS = 20000; // for anything that is to happen soon, on a busy machine
const RUN_MS = 300000; // for all of a program, which takes a tenth of it
const SKIPPED = 77; // what ctest takes for: skipped
const CUT_MS = 20; // a client reads what came before its connection ends

const program = process.argv[2];
const running = new Set();
let skipped;

setTimeout(() => {
    console.error(`not done within ${RUN_MS} ms`);
    process.exit(1);
}, RUN_MS).unref();

if (!program) {
    console.error(`Usage: node ${process.argv[1]} SSECAT_PATH`);
    process.exit(2);
}

afterEach(() => Promise.all([...running].map((one) => one.end("SIGKILL"))));

/** Call back where the run is skipped, with what is missing. */
export function onSkip(call) {
    skipped = call;
}

/** End the run as skipped, and say what is missing. */
export function skip(reason) {
    skipped?.(reason);
    console.log(`Skipped: ${reason}`);
    process.exit(SKIPPED);
}

/** A package that package.json names. */
export async function need(name) {
    try {
        return await import(name);
    } catch (error) {
        if (error.code !== "ERR_MODULE_NOT_FOUND")
            throw error;
        return lacks(name);
    }
}

/** The files of a package that is for browsers. */
export function files(name, folder) {
    const path = new URL(`../node_modules/${name}/${folder}/`, import.meta.url);

    return existsSync(path) ? path : lacks(name);
}

function lacks(name) {
    return skip(`${name} is not installed (npm install --prefix tests --no-package-lock)`);
}

/** Lines for a test: "line 0" and so on. */
export function numbered(count, from = 0) {
    return Array.from({ length: count }, (_, n) => `line ${from + n}`);
}

/** Wait for the condition to come true, and return what it gave. */
export async function until(what, condition, limit = LIMIT_MS) {
    const end = performance.now() + limit;

    for (let pause = 5; ; pause = Math.min(pause + 5, 50)) {
        const value = await condition();
        if (value)
            return value;
        if (performance.now() > end)
            throw new Error(`not within ${limit} ms: ${what}`);
        await sleep(pause);
    }
}

class Server {
    constructor(path, args) {
        this.path = path;
        this.process = spawn(path, args, { stdio: ["pipe", "pipe", "inherit"] });
        this.process.stdin.on("error", () => {}); // it was killed with lines on their way
        this.process.on("error", (error) => (this.failed = error));
        this.process.on("exit", (code, signal) => (this.ending = code ?? signal));
        this.process.stdout.setEncoding("utf8").on("data", (text) => (this.told += text));
        this.told = "";
        running.add(this);
    }

    /** Wait until it has told where it is. */
    async ready() {
        await until(`${this.path} tells its address`, () => {
            if (this.failed || this.ending !== undefined)
                throw this.failed ?? new Error(`${this.path} ended: ${this.ending}`);
            return this.told.includes("\n");
        });
        [this.url, this.port] = /http:\/\/[^/]+:([0-9]+)\//.exec(this.told);
        this.events = this.url + "events";
        return this;
    }

    /** Write lines to its standard input, or bytes as they are. */
    say(...lines) {
        for (const line of lines)
            this.process.stdin.write(typeof line === "string" ? line + "\n" : line);
    }

    /** Send it a signal, or else end its input. Returns its exit code, or the signal it died of. */
    async end(signal) {
        if (signal)
            this.process.kill(signal);
        else
            this.process.stdin.end();
        await until(`${this.path} ends`, () => this.failed || this.ending !== undefined);
        running.delete(this);
        return this.ending;
    }
}

/** Start any program that prints its address. */
export function launch(path, ...args) {
    return new Server(path, args).ready();
}

/** Start the program with these arguments: ssecat, or a server that prints its address, too. */
export function start(...args) {
    return launch(program, ...args);
}

/** Start ssecat at any port. */
export function serve(...args) {
    return start("--port", "0", ...args);
}

/** Start it anew where one was that has ended. */
export function serveAgain(before, ...args) {
    return start("--port", before.port, ...args);
}

/** Passes a stream on up to the end of so many events that are lines, and so many bytes of the next
 * event. Then it calls back, and ends. */
function upTo(events, bytes, over) {
    let before = "", line = "", cut = false;

    return new Transform({
        transform(chunk, _, done) {
            let n = 0;
            for (; n < chunk.length && events > 0; n++) {
                if (chunk[n] !== 10) {
                    line += String.fromCharCode(chunk[n]);
                    continue;
                }
                if (line === "" && /^data: .*line/.test(before))
                    events--;
                [before, line] = [line, ""];
            }
            if (events === 0) {
                const more = Math.min(bytes, chunk.length - n);
                n += more;
                bytes -= more;
            }
            this.push(chunk.subarray(0, n));
            if (events === 0 && bytes === 0 && !cut) {
                cut = true;
                setTimeout(() => {
                    over();
                    this.push(null);
                }, CUT_MS);
            }
            done();
        },
    });
}

class Network {
    constructor(server, cut) {
        Object.assign(this, { server, cut });
        this.sockets = new Set();
        this.asked = []; // the request lines
        this.requests = []; // the heads of the requests, and when they came
        this.cuts = []; // when it has cut a connection
        this.passed = ""; // what has come from the server, a character a byte
        this.listener = net.createServer((client) => {
            this.sockets.add(client);
            client.on("error", () => {});
            if (this.down && !this.answer)
                client.destroy();
            else
                client.once("data", (head) => this.pass(client, head));
        });
        running.add(this);
    }

    async ready() {
        await once(this.listener.listen(0, "127.0.0.1"), "listening");
        this.url = `http://127.0.0.1:${this.listener.address().port}/`;
        return this;
    }

    /** Pass a request on, and its answer back. */
    pass(client, head) {
        const request = { head: head.toString("latin1"), at: performance.now() };
        const ends = !request.head.startsWith("OPTIONS") && this.cut(this.gets().length);

        this.asked.push(request.head.split("\r\n")[0]);
        this.requests.push(request);
        if (this.answer)
            return client.end(this.answer);
        const socket = net.connect(this.server.port, "127.0.0.1").on("error", () => {});
        this.sockets.add(socket);
        client.on("close", () => socket.destroy());
        socket.on("close", (failed) => failed ? client.destroy() : client.end());
        socket.on("data", (bytes) => (this.passed += bytes.toString("latin1")));
        socket.write(head);
        client.pipe(socket);
        (ends ? socket.pipe(upTo(ends.events, ends.bytes ?? 0, () => {
            this.cuts.push(performance.now());
            if (ends.reset)
                client.resetAndDestroy();
        })) : socket).pipe(client);
    }

    /** The requests of a stream, without the preflights. */
    gets() {
        return this.requests.filter(({ head }) => head.startsWith("GET"));
    }

    /** Lose all connections, and each that is made; or answer it with a status, as a proxy does. */
    fail(status) {
        this.down = true;
        this.answer = status && `HTTP/1.1 ${status} Status\r\nContent-Type: text/html\r\n` +
            (status === 204 ? "" : "Content-Length: 0\r\n") + "Connection: close\r\n\r\n";
        this.sockets.forEach((socket) => socket.destroy());
    }

    recover() {
        this.down = false;
        this.answer = undefined;
    }

    end() {
        this.fail();
        this.listener.close();
        running.delete(this);
    }
}

/** Wait until a server has published so many events, whoever has them. */
export function published(server, count) {
    return until(`${count} events are published`, async () => {
        const metrics = await (await fetch(server.url + "metrics")).text();
        return metrics.includes(`\nssecat_events_total ${count}\n`);
    });
}

/** A folder that is there until the end. */
export function folder() {
    const path = mkdtempSync(join(tmpdir(), "ssecat-"));

    chmodSync(path, 0o755); // nginx, started by root, works as another user
    process.on("exit", () => rmSync(path, { recursive: true, force: true }));
    return path;
}

/** Put a network between a server and its clients, one that can fail. With a number, it ends each
 * connection after so many events; they are those whose data has "line" in it. With a function, it
 * ends connection n after cut(n).events, and cut(n).bytes of the next event, or not at all; it resets
 * it with cut(n).reset. */
export function connect(server, cut = 0) {
    return new Network(server, typeof cut === "function" ? cut
        : () => cut > 0 && { events: cut }).ready();
}
