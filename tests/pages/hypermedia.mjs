/* examples/pages: HTML over the wire, by one of its servers:
 *
 *     node hypermedia.mjs SERVER_PATH chromium|firefox htmx|turbo
 *
 * Whatever renders it, what one writes all see, once, as it was written, whatever the line does. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { leave, open } from "../clients/browsers.mjs";
import { connect, files, start, until } from "../clients/serving.mjs";

const PAGES = {
    htmx: {
        scripts: [["htmx.js", "htmx.org", "dist"], ["hx-sse.js", "htmx.org", "dist/ext"]],
        entries: "ul > li",
        newestFirst: true,
    },
    turbo: {
        scripts: [["turbo.es2017-esm.js", "@hotwired/turbo", "dist"]],
        entries: "#messages > p",
    },
};
const { scripts, entries, newestFirst } = PAGES[process.argv[4]];
const CUT = /ERR_|interrupted|NetworkError|Failed to fetch|can\u2019t establish|\[object Event\]|htmx/;
const paths = scripts.map(([file, ...at]) => fileURLToPath(new URL(file, files(...at))));

/** Start the server, with a network in front of it. */
async function serve(port = "0") {
    return start(port, ...paths);
}

/** What a page shows, oldest first. */
async function shown(page) {
    const texts = await page.$$eval(entries, (found) => found.map((one) => one.textContent));

    return newestFirst ? texts.reverse() : texts;
}

async function shows(page, ...texts) {
    await page.bringToFront(); // htmx 4 cuts the stream of a page that nobody can see
    await until(`it shows ${texts.join(", ")}`, async () => (await shown(page)).length >= texts.length);
    assert.deepEqual(await shown(page), texts);
}

/** Write a text into the form, and send it. */
async function write(page, text) {
    await page.bringToFront();
    await page.$eval("input[name=text]", (input, value) => input.value = value, text);
    await page.click("button");
    await until("the form is empty again", () => page.$eval("input[name=text]", (input) => input.value === ""));
}

test("what one page writes, all show, as it was written", async () => {
    const server = await serve();
    const [one, other] = [await open(server.url), await open(server.url)];
    const hostile = `<b>bold</b> & "quoted" 'too' <script>document.title = "run"</script>`;

    await write(one, "hello");
    await write(other, hostile);
    await write(one, "\u00e4 \u65e5 \u{1F680}");
    for (const page of [one, other]) {
        await shows(page, "hello", hostile, "\u00e4 \u65e5 \u{1F680}");
        assert.notEqual(await page.title(), "run");
    }
    await shows(await open(server.url), "hello", hostile, "\u00e4 \u65e5 \u{1F680}");
    await leave();
});

test("an empty text is refused, and nothing is shown", async () => {
    const server = await serve();
    const path = process.argv[4] === "turbo" ? "messages" : "entries";

    for (const body of ["", "text=", "other=1", "text=%ff", "text=%00", "text=a%00b", `text=${"x".repeat(3000)}`])
        assert.equal((await fetch(server.url + path, { method: "POST", body })).status, 422, body);
    const page = await open(server.url);
    await write(page, "first");
    await shows(page, "first");
    await leave();
});

test("a line that is cut loses nothing and shows nothing twice", async () => {
    const server = await serve();
    const network = await connect(server);
    const [cut, other] = [await open(network.url, { expected: CUT }), await open(server.url)];

    await write(other, "before");
    await shows(cut, "before");
    network.fail();
    for (const text of ["one", "two", "three"])
        await write(other, text);
    network.recover();
    await shows(cut, "before", "one", "two", "three");
    await write(cut, "after");
    await shows(cut, "before", "one", "two", "three", "after");
    await leave();
});

test("after a restart of the server the page begins anew", async () => {
    const server = await serve();
    const page = await open(server.url, { expected: CUT });

    await write(page, "before");
    await shows(page, "before");
    const anew = page.waitForNavigation();
    await server.end("SIGTERM");
    await serve(server.port);
    await anew;
    await write(page, "after");
    await shows(page, "after");
    await leave();
});
