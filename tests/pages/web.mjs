/* examples/serve/web.c, on which the servers of pages/ and protocols/ stand, as a client of raw bytes
 * sees it:
 *
 *     node web.mjs PATH_OF_TYPED */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import { test } from "node:test";

import { start, until } from "../clients/serving.mjs";

/** A connection; `got` is what has come. */
async function connect(server) {
    const socket = net.connect(server.port, "127.0.0.1").on("error", () => {});

    socket.got = "";
    socket.setEncoding("latin1").on("data", (text) => (socket.got += text));
    await once(socket, "connect");
    socket.ask = (method, path) => socket.write(`${method} ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    return socket;
}

test("the answer to HEAD of a stream is its head alone", async () => {
    const socket = await connect(await start("0"));

    socket.ask("HEAD", "/events");
    await until("the answer ends", () => socket.readableEnded);
    assert.match(socket.got, /^HTTP\/1\.1 200 OK\r\n.*content-type: text\/event-stream\r\n/s);
    assert.equal(socket.got.split("\r\n\r\n")[1], "");
});

test("it ends while streams begin", async () => {
    const server = await start("0");
    const sockets = await Promise.all(Array.from({ length: 4 }, () => connect(server)));

    for (const socket of sockets) {
        socket.ask("HEAD", "/");
        await until("it is accepted", () => socket.got.endsWith("\r\n\r\n"));
    }
    server.process.kill("SIGSTOP"); // so that all of the following is there at once
    sockets.forEach((socket) => socket.ask("GET", "/events"));
    await Promise.all(sockets.map((socket) => until("it is sent", () => socket.writableLength === 0)));
    const ended = server.end("SIGTERM");
    server.process.kill("SIGCONT");
    assert.equal(await ended, 0);
});

test("a port that is none, or taken, is refused with a message", async () => {
    const { port } = await start("0");

    for (const wrong of ["", "x", "80x", "-1", "65536", port]) {
        const { status, stdout, stderr } = spawnSync(process.argv[2], [wrong], { encoding: "utf8", timeout: 5000 });
        assert.deepEqual([status, stdout], [1, ""], wrong);
        assert.match(stderr, /^.*: (Invalid argument|Address already in use)\n$/, wrong);
    }
});
