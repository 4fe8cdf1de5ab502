/* ssecat and a page of another origin:  node origin.mjs SSECAT_PATH chromium|firefox
 *
 * The page reads the stream by fetch, with a library that comes back with the header Last-Event-ID.
 * Before it sends that, a browser asks the server whether it may. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import http from "node:http";
import { after, test } from "node:test";

import { open } from "./browsers.mjs";
import { connect, files, numbered, serve, until } from "./serving.mjs";

const library = files("@microsoft/fetch-event-source", "lib/esm");
const lines = numbered(400);

/* The other origin: an empty page at /, and the library. */
const home = http.createServer((request, response) => {
    const type = request.url === "/" ? "text/html" : "text/javascript";

    response.setHeader("Content-Type", type);
    response.end(request.url === "/" ? "<!doctype html><link rel=icon href=data:,>"
        : readFileSync(new URL(`.${request.url}.js`, library)));
}).listen(0, "127.0.0.1");
await once(home, "listening");
after(() => home.close());
const origin = `http://127.0.0.1:${home.address().port}`;

for (const [credentials, args] of [
    ["same-origin", ["--cors", "*"]],
    ["include", ["--cors", origin, "--cors-credentials"]],
]) {
    test(`fetch-event-source gets every line, credentials: ${credentials}`, async () => {
        const server = await serve("--retry", "50", "--from-start", ...args);
        const network = await connect(server, 25);
        const page = await open(origin);

        server.say(...lines);
        await page.evaluate(async (url, credentials) => {
            const { fetchEventSource } = await import("/index");
            window.data = [];
            fetchEventSource(url, {
                credentials,
                onmessage: (message) => message.data && window.data.push(message.data),
                onclose: () => { throw new Error("it is to come back"); },
            });
        }, network.url + "events", credentials);
        await until("all lines", () => page.evaluate((last) => window.data.at(-1) === last,
            lines.at(-1)));
        assert.deepEqual(await page.evaluate(() => window.data), lines);
        const asked = network.asked.map((line) => line.split(" ")[0]);
        assert.ok(asked.includes("OPTIONS"));
        assert.ok(asked.filter((method) => method === "GET").length >= 16);
    });
}
