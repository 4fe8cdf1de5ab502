/* examples/pages/datastar.c:  node datastar.mjs SERVER_PATH chromium|firefox
 *
 * npm has no newer Datastar than 1.0.0-beta.11, in which attributes and events have other names than
 * in version 1. A translator between the server and the browser puts one in place of the other, so
 * that Datastar's own reader gets the stream. That the names of version 1 are right is for
 * protocols/test_datastar.c. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readFileSync, statSync } from "node:fs";
import http from "node:http";
import { after, test } from "node:test";

import { leave, open } from "../clients/browsers.mjs";
import { files, start, until } from "../clients/serving.mjs";

const dist = files("@starfederation/datastar", "dist");
const CUT = /ERR_|interrupted|NetworkError|network error|Failed to fetch|Error in input stream|Datastar failed/;
const STEPS = 11; // from 0 to 10
const NAMES = {
    "/": [["data-init", "data-on-load"], ["data-on:", "data-on-"], ["data-attr:", "data-attr-"],
        ["/datastar.js", "/dist/bundles/datastar.js"]],
    "/events": [["datastar-patch-signals", "datastar-merge-signals"],
        ["datastar-patch-elements", "datastar-merge-fragments"],
        ["data: mode ", "data: mergeMode "], ["data: elements ", "data: fragments "]],
};

/** Answer with a module of Datastar, whose names have no ending; a folder is its index. */
function serveModule(path, response) {
    const file = (name) => new URL("." + name.slice("/dist".length), dist);
    const found = [path, path + ".js"].map(file).find((one) => existsSync(one) && statSync(one).isFile());

    if (found)
        response.setHeader("Content-Type", "text/javascript").end(readFileSync(found));
    else
        response.writeHead(302, { Location: path + "/index.js" }).end();
}

/** A server that says the same with the names of 1.0.0-beta.11. */
async function translate(server) {
    const streams = new Set();
    const listener = http.createServer(async (request, response) => {
        const { pathname } = new URL(request.url, server.url);
        if (pathname.startsWith("/dist/"))
            return serveModule(pathname, response);
        const asked = http.request(new URL(request.url, server.url), { method: request.method, headers: request.headers });
        const [answer] = await once(request.pipe(asked), "response");
        const names = NAMES[pathname] ?? [];
        let held = "";
        delete answer.headers["content-length"]; // the names differ in length
        response.writeHead(answer.statusCode, answer.headers);
        response.flushHeaders();
        if (pathname === "/events") {
            streams.add(request.socket);
            request.socket.on("close", () => asked.destroy());
        }
        answer.setEncoding("utf8").on("data", (text) => {
            const lines = (held + text).split("\n");
            held = lines.pop();
            for (const line of lines)
                response.write(names.reduce((made, [from, to]) => made.replaceAll(from, to), line) + "\n");
        }).on("end", () => response.end(held)).on("error", () => response.destroy());
    }).listen(0, "127.0.0.1");

    await once(listener, "listening");
    after(() => listener.close());
    return {
        url: `http://127.0.0.1:${listener.address().port}/`,
        streams,
        cut: () => streams.forEach((socket) => socket.destroy()),
    };
}

const log = (page) => page.$$eval("#log > li", (found) => found.map((one) => one.textContent));
const steps = Array.from({ length: STEPS }, (_, n) => `step ${n} of 10`);

test("all pages show the job that one of them starts", async () => {
    const server = await translate(await start("0", "unused.js"));
    const [one, other] = [await open(server.url), await open(server.url)];

    await one.bringToFront(); // Datastar cuts the stream of a page that nobody can see
    await one.click("button");
    await until("it runs", () => one.$eval("button", (button) => button.disabled));
    for (const page of [one, other]) {
        await page.bringToFront();
        await until("it is done", async () => (await log(page)).length >= STEPS);
        assert.deepEqual(await log(page), steps);
        assert.equal(await page.$eval("progress", (bar) => bar.value), 10);
        await until("it can start again", () => page.$eval("button", (button) => !button.disabled));
    }
    await leave();
});

test("a line that is cut loses no step and shows none twice", async () => {
    const server = await translate(await start("0", "unused.js"));
    const page = await open(server.url, { expected: CUT });

    await page.click("button");
    await until("it has begun", async () => (await log(page)).length >= 3);
    server.cut();
    await until("it is done", async () => (await log(page)).length >= STEPS);
    assert.deepEqual(await log(page), steps);
    assert.ok(server.streams.size >= 2);
    await leave();
});
