/* Clients for pages: they run in a browser, on a page of another origin than the streams. */
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import http from "node:http";
import { after } from "node:test";

import { open, title, version as versionOfBrowser } from "../browsers.mjs";
import { files } from "../serving.mjs";
import { version } from "./sources.mjs";

const TYPES = { "/": "text/html; charset=utf-8" };

/** Serve a page with these scripts, and the files of the packages. */
async function serve(scripts) {
    const server = http.createServer(({ url }, response) => {
        const file = new URL(`.${url}`, files(".", ""));
        const script = [file, new URL(`${file}.js`)].find((one) => url !== "/" && existsSync(one));

        response.setHeader("Content-Type", TYPES[url] ?? "text/javascript");
        response.end(script ? readFileSync(script) : `<!doctype html><link rel=icon href=data:,>
            <meta name="htmx-config" content='{"mode": "cors"}'>
            <script>document.cookie = "visitor=1";</script>${scripts}<body></body>`);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    after(() => server.close());
    return `http://127.0.0.1:${server.address().port}`;
}

/** A client of scenes.mjs.
 *
 *   of        its package; absent: the client is the browser itself
 *   scripts   HTML that loads it, from /PACKAGE/FILE
 *   listen    a function in the page: (url, { types, farewell, credentials }) starts a stream, and
 *             calls the last argument for each event: (type, data, lastEventId) */
export async function onPage({ name, of, scripts = "", listen, wrap }) {
    const origin = await serve(scripts);
    let page;

    return {
        name: of && title === "Chromium" ? name : `${name}, in ${title}`,
        version: of && version(of),
        origin,
        wrap,
        async start() {
            page = await open(origin, { expected: /./ });
            this.version ??= await versionOfBrowser();
            await page.evaluate(`void Object.assign(window, { seen: [], ${listen} })`);
        },
        async open(url, options) {
            const at = await page.evaluate((url, options) => {
                const events = [];
                listen(url, options, (type, data, lastEventId) =>
                    events.push({ type, data, lastEventId }));
                return seen.push(events) - 1;
            }, url, options);
            return {
                events: async () =>
                    JSON.parse(await page.evaluate((at) => JSON.stringify(seen[at]), at)),
            };
        },
    };
}
