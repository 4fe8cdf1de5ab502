/* ssecat and a browser:  node browser.mjs SSECAT_PATH [SCREENSHOT_DIR]
 *
 * Chromium opens the page that ssecat serves. What the page shows has to be what was written to
 * ssecat's standard input, and the page has to tell how the connection is. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, test } from "node:test";

import { connect, need, serve, serveAgain, skip, until } from "./serving.mjs";

const { chromium } = await need("playwright-core");
const shots = process.argv[3];
const executablePath = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome"].find((path) => path && existsSync(path));

if (!executablePath)
    skip("there is no Chromium (Debian: chromium)");

const browser = await chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
        "--disable-background-networking", "--disable-component-update"],
});
const LOST = /ERR_(CONNECTION_REFUSED|CONNECTION_RESET|EMPTY_RESPONSE)/;
let context;
const complaints = [];

after(() => browser.close());

afterEach(async () => {
    await context?.close();
    assert.deepEqual(complaints.splice(0), [], "the console has no errors");
});

/** Open the page of a server; returns once the stream is live. */
async function visit(server, options = {}) {
    context = await browser.newContext({ viewport: { width: 1100, height: 700 }, ...options });
    const page = await context.newPage();

    page.expected = LOST;
    page.requests = new Set();
    page.on("request", (request) => page.requests.add(request.url()));
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => {
        const text = message.text();
        if (["error", "warning"].includes(message.type()) && !page.expected.test(text))
            complaints.push(text);
    });
    await page.goto(server.url);
    await state(page, "live");
    return page;
}

/** Wait until the page says that its connection is in a state. */
function state(page, name) {
    return until(`the state is ${name}`, async () =>
        await page.getAttribute("html", "data-state") === name);
}

/** What an element shows; "" where it is hidden. */
async function shown(page, id) {
    const element = page.locator("#" + id);

    return await element.isVisible() ? (await element.textContent()).trim() : "";
}

/** All lines on the page, notes of its own included, once there are so many. */
async function rows(page, count) {
    const all = () => page.$$eval("#lines > *", (found) => found.map((row) => row.textContent));

    await until(`${count} rows`, async () => (await all()).length >= count);
    return all();
}

const bottom = (page) => page.$eval("#log", (log) =>
    log.scrollHeight - log.clientHeight - log.scrollTop < 2);

const numbered = (count, from = 0) => Array.from({ length: count }, (_, n) => `line ${from + n}`);

test("the page shows the lines in order, the state, the last id, a count and a rate", async () => {
    const server = await serve();
    const page = await visit(server);

    assert.match(await shown(page, "empty"), /Waiting/);
    server.say(...numbered(200));
    assert.deepEqual(await rows(page, 200), numbered(200));
    assert.equal(await shown(page, "state"), "Live");
    assert.equal(await shown(page, "count"), "200");
    assert.match(await shown(page, "last"), /^[0-9a-f]+-200$/);
    assert.equal(await shown(page, "type"), "", "the usual type is not worth a word");
    assert.equal(await shown(page, "empty"), "");
    await until("a rate", async () => parseFloat(await shown(page, "rate")) > 0);
    assert.ok(await bottom(page));
    assert.equal(await page.title(), "ssecat");
    assert.match(await page.getAttribute("link[rel=icon]", "href"), /^data:image\/svg/);
    assert.deepEqual([...page.requests].filter((url) => !url.startsWith("data:")),
        [server.url, server.events], "nothing else is fetched");
});

test("a line is shown as it is, and is text whatever is in it", async () => {
    const lines = ["", "  two ahead", "behind  ", "a\ttab", "data: x", "id: 7",
        "<b>&amp;</b><script>document.title = 1</script>", "\u00e4 \u65e5\u672c \u{1F680}", "end"];
    const server = await serve();
    const page = await visit(server);

    server.say(...lines, "one\rtwo\r\r  four", "x".repeat(5000));
    const all = await rows(page, lines.length + 2);
    assert.deepEqual(all.slice(0, -2), lines);
    assert.equal(all.at(-2), "one\ntwo\n\n  four");
    assert.equal(await page.locator("#lines > * *").count(), 0);
    assert.equal(await page.title(), "ssecat");
    const [blank, line, four, long] = await page.$$eval("#lines > *", (found) =>
        [0, 1, found.length - 2, found.length - 1].map((n) => found[n].clientHeight));
    assert.equal(blank, line);
    assert.ok(Math.abs(four - 4 * line) <= 4 && long > 10 * line);
    assert.equal(await page.$eval("#log", (log) => log.scrollWidth - log.clientWidth), 0);
});

test("events of any type are received", async () => {
    for (const type of ["tick", "error", "open", "a\"<b>&amp;'", "\u65e5"]) {
        const server = await serve("--event", type);
        const page = await visit(server);

        server.say("x", "y");
        assert.deepEqual(await rows(page, 2), ["x", "y"]);
        assert.equal(await shown(page, "type"), type);
        assert.equal(await shown(page, "state"), "Live");
        await context.close();
    }
});

test("a lost connection shows, and what comes after it", async () => {
    const server = await serve("--retry", "200");
    const page = await visit(server);

    server.say("before");
    await rows(page, 1);
    await server.end("SIGKILL");
    await state(page, "reconnecting");
    await until("for how long", async () => /^[1-9] s$/.test(await shown(page, "since")));
    assert.equal(await page.title(), "Reconnecting \u00b7 ssecat");
    const again = await serveAgain(server);
    await state(page, "live");
    assert.equal(await shown(page, "since"), "");
    again.say("after", "and on");
    assert.deepEqual(await rows(page, 4),
        ["before", "The server has been restarted", "after", "and on"]);
    assert.equal(await shown(page, "count"), "3");
    assert.match(await shown(page, "last"), /^[0-9a-f]+-2$/);
    assert.equal(await again.end("SIGTERM"), 0);
    await state(page, "reconnecting");
});

/* Lose the network, have `lines` published meanwhile, and get it back. */
async function publishUnseen(server, network, page, lines) {
    const witness = await fetch(server.events);
    let heard = "";

    network.fail();
    await state(page, "reconnecting");
    server.say(...lines);
    for await (const bytes of witness.body) {
        heard = (heard + Buffer.from(bytes)).slice(-100000);
        if (heard.includes(`data: ${lines.at(-1)}\n`))
            break;
    }
    network.recover();
    await state(page, "live");
}

test("lines that come while the network is down are delivered when it is back", async () => {
    const server = await serve("--retry", "200");
    const network = await connect(server);
    const page = await visit(network);

    server.say("1");
    await rows(page, 1);
    await publishUnseen(server, network, page, ["2", "3"]);
    server.say("4");
    assert.deepEqual(await rows(page, 4), ["1", "2", "3", "4"]);
});

test("lines that are no longer kept when the network is back are counted", async () => {
    const server = await serve("--retry", "200", "--history", "131072");
    const network = await connect(server);
    const page = await visit(network);
    const long = (name) => name.padEnd(60000, "x");

    server.say("1");
    await rows(page, 1);
    await publishUnseen(server, network, page, ["a", "b", "c", "d"].map(long));
    server.say("2");
    assert.deepEqual((await rows(page, 5)).map((row) => row.replace(/x+$/, "")),
        ["1", "2 lines missed", "c", "d", "2"]);
});

test("a stream that is refused can be asked for again", async () => {
    const server = await serve("--retry", "200");
    const page = await visit(server);

    page.expected = /ERR_CONNECTION_REFUSED|status of 503/;
    await server.end("SIGKILL");
    await state(page, "reconnecting");
    const full = await serveAgain(server, "--max-clients", "0");
    await state(page, "closed");
    assert.equal(await page.title(), "Closed \u00b7 ssecat");
    await full.end("SIGKILL");
    const again = await serveAgain(server);
    await page.click("#again");
    await state(page, "live");
    assert.equal(await shown(page, "again"), "");
    again.say("x");
    assert.deepEqual(await rows(page, 2), ["The server has been restarted", "x"]);
});

test("a burst of 20,000 lines leaves the page quick and small", async () => {
    const server = await serve();
    const page = await visit(server);

    await page.evaluate(() => {
        window.longest = 0;
        let before = performance.now();
        const frame = (now) => {
            window.longest = Math.max(window.longest, now - before);
            before = now;
            requestAnimationFrame(frame);
        };
        requestAnimationFrame(frame);
    });
    server.say(...numbered(20000));
    await until("all events", async () => await shown(page, "count") === "20,000", 20000);
    assert.deepEqual(await rows(page, 1000), numbered(1000, 19000));
    assert.ok(await bottom(page));
    assert.match(await page.textContent("#older"), /newest 1,000 lines/);
    assert.ok(await page.evaluate(() => document.querySelectorAll("*").length) < 1100);
    const longest = await page.evaluate(() => window.longest);
    assert.ok(longest < 1500, `a frame took ${longest} ms`);

    server.say(...Array(40).fill("x".repeat(60000)), "end");
    await until("the end", async () => (await rows(page, 1)).at(-1) === "end");
    assert.ok((await rows(page, 1)).join("").length <= 1e6, "long lines count as many");
});

test("the page stands still for who reads, and goes on at a click", async () => {
    const server = await serve();
    const page = await visit(server);
    const top = () => page.$eval("#log", (log) => log.scrollTop);

    server.say(...numbered(300));
    await rows(page, 300);
    assert.equal(await shown(page, "jump"), "");
    await page.$eval("#log", (log) => (log.scrollTop = 1000));
    await until("a way back", async () => await shown(page, "jump") === "\u2193 Newest");
    server.say(...numbered(2000, 300));
    await until("news", async () => await shown(page, "jump") === "\u2193 2,000 more lines");
    assert.equal(await top(), 1000);
    assert.deepEqual(await rows(page, 300), numbered(300));
    await page.click("#jump");
    assert.deepEqual(await rows(page, 1000), numbered(1000, 1300));
    assert.ok(await bottom(page));
    assert.equal(await shown(page, "jump"), "");

    await page.click("#pause");
    server.say("later");
    await until("news", async () => await shown(page, "jump") === "\u2193 1 more line");
    assert.equal((await rows(page, 1000)).at(-1), "line 2299");
    assert.equal(await shown(page, "pause"), "Resume");
    await page.click("#pause");
    await until("the line", async () => (await rows(page, 1000)).at(-1) === "later");
    await page.setViewportSize({ width: 1100, height: 400 });
    await until("the end is in sight", () => bottom(page));
});

test("lines can be filtered, copied and cleared", async () => {
    const server = await serve();
    const page = await visit(server, { permissions: ["clipboard-read"] });
    const none = () => until("no rows", async () => (await rows(page, 0)).length === 0);

    server.say("  Apple", "pear", "pineAPPLE", "");
    await rows(page, 4);
    await page.click("#copy");
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()),
        "  Apple\npear\npineAPPLE\n\n");
    await page.fill("#filter", "APPLE");
    await until("two are left", async () => await shown(page, "matches") === "2");
    server.say(...numbered(1500), "apples");
    await until("three", async () => await shown(page, "matches") === "3");
    assert.deepEqual(await rows(page, 3), ["  Apple", "pineAPPLE", "apples"]);
    await page.fill("#filter", "apples");
    await until("one", async () => await shown(page, "matches") === "1");
    await page.fill("#filter", "plum");
    await until("no line", async () => /No line/.test(await shown(page, "empty")));
    await none();
    await page.fill("#filter", "");
    assert.deepEqual(await rows(page, 1000), [...numbered(999, 501), "apples"]);
    await page.click("#clear");
    await none();
    await page.fill("#filter", "apple");
    await page.fill("#filter", "");
    await none();
    server.say("next");
    assert.deepEqual(await rows(page, 1), ["next"]);
    assert.equal(await shown(page, "count"), "1,506");
});

test("another origin may read the stream if --cors says so", async () => {
    for (const [args, expected] of [[["--cors", "*"], "x"], [[], "closed"]]) {
        const [home, server] = [await serve(), await serve(...args)];

        context = await browser.newContext({ bypassCSP: true });
        const page = await context.newPage();
        await page.goto(home.url);
        const got = page.evaluate((url) => new Promise((resolve) => {
            const source = new EventSource(url);
            source.onopen = () => (window.opened = true);
            source.onmessage = (event) => resolve(event.data);
            source.onerror = () => source.readyState === EventSource.CLOSED && resolve("closed");
        }), server.events);
        if (args.length > 0)
            await until("connected", () => page.evaluate(() => window.opened));
        server.say("x");
        assert.equal(await got, expected);
        await context.close();
    }
});

test("the page fits the screen, light and dark, and the keyboard reaches everything", async () => {
    const sizes = { desktop: [1100, 700], phone: [390, 844], small: [320, 568] };
    const backgrounds = { light: "rgb(255, 255, 255)", dark: "rgb(20, 23, 26)" };
    const server = await serve("--event", "syslog");

    for (const [size, [width, height]] of Object.entries(sizes)) {
        const page = await visit(server, { viewport: { width, height }, hasTouch: width < 500 });

        server.say(...numbered(40), "a longer line ".repeat(20), "  indented");
        await rows(page, 42);
        for (const [colorScheme, color] of Object.entries(backgrounds)) {
            await page.emulateMedia({ colorScheme });
            assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width);
            assert.equal(await page.$eval("body", (body) => getComputedStyle(body).backgroundColor),
                color);
            if (shots) {
                mkdirSync(shots, { recursive: true });
                await page.screenshot({ path: join(shots, `ssecat-${size}-${colorScheme}.png`) });
            }
        }
        for (const id of ["filter", "pause", "clear", "copy", "log"]) {
            await page.keyboard.press("Tab");
            assert.equal(await page.evaluate(() => document.activeElement.id), id);
        }
        await context.close();
    }
});
