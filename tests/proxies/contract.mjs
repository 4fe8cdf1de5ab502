/* A recipe of examples/proxies in front of ssecat; with --write, its rows in README.md are written.
 *
 *     node contract.mjs SSECAT_PATH chromium nginx|haproxy|caddy|Apache [--write] */
import assert from "node:assert/strict";
import http2 from "node:http2";
import { join } from "node:path";
import { after, afterEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { leave, open as openPage } from "../clients/browsers.mjs";
import {
    folder, need, numbered, published, serve, serveAgain, until,
} from "../clients/serving.mjs";
import { AWAY, ca, found, name, proxy, TIMEOUT, version } from "./recipe.mjs";
import { Rows } from "./rows.mjs";
import { open } from "./streams.mjs";

const { EventSource } = await need("eventsource");
const { Agent, fetch: fetchAny } = await need("undici");

const EVENTS = 200; // whose latency is measured
const P50_MS = 100, P99_MS = 1000; // a proxy takes a few; what it holds back never arrives
const AWAY_MS = 2500;
const TIMEOUT_S = 2, HEARTBEAT_S = 1; // for a silent stream
const AT_ONCE_MS = 1000; // for a close
const HELD_MS = 300; // of silence: nothing will come
const STREAMS = 10; // of one page

const first = await serve();
const recipe = await proxy(first);
await first.end("SIGKILL"); // each test starts its own, at the same port
const rows = new Rows(`${name} ${version()}`, recipe.ways.map(([way]) => way));
const opened = new Set();
const agent = new Agent({ allowH2: true, connect: { ca } });

after(() => agent.destroy());
afterEach(() => {
    opened.forEach((one) => one.close());
    opened.clear();
});

/** Start ssecat where a proxy looks for it, and wait until it is found. */
async function behind(one = recipe, ...args) {
    const server = await serveAgain(first, ...args);
    await found(one);
    return server;
}

/** Open a stream, which is closed at the end of the test. */
async function stream(url, headers, query = "") {
    const one = await open(`${url}events${query}`, { headers, ca });
    opened.add(one);
    assert.equal(one.status, 200);
    assert.equal(one.headers["content-type"], "text/event-stream");
    return one;
}

/** An EventSource, with the data of its lines. */
function source(url) {
    const one = new EventSource(url + "events", {
        fetch: (input, init) => fetchAny(input, { ...init, dispatcher: agent }),
    });
    opened.add(one);
    one.lines = [];
    one.failed = [];
    one.addEventListener("message", (event) => one.lines.push(event.data));
    one.addEventListener("error", (event) => one.failed.push(event.code));
    return one;
}

/** Run something over HTTP/1.1 and over HTTP/2. */
function both(run, { ways } = recipe) {
    return Promise.all(ways.map(([way, url]) => run(url, way)));
}

async function metric(server, which) {
    const text = await (await fetch(server.url + "metrics")).text();
    return Number(new RegExp(`^ssecat_${which} (\\d+)$`, "m").exec(text)[1]);
}

/** Wait until ssecat has noticed that all clients are gone, some of them when it writes to them. */
function empty(server) {
    return until("the streams are closed", async () => {
        server.say("x");
        return await metric(server, "clients") === 0;
    });
}

/** Publish lines, each when the one before it has arrived. Returns how long they took, sorted. */
async function oneByOne(server, client, count) {
    const took = [];

    for (const line of numbered(count)) {
        const before = performance.now();
        server.say(line);
        const events = await client.has(client.events.length + 1);
        took.push(performance.now() - before);
        assert.equal(events.at(-1).data, line);
    }
    return took.sort((a, b) => a - b);
}

test("the head arrives before any event, and each event before the next one", async () => {
    const server = await behind(recipe, "--heartbeat", "0");

    for (const [way, url] of recipe.ways) {
        const client = await stream(url);
        await client.has(1);
        const took = await oneByOne(server, client, EVENTS);
        const [p50, p99] = [0.5, 0.99].map((part) => took[Math.floor(part * EVENTS)]);
        console.log(`${name}, ${way}: p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms`);
        assert.ok(p50 < P50_MS && p99 < P99_MS);
        rows.set(way, "p50, p99", `${p50.toFixed(1)} ms, ${p99.toFixed(1)} ms`);
    }
});

/** Open a stream that may be compressed, and that begins with 40 lines which were missed. */
async function resumed(server, url) {
    const before = await stream(url);
    const place = (await before.has(1))[0].id;

    server.say(...numbered(40));
    await before.has(41);
    return stream(url, { "accept-encoding": "gzip", "last-event-id": place });
}

test("a client that takes gzip gets each event before the next one, too", async () => {
    const server = await behind(recipe, "--heartbeat", "0");

    for (const [way, url] of recipe.ways) {
        const client = await resumed(server, url);
        await client.has(40);
        await oneByOne(server, client, 20);
        rows.set(way, "gzip asked for", client.headers["content-encoding"] ?? "not compressed");
    }
});

test("caddy holds back what it compresses", { skip: name !== "caddy" }, async (context) => {
    const server = await behind(recipe, "--heartbeat", "0");
    const all = await proxy(server, // compress whatever comes, and not only 512 bytes and more
        [/encode @pages gzip/g, "encode {\n\t\tgzip\n\t\tminimum_length 1\n\t}"]);
    context.after(all.stop);

    for (const client of await both((url) => resumed(server, url), all)) {
        assert.equal(client.headers["content-encoding"], "gzip");
        assert.match(client.headers["cache-control"], /no-transform/);
        await sleep(HELD_MS);
        assert.deepEqual(client.events, []);
    }
});

test("a client that was cut off gets what it has missed, by header and by query", async () => {
    const server = await behind();
    const clients = await both((url) => stream(url));

    await Promise.all(clients.map((client) => client.has(1)));
    server.say(...numbered(10));
    const ids = await Promise.all(clients.map(async (client) => (await client.has(11)).at(-1).id));
    clients.forEach((client) => client.close());
    server.say(...numbered(10, 10));
    await published(server, 20);
    await both(async (url) => {
        const back = [await stream(url, { "last-event-id": ids[0] }),
            await stream(url, {}, `?lastEventId=${ids[1]}`)];
        for (const client of back) {
            await client.has(10);
            assert.deepEqual(client.lines, numbered(10, 10));
        }
    });
    assert.equal(await metric(server, "resumed_total"), 4);
    assert.equal(await metric(server, "gaps_total"), 0);
});

test("ssecat notices that a client closes", async () => {
    const server = await behind(recipe, "--heartbeat", "0");

    for (const [way, url] of recipe.ways) {
        const client = await stream(url);
        const gone = async () => await metric(server, "clients") === 0;
        await client.has(1);
        assert.equal(await metric(server, "clients"), 1);
        client.close();
        const atOnce = await until("at once", gone, AT_ONCE_MS).catch(() => false);
        rows.set(way, "a client closes", atOnce ? "noticed at once" : "noticed at the next events");
        await empty(server);
    }
});

test("the farewell at the end of the input, and the retry before a restart, arrive", async () => {
    for (const [signal, last] of [[undefined, "farewell"], ["SIGTERM", "retry"]]) {
        const server = await behind();
        const clients = await both((url) => stream(url));
        await Promise.all(clients.map((client) => client.has(1)));
        server.say("the last line");
        await Promise.all(clients.map((client) => client.has(2)));
        assert.equal(await server.end(signal), 0);
        for (const client of clients) {
            await client.end();
            assert.deepEqual(client.lines, ["the last line"]);
            assert.equal(client.events.at(-1).event, last);
        }
    }
});

test("an EventSource loses no line while ssecat is killed, away, and back", async () => {
    const kept = ["--retry", "200", "--history-file", join(folder(), "history")];
    const server = await behind(recipe, ...kept);
    const sources = await both((url) => source(url));
    const had = (count) => Promise.all(sources.map((one) =>
        until(`${count} lines`, () => one.lines.length >= count)));

    await Promise.all(sources.map((one) => until("it is open", () => one.readyState === 1)));
    server.say(...numbered(50));
    await had(50);
    server.say(...numbered(50, 50));
    await published(server, 100); // but perhaps the clients do not have them
    await server.end("SIGKILL");
    await sleep(AWAY_MS);
    const away = await both((url) => stream(url));
    away.forEach((one) => assert.equal(one.headers["cache-control"], "no-store"));
    for (const one of sources)
        assert.notEqual(one.readyState, EventSource.CLOSED);

    const again = await behind(recipe, ...kept);
    again.say(...numbered(50, 100));
    await had(150);
    for (const one of sources)
        assert.deepEqual(one.lines, numbered(150));
    assert.equal(await metric(again, "gaps_total"), 0);
});

test("without that answer, the status of the proxy ends an EventSource", async (context) => {
    const server = await behind(recipe, "--retry", "200");
    const plain = await proxy(server, [AWAY, ""]);
    context.after(plain.stop);
    const sources = await both((url) => source(url), plain);

    await Promise.all(sources.map((one) => until("it is open", () => one.readyState === 1)));
    await server.end("SIGKILL");
    for (const [n, one] of sources.entries()) {
        await until("it gives up", () => one.readyState === EventSource.CLOSED);
        rows.set(plain.ways[n][0], "plain, ssecat away", `${one.failed.at(-1)}: ends`);
    }
});

test("a silent stream is cut off at the timeout; one with heartbeats is not", async (context) => {
    let short;

    for (const heartbeat of [0, HEARTBEAT_S]) {
        const server = await behind(recipe, "--heartbeat", heartbeat);
        if (!short) {
            short = await proxy(server, [TIMEOUT, TIMEOUT_S]);
            context.after(short.stop);
        }
        await found(short);
        const clients = await both((url) => stream(url), short);
        const start = performance.now();
        if (heartbeat) {
            await sleep(TIMEOUT_S * 1600);
            assert.ok(clients.every((client) => !client.ended));
        } else {
            await Promise.all(clients.map((client) => client.end()));
            assert.ok(performance.now() - start > TIMEOUT_S * 900);
        }
        await server.end("SIGKILL");
    }
});

/** Let a page open streams. Returns how many are open, once a fetch beside them is answered or has
 * waited for a second. */
async function page(server, url) {
    const view = await openPage(url + "healthz", { expected: /status of 404/ }); // its icon

    await view.evaluate((count) => {
        globalThis.streams = Array.from({ length: count }, () => new EventSource("/events"));
    }, STREAMS);
    await until("six are open", async () => await metric(server, "clients") >= 6);
    const answered = await view.evaluate(() => Promise.race([
        fetch("/healthz", { cache: "no-store" }).then((answer) => answer.ok),
        new Promise((resolve) => setTimeout(resolve, 1000, false)),
    ]));
    const count = await view.evaluate(() =>
        globalThis.streams.filter((one) => one.readyState === EventSource.OPEN).length);
    assert.equal(answered, count === STREAMS, "a fetch waits where streams wait");
    await leave();
    await empty(server);
    return count;
}

test("a page has six streams over HTTP/1.1, and all over HTTP/2", async () => {
    const server = await behind();

    for (const [way, url] of recipe.ways) {
        const count = await page(server, url);
        const least = name === "Apache" && way === "HTTP/2";
        assert.ok(least ? count >= 6 : count === (way === "HTTP/2" ? STREAMS : 6), `${count}`);
        rows.set(way, "of ten streams of a page, open", least ? "at least 6" : count);
    }
});

test("Apache answers six requests of a new HTTP/2 connection at a time, and streams do not end",
    { skip: name !== "Apache" }, async () => {
        const server = await behind();
        const session = http2.connect(recipe.ways[1][1], { ca }).on("error", () => {});

        for (let n = 0; n < STREAMS; n++)
            session.request({ ":path": "/events" }).on("error", () => {}).resume();
        await until("six streams", async () => await metric(server, "clients") === 6);
        await sleep(HELD_MS);
        assert.equal(await metric(server, "clients"), 6);
        session.destroy();
        await empty(server);
    });

test("README.md has the rows of the proxy", () => {
    if (process.argv.includes("--write"))
        rows.write();
    rows.compare();
});
