/* SPDX-License-Identifier: MIT */
/**
 * A server of events, with what Node.js has:  node server.mjs PORT
 *
 *     GET  /events[?user=U]              the stream: events for everybody, and those for the user U
 *     POST /publish[?user=U][&type=T]    up to 32 KiB become the data of an event
 *     GET  /status                       counters, as JSON
 *
 * APP_HEARTBEAT_MS, APP_STALL_MS and APP_TICK_MS are times in milliseconds; with the last one it
 * publishes by itself, too. SIGTERM sends all clients away, and the server ends.
 */
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import { Channel, Count, SseError, Status, accepts, fields } from "./sse.mjs";

const BODY_MAX = 32 * 1024;
const BASE = "http://localhost"; // of the paths that are asked for

const heartbeatMs = Number(process.env.APP_HEARTBEAT_MS ?? 15000);
const stallMs = Number(process.env.APP_STALL_MS ?? 30000);
const tickMs = Number(process.env.APP_TICK_MS ?? 0);
const channel = new Channel("/events", { heartbeatMs });

/** The tag of a user. A real application has numbers, and takes the user from a session. */
function tagOf({ searchParams }) {
    const user = searchParams.get("user");

    return user ? createHash("sha256").update(user).digest().readBigUInt64LE() : 0n;
}

function setFields(response, status, methods) {
    for (const [name, value] of fields({ status, origin: "*", methods }))
        response.appendHeader(name, value);
}

/** Answer without content. */
function answer(response, status, methods) {
    setFields(response, status, methods);
    response.writeHead(status).end();
}

function preflight(request, response) {
    answer(response, 204);
}

/** Begin a stream at the place where the client was. Each ends with the other: client, response. */
async function stream(request, response, url) {
    if (!accepts(request.headers.accept))
        return answer(response, 406);
    if (request.method === "HEAD")
        return answer(response, 200);
    const tag = tagOf(url);
    const client = channel.join({
        lastEventId: request.headers["last-event-id"],
        query: url.search,
        tags: tag ? [tag] : [], // without one, it sees what is for everybody
        stallMs,
        retryMs: 1000,
    });

    setFields(response, 200);
    response.setHeader("connection", "close"); // nothing comes after a stream
    const chunks = Readable.from(client, { objectMode: false });
    await pipeline(chunks, response, { signal: client.signal }).catch(() => {}); // it is gone
}

/** The body of a request; null: it is too long. The rest is read, and not kept. */
async function readBody(request) {
    const chunks = [];
    let length = 0;

    for await (const chunk of request) {
        length += chunk.length;
        if (length <= BODY_MAX)
            chunks.push(chunk);
    }
    return length <= BODY_MAX ? Buffer.concat(chunks) : null;
}

async function publish(request, response, url) {
    const body = await readBody(request);

    if (body === null)
        return answer(response, 413);
    channel.publish(body, { type: url.searchParams.get("type") ?? undefined, tag: tagOf(url) });
    response.writeHead(204, { "access-control-allow-origin": "*" }).end();
}

function status(request, response) {
    const counters = Object.entries(Count).map(([name, counter]) => [name, channel.count(counter)]);

    response.writeHead(200, { "content-type": "application/json", "cache-control": "no-store" });
    response.end(JSON.stringify(Object.fromEntries(counters)));
}

const routes = {
    "/events": { GET: stream, HEAD: stream, OPTIONS: preflight },
    "/publish": { POST: publish },
    "/status": { GET: status, HEAD: status },
};

async function handle(request, response) {
    if (!URL.canParse(request.url, BASE))
        return answer(response, 400);
    const url = new URL(request.url, BASE);
    const methods = routes[url.pathname];

    if (!methods)
        return answer(response, 404);
    if (!methods[request.method])
        return answer(response, 405, Object.keys(methods).join(", "));
    await methods[request.method](request, response, url);
}

/** The status with which a request is refused that the library has refused. */
const refusals = { [Status.STATE]: 503, [Status.TOOBIG]: 413 };

const server = createServer((request, response) => {
    handle(request, response).catch((error) => {
        if (error instanceof SseError)
            answer(response, refusals[error.status] ?? 400);
        else if (error.code !== "ECONNRESET") // a request that was cut off
            throw error;
    });
});

function tick() {
    channel.publish(String(process.hrtime.bigint() / 1000000n), { type: "tick" });
}

const ticking = tickMs > 0 ? setInterval(tick, tickMs) : undefined;

/** Send all clients away. The process ends with the last connection. */
function end() {
    clearInterval(ticking);
    server.close();
    server.closeIdleConnections();
    channel.drain({ retryMs: 1000, windowMs: 2000, limitMs: 2000 });
}

process.once("SIGTERM", end);
process.once("SIGINT", end);
server.listen(Number(process.argv[2]), "127.0.0.1", () => {
    console.log(`http://127.0.0.1:${process.argv[2]}/`);
});
