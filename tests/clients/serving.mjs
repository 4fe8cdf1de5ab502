/* Starts ssecat for the tests with Node.js, and stops what a test has left behind. Every wait has a
 * limit, and so has the whole run. */
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

const program = process.argv[2];
const running = new Set();

setTimeout(() => {
    console.error(`not done within ${RUN_MS} ms`);
    process.exit(1);
}, RUN_MS).unref();

if (!program) {
    console.error(`Usage: node ${process.argv[1]} SSECAT_PATH`);
    process.exit(2);
}

afterEach(() => Promise.all([...running].map((one) => one.end("SIGKILL"))));

/** End the run as skipped, and say what is missing. */
export function skip(reason) {
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
    constructor(args) {
        this.process = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
        this.process.stdin.on("error", () => {}); // it was killed with lines on their way
        this.process.on("error", (error) => (this.failed = error));
        this.process.on("exit", (code, signal) => (this.ending = code ?? signal));
        this.process.stdout.setEncoding("utf8").on("data", (text) => (this.told += text));
        this.told = "";
        running.add(this);
    }

    /** Wait until it has told where it is. */
    async ready() {
        await until("the server tells its address", () => {
            if (this.failed || this.ending !== undefined)
                throw this.failed ?? new Error(`the server ended: ${this.ending}`);
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
        await until("the server ends", () => this.failed || this.ending !== undefined);
        running.delete(this);
        return this.ending;
    }
}

/** Start the program with these arguments: ssecat, or a server that prints its address, too. */
export function start(...args) {
    return new Server(args).ready();
}

/** Start ssecat at any port. */
export function serve(...args) {
    return start("--port", "0", ...args);
}

/** Start it anew where one was that has ended. */
export function serveAgain(before, ...args) {
    return start("--port", before.port, ...args);
}

/** Passes a stream on up to the end of so many events that are lines, and then ends. */
function upTo(events) {
    let before = "", line = "";

    return new Transform({
        transform(bytes, _, done) {
            let n = 0;
            for (; n < bytes.length && events > 0; n++) {
                if (bytes[n] !== 10) {
                    line += String.fromCharCode(bytes[n]);
                    continue;
                }
                if (line === "" && before.startsWith("data: line") && --events === 0) {
                    this.push(bytes.subarray(0, n + 1));
                    this.push(null);
                }
                [before, line] = [line, ""];
            }
            if (events > 0)
                this.push(bytes);
            done();
        },
    });
}

class Network {
    constructor(server, events) {
        this.sockets = new Set();
        this.asked = []; // the request lines
        this.listener = net.createServer((client) => {
            client.once("data", (head) => this.asked.push(head.toString().split("\r\n")[0]));
            if (this.answer)
                return client.on("error", () => {}).once("data", () => client.end(this.answer));
            if (this.down)
                return client.destroy();
            const socket = net.connect(server.port, "127.0.0.1");
            for (const [one, other] of [[client, socket], [socket, client]]) {
                this.sockets.add(one);
                one.on("error", () => {}).on("close", () => other.destroy());
            }
            client.pipe(socket);
            (events ? socket.pipe(upTo(events)) : socket).pipe(client);
        });
        running.add(this);
    }

    async ready() {
        await once(this.listener.listen(0, "127.0.0.1"), "listening");
        this.url = `http://127.0.0.1:${this.listener.address().port}/`;
        return this;
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
 * connection after so many events; they are those whose data begins with "line". */
export function connect(server, events = 0) {
    return new Network(server, events).ready();
}
