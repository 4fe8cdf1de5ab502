/* SPDX-License-Identifier: MIT */
/* worker.mjs over node:http, which has no Request and no Response:  SSE_WASM=FILE node server.mjs PORT
 *
 * Environment, in milliseconds: APP_HEARTBEAT_MS, APP_STALL_MS, APP_TICK_MS. SIGTERM drains it. */
import { createServer } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import "./node.mjs";
import { Application } from "./worker.mjs";

const setting = (name, usual) => Number(process.env[name] ?? usual);
const application = new Application({
    heartbeatMs: setting("APP_HEARTBEAT_MS", 15000),
    stallMs: setting("APP_STALL_MS", 30000),
    tickMs: setting("APP_TICK_MS", 0),
    clock: () => process.hrtime.bigint() / 1000000n,
});

async function serve(incoming, outgoing) {
    const hasBody = incoming.method !== "GET" && incoming.method !== "HEAD";
    const response = await application.fetch(new Request(`http://localhost${incoming.url}`, {
        method: incoming.method,
        headers: incoming.headersDistinct,
        body: hasBody ? Readable.toWeb(incoming) : undefined,
        duplex: "half",
    }));

    if (!incoming.complete)
        outgoing.shouldKeepAlive = false; // it was refused, and the rest of its body is not read
    outgoing.writeHead(response.status, Object.fromEntries(response.headers)).flushHeaders();
    if (response.body)
        await pipeline(Readable.fromWeb(response.body), outgoing);
    else
        outgoing.end();
    if (!server.listening)
        server.closeIdleConnections(); // which would be kept for a next request
}

const server = createServer((incoming, outgoing) =>
    serve(incoming, outgoing).catch(() => outgoing.destroy())); // the client is gone, or stalled
server.listen(Number(process.argv[2]), "127.0.0.1", () =>
    console.log(`http://127.0.0.1:${server.address().port}/`));
process.once("SIGTERM", () => {
    application.drain();
    server.close();
});
