/* ssecat behind nginx, and a browser:  node nginx.mjs SSECAT_PATH chromium|firefox|webkit
 *
 * While ssecat is away, nginx answers in its place, and EventSource gives up. The page does not. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { rows, shown, state, visit } from "../clients/browsers.mjs";
import { nginx } from "./proxies.mjs";
import { folder, numbered, published, serve, serveAgain, until } from "../clients/serving.mjs";

const AWAY_MS = 7000;
const AWAY = /status of 50[24]|ERR_|can\u2019t establish a connection|interrupted/;

test("no line is lost, and none comes twice, while ssecat is away for seven seconds", async () => {
    const kept = ["--retry", "300", "--history-file", join(folder(), "history")];
    const server = await serve(...kept);
    const page = await visit(await nginx(server), { expected: AWAY });
    const lines = (from) => numbered(50, from);

    server.say(...lines(0));
    await rows(page, 50);
    server.say(...lines(50));
    await published(server, 100); // but perhaps the page does not have them
    await server.end("SIGKILL");
    const start = performance.now();
    await state(page, "reconnecting");
    await until("nginx answers", async () => (await shown(page, "since")).endsWith("502"));
    await sleep(start + AWAY_MS - performance.now());

    const again = await serveAgain(server, ...kept);
    again.say(...lines(100));
    await published(again, 50);
    await state(page, "live");
    again.say(...lines(150));
    const notes = (await rows(page, 201)).filter((row) => !row.startsWith("line"));
    assert.deepEqual(notes, ["The server has been restarted"]);
    assert.deepEqual((await rows(page, 201)).filter((row) => row.startsWith("line")),
        numbered(200));
    assert.equal(await shown(page, "missed"), "0");
});
