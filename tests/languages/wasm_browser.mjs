/* SPDX-License-Identifier: MIT */
/* A stream without a server:  node wasm_browser.mjs SSE_WASM chromium|firefox [SCREENSHOT_DIR]
 *
 * The folder of examples/languages/wasm is served as files. All events that its page shows come from
 * its Service Worker. SSE_WASM: what build.sh makes. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { after, before, test } from "node:test";

import { name, open } from "../clients/browsers.mjs";
import { numbered, until } from "../clients/serving.mjs";

const [, , module, , shots] = process.argv;
const FOLDER = new URL("../../examples/languages/wasm/", import.meta.url);
const TYPES = { ".html": "text/html", ".mjs": "text/javascript", ".wasm": "application/wasm" };

/* A Service Worker over the same application, whose streams break at POST cut, and without ticks. */
const CUTTING = `
    import { load } from "../sse.mjs";
    import { Application } from "../worker.mjs";

    const application = load().then(() => new Application({ base: "/cut/" }));
    let cut = new AbortController();

    async function answer(request) {
        const response = await (await application).fetch(request);
        const { readable, writable } = new TransformStream();

        if (!response.body || !request.url.includes("/events"))
            return response;
        response.body.pipeTo(writable, { signal: cut.signal }).catch(() => {});
        return new Response(readable, response);
    }

    addEventListener("install", () => skipWaiting());
    addEventListener("activate", (event) => event.waitUntil(clients.claim()));
    addEventListener("fetch", (event) => {
        if (event.request.url.endsWith("/cut/cut")) {
            cut.abort();
            cut = new AbortController();
            event.respondWith(new Response(null, { status: 204 }));
        } else if (/events|publish|status/.test(event.request.url)) {
            event.respondWith(answer(event.request));
        }
    });`;

const BROKEN = /ERR_|ServiceWorker intercepted|was interrupted/; // what browsers complain about then

const asked = [];
const server = createServer((request, response) => {
    const path = request.url === "/" || request.url === "/cut/" ? "/index.html" : request.url;

    asked.push(`${request.method} ${request.url}`);
    try {
        response.writeHead(200, { "content-type": TYPES[extname(path)] });
        response.end(path === "/sse.wasm" ? readFileSync(module)
            : path === "/cut/service-worker.mjs" ? CUTTING
                : readFileSync(new URL("." + path, FOLDER)));
    } catch {
        response.writeHead(404).end();
    }
});
let url;

before(async () => {
    await once(server.listen(0, "127.0.0.1"), "listening");
    url = `http://127.0.0.1:${server.address().port}/`;
});

after(() => server.close());

/** The page, once its stream is open. */
async function visit(path = "", options) {
    const page = await open(url + path, options);

    await connected(page);
    return page;
}

const state = (page) => page.$eval("#state", (element) => element.textContent);
const connected = (page) => until("it is connected", async () => await state(page) === "Connected");

/** Let the page publish lines. Returns their number of subscribers. */
function publish(page, lines) {
    return page.evaluate(async (lines) => {
        for (const body of lines) {
            const { status } = await fetch("publish", { method: "POST", body });
            if (status !== 204)
                throw new Error(`status ${status}`);
        }
        return (await (await fetch("status")).json()).subscribers;
    }, lines);
}

/** The data of the events of a type on the page, the oldest first, once there are so many. */
async function shown(page, type, count) {
    const rows = () => page.$$eval("#list li", (list, type) => list.reverse()
        .filter((row) => row.firstChild.textContent === type)
        .map((row) => row.children[1].textContent), type);

    await until(`${count} events ${type}`, async () => (await rows()).length >= count);
    return rows();
}

/** Read a stream by fetch, up to the text. Returns what was read. */
function read(page, end, headers = {}) {
    return page.evaluate(async (end, headers) => {
        const response = await fetch("events", { headers });
        const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
        let text = "";

        while (!text.includes(end)) {
            const { value, done } = await reader.read();
            if (done)
                throw new Error(`the end, after ${text}`);
            text += value;
        }
        await reader.cancel();
        return text;
    }, end, headers);
}

test("the module is of 32 KiB at most, and imports nothing", () => {
    const bytes = readFileSync(module);

    assert.deepEqual(WebAssembly.Module.imports(new WebAssembly.Module(bytes)), []);
    assert.ok(bytes.length <= 32768, `${bytes.length} bytes`);
});

test("all tabs get the events of the Service Worker, in order, and no server is asked", async () => {
    const page = await visit();
    const other = await page.browserContext().newPage();

    await other.goto(url);
    await connected(other);
    assert.equal(await publish(page, numbered(100)), 2);
    await publish(other, ["\u00e4 \u65e5\u672c \u{1F680}", " two\n\nlines "]);
    const lines = [...numbered(100), "\u00e4 \u65e5\u672c \u{1F680}", " two\n\nlines "];
    assert.deepEqual(await shown(page, "message", 102), lines);
    assert.deepEqual(await shown(other, "message", 102), lines);
    await until("ticks", async () => (await shown(page, "tick", 1)).length > 0);
    if (shots) {
        mkdirSync(shots, { recursive: true });
        writeFileSync(join(shots, `wasm-${name}.png`), await page.screenshot());
    }
    await other.close();
    await until("the tab that is closed has left", async () => await publish(page, []) === 1);
    assert.deepEqual(asked.filter((line) => !/^GET \/([a-z-]+\.(mjs|wasm))?$/.test(line)), []);
});

test("an EventSource whose stream breaks goes on where it was", async () => {
    const page = await visit("cut/", { expected: BROKEN });

    await publish(page, numbered(10));
    await shown(page, "message", 10);
    for (const from of [10, 20]) {
        await page.evaluate(() => fetch("cut", { method: "POST" }));
        await until("it notices", async () => await state(page) === "Reconnecting");
        assert.equal(await publish(page, numbered(10, from)), 0);
        await connected(page);
    }
    await publish(page, ["end"]);
    assert.deepEqual(await shown(page, "message", 31), [...numbered(30), "end"]);
    assert.deepEqual(await shown(page, "gap", 0), []);
});

test("fetch resumes by the header, and a stream that is cancelled leaves", async () => {
    const page = await visit("cut/", { expected: BROKEN });

    await publish(page, ["one"]);
    const reading = read(page, "two");
    await until("it reads", async () => await publish(page, []) === 2);
    await publish(page, ["two"]);
    const first = await reading;
    assert.match(first, /^retry: 1000\n\nevent: place\nid: \S+\ndata: \n\nid: \S+\ndata: two\n\n$/);
    await until("it has left", async () => await publish(page, []) === 1);
    await publish(page, ["three", "four"]);
    const again = await read(page, "four", { "last-event-id": /id: (\S+)\ndata: two/.exec(first)[1] });
    assert.match(again, /^retry: 1000\n\nid: \S+\ndata: three\n\nid: \S+\ndata: four\n\n$/);
});

test("a request for anything else than a stream is refused", async () => {
    const page = await visit("", { expected: /status of 4\d\d/ });
    const statuses = await page.evaluate(async () => {
        const ask = async (method, path, accept, body) => {
            const response = await fetch(path, { method, headers: { accept }, body });
            return [response.status, response.headers.get("content-type"),
                (await response.arrayBuffer()).byteLength];
        };

        return Promise.all([ask("HEAD", "events", "*/*"), ask("GET", "events", "text/html"),
            ask("DELETE", "events", "*/*"), ask("GET", "publish", "*/*"),
            ask("POST", "publish", "*/*", "x".repeat(32769)), ask("POST", "publish?type=%0a", "*/*", "x")]);
    });

    assert.deepEqual(statuses, [[200, "text/event-stream", 0], [406, null, 0], [405, null, 0],
        [405, null, 0], [413, null, 0], [400, null, 0]]);
});

test("where the browser has ended the Service Worker, its stream comes back with a gap event", {
    skip: name !== "chromium" && "only Chromium lets a test end it",
}, async () => {
    const page = await visit("", { expected: BROKEN });
    const session = await page.createCDPSession();

    await publish(page, ["before"]);
    await shown(page, "message", 1);
    await session.send("ServiceWorker.enable");
    await session.send("ServiceWorker.stopAllWorkers");
    await until("it notices", async () => await state(page) === "Reconnecting");
    await connected(page);
    assert.deepEqual(JSON.parse((await shown(page, "gap", 1))[0]), { first: null, last: null, count: null });
    await publish(page, ["after"]);
    assert.deepEqual(await shown(page, "message", 2), ["before", "after"]);
});
