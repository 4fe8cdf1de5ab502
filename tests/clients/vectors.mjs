/* All vectors and an EventSource:  node vectors.mjs VECTORS_PATH chromium|firefox|webkit|undici
 *
 * VECTORS_PATH prints streams, some as the library writes them, and what a client has to dispatch for
 * each: vectors.c. Here they are served, and EventSource reads them. What a client does otherwise is
 * in EXCEPTIONS. How streams are cut into pieces is not a part of this. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import http from "node:http";
import { after, test } from "node:test";

import { need } from "./serving.mjs";

const [, , program, client] = process.argv;
const LANES = 6; // so many connections browsers have to a server

/* What clients dispatch otherwise, for a reason. Of what the library writes it is the id of an event
 * without data only. */
const EXCEPTIONS = {
    firefox: {
        "a line with NUL in its id takes the next line along": {
            "ld-id-nul": [],
            "ep-id-nul-keeps-earlier": [],
            "undici-id-nul-second": [],
            "gosse-last-of-duplicates":
                [["my name here", "raw bytes here\nfrom multiple lines", "2000"]],
            "axum-id-nul": [],
            "fastapi-id-nul": [],
            "d-id-nul-only": [],
        },
        "an id without data is not kept": {
            "d-checkpoint": [["message", "b", ""]],
            "cowlib-id-trailing-crlf": [["message", "x", ""]],
        },
    },
    undici: {
        "a line `event` without a colon does not reset the type": {
            "hono-event-cr": [["test", "test", ""]],
        },
    },
};

const printed = spawnSync(program, { encoding: "utf8", maxBuffer: 1 << 28 });
assert.equal(printed.status, 0, printed.stderr);
const streams = printed.stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
const text = (hex) => Buffer.from(hex, "hex").toString();
const types = [...new Set(streams.flatMap(({ events }) => events.map(([type]) => text(type))))];

/* /N is stream number N; it ends after its bytes. Anything else is an empty page. */
const server = http.createServer(({ url }, response) => {
    const stream = streams[Number(url.slice(1) || -1)];

    response.setHeader("Content-Type", stream ? "text/event-stream" : "text/html");
    response.end(stream ? Buffer.from(stream.bytes, "hex")
        : "<!doctype html><link rel=icon href=data:,><title>vectors");
}).listen(0, "127.0.0.1");
await once(server, "listening");
after(() => server.close().closeAllConnections());
const home = `http://127.0.0.1:${server.address().port}/`;

/** Read all streams, some at a time: [[type, data, id], ...] of each. Runs where EventSource is. */
async function read(EventSource, home, count, types, lanes) {
    const all = [];
    const one = (n) => new Promise((resolve) => {
        const source = new EventSource(home + n), events = [];

        for (const type of types) {
            source.addEventListener(type, (event) => "data" in event &&
                events.push([event.type, event.data, event.lastEventId]));
        }
        source.addEventListener("error", (event) => {
            if ("data" in event)
                return;
            source.close();
            resolve(events);
        });
    });
    let next = 0;

    await Promise.all(Array.from({ length: lanes }, async () => {
        for (let n = next++; n < count; n = next++)
            all[n] = await one(n);
    }));
    return JSON.stringify(all);
}

async function inBrowser(...args) {
    const { open } = await import("./browsers.mjs");
    const page = await open(home);

    return page.evaluate(`(${read})(EventSource, ...${JSON.stringify(args)})`);
}

async function inNode(...args) {
    const { EventSource } = await need("undici");

    return read(EventSource, ...args);
}

test(`${client} dispatches what the vectors say, with exceptions that are listed`, async () => {
    const run = client === "undici" ? inNode : inBrowser;
    const all = JSON.parse(await run(home, streams.length, types, LANES));
    const exceptions = Object.assign({}, ...Object.values(EXCEPTIONS[client] ?? {}));
    const names = streams.map(({ name }) => name);

    assert.equal(new Set(names).size, 237);
    assert.deepEqual(Object.keys(exceptions).filter((name) => !names.includes(name)), []);
    for (const [n, { name, by, events }] of streams.entries()) {
        const right = events.map((event) => event.map(text));
        if (exceptions[name])
            assert.notDeepEqual(exceptions[name], right, `${name} is no exception`);
        assert.deepEqual(all[n], exceptions[name] ?? right, `${name}, written by ${by}`);
    }
});

