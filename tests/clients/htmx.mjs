/* ssecat and htmx, on a page of another origin:  node htmx.mjs SSECAT_PATH chromium|firefox
 *
 * htmx 2 has EventSource, and sends credentials. htmx 4 has a reader of its own on fetch, sends
 * fields of its own, which a browser asks the server about, and looks for a retry in events only. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import http from "node:http";
import { after, test } from "node:test";

import { open } from "./browsers.mjs";
import { connect, files, numbered, serve, until } from "./serving.mjs";

const AWAY_MS = 300;
const CUT = /^\[object Event\]$/; // what htmx 2 prints of each cut
const scripts = {
    2: [new URL("htmx.js", files("htmx-2", "dist")), new URL("sse.js", files("htmx-ext-sse", "dist"))],
    4: [new URL("htmx.js", files("htmx.org", "dist")),
        new URL("hx-sse.js", files("htmx.org", "dist/ext"))],
};
const elements = {
    2: (url) => `<p hx-ext="sse" sse-connect="${url}" sse-swap="message" hx-swap="beforeend"
        sse-close="farewell"></p>`,
    4: (url) => `<p hx-sse:connect="${url}" hx-swap="beforeend" hx-sse:close="farewell"></p>`,
};
const lines = numbered(100);

/* The other origin. A page is at /VERSION?URL; it notes why its stream is closed, and how many events
 * of the type "retry" htmx has seen. */
const home = http.createServer((request, response) => {
    const [path, url] = request.url.split("?");
    const version = path.slice(1, 2);

    response.setHeader("Content-Type", "text/html; charset=utf-8");
    response.end(`<!doctype html><link rel=icon href=data:,>
        <meta name="htmx-config" content='{"mode": "cors"}'><script>${
        scripts[version].map((file) => readFileSync(file)).join("</script><script>")}</script>
        <body>${elements[version](url)}<script>
        window.retries = 0;
        document.body.addEventListener("retry", () => window.retries++);
        document.body.addEventListener("htmx:sseClose", (e) => window.ending = e.detail.type);
        document.body.addEventListener("htmx:sse:close", (e) => window.ending = e.detail.reason);
        </script>`);
}).listen(0, "127.0.0.1");
await once(home, "listening");
after(() => home.close());
const origin = `http://127.0.0.1:${home.address().port}`;

for (const version of [2, 4]) {
    test(`htmx ${version} gets every line, and stays away after the farewell`, async () => {
        const server = await serve("--cors", origin, "--cors-credentials", "--from-start",
            "--retry", String(AWAY_MS), "--first", "typed");
        const network = await connect(server, 25);
        const page = await open(`${origin}/${version}?${network.url}events`, { expected: CUT });
        const text = () => page.evaluate(() => document.querySelector("p").innerText);

        server.say(...lines.map((line) => line + "<br>"));
        await until("all lines", async () => (await text()).includes(lines.at(-1)));
        assert.deepEqual((await text()).trim().split("\n"), lines);
        await until("it is back after four cuts", async () => {
            const metrics = await (await fetch(server.url + "metrics")).text();
            return metrics.includes("\nssecat_streams_total 5\n");
        });
        await server.end();
        assert.equal(await until("its end", () => page.evaluate(() => window.ending)), "message");
        assert.equal(await page.evaluate(() => window.retries), version === 4 ? 5 : 0);
    });
}
