/* ssecat and a browser:  node page.mjs SSECAT_PATH chromium|firefox|webkit [SCREENSHOT_DIR]
 *
 * The browser opens the page that ssecat serves. What the page shows has to be what was written to
 * ssecat's standard input, and the page has to tell how the connection is. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { leave, name, newest, open, rows, shown, state, visit } from "./browsers.mjs";
import { readable } from "./picture.mjs";
import { connect, folder, numbered, published, serve, serveAgain, until } from "./serving.mjs";

const shots = process.argv[4];
const HEADER = ["h1", "#state", "dt", "dd", "button"]; // what one must be able to read
const ANSWERED = /ERR_|status of [245]\d\d|can\u2019t establish a connection|interrupted/;

const bottom = (page) => page.$eval("#log", (log) =>
    log.scrollHeight - log.clientHeight - log.scrollTop < 2);

/** Write into the filter. */
async function fill(page, value) {
    await page.$eval("#filter", (filter) => filter.select());
    await page.keyboard.press("Backspace");
    await page.type("#filter", value);
}

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
    assert.match(await page.$eval("link[rel=icon]", (icon) => icon.href), /^data:image\/svg/);
    const requests = await page.requests();
    assert.deepEqual(requests.filter((url) => !url.startsWith("data:")), [server.url,
        ...(name === "webkit" ? [] : [server.events])], "nothing else is fetched");
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
    assert.equal(await page.$$eval("#lines > * *", (found) => found.length), 0);
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
        await leave();
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
async function publishUnseen(server, network, page, lines, status) {
    const witness = await fetch(server.events);
    let heard = "";

    network.fail(status);
    await state(page, "reconnecting");
    server.say(...lines);
    for await (const bytes of witness.body) {
        heard = (heard + Buffer.from(bytes)).slice(-100000);
        if (heard.includes(`data: ${lines.at(-1)}\n`))
            break;
    }
    if (status)
        await until("what the answer is", async () => (await shown(page, "since")).endsWith(status));
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
    assert.equal(await shown(page, "missed"), "0");
});

test("a connection that fails within an event leaves nothing of it", async () => {
    const server = await serve("--retry", "100", "--from-start");
    const network = await connect(server, (n) => n === 1 && { events: 1, bytes: 32, reset: true });

    server.say("line 1", "line 2", "line 3");
    await published(server, 3);
    const page = await visit(network, { expected: ANSWERED });
    assert.deepEqual(await rows(page, 3), ["line 1", "line 2", "line 3"]);
});

test("the page comes back from a proxy's error page, from before its first line, too", async () => {
    for (const [status, first] of [[502, []], [504, ["1", "2"]]]) {
        const server = await serve("--retry", "200");
        const network = await connect(server);
        const page = await visit(network, { expected: ANSWERED });

        server.say(...first);
        await rows(page, first.length);
        await publishUnseen(server, network, page, ["3", "4"], status);
        server.say("5");
        assert.deepEqual(await rows(page, first.length + 3), [...first, "3", "4", "5"]);
        assert.equal(await shown(page, "missed"), "0");
        await leave();
    }
});

test("the page passes its token on, whenever it asks", async () => {
    const file = join(folder(), "token");
    const token = "a+b/c=~0123456789abcdef";

    writeFileSync(file, token + "\n", { mode: 0o600 });
    const server = await serve("--retry", "200", "--token-file", file);
    const network = await connect(server);
    network.url += "?access_token=" + encodeURIComponent(token);
    const page = await visit(network, { expected: ANSWERED });

    server.say("1");
    await rows(page, 1);
    network.fail(502);
    await until("what the answer is", async () => (await shown(page, "since")).endsWith("502"));
    server.say("2");
    network.recover();
    assert.deepEqual(await rows(page, 2), ["1", "2"]);
    assert.ok(!(await page.evaluate(() => document.body.innerText)).includes(token));
});

test("the page asks less and less often, and stays in step with what is done by hand", async () => {
    const server = await serve("--retry", "100");
    const network = await connect(server);
    const page = await visit(network, { expected: ANSWERED });
    const streams = () => network.asked.filter((line) => line.startsWith("GET /events")).length;
    const wait = () => page.evaluate(() => (window.setTimeout = () => 0)); // for ever

    server.say("1");
    await rows(page, 1);
    network.fail(502);
    const before = streams();
    await until("it asks", () => streams() > before + 2);
    const start = performance.now();
    await until("it asks again", () => streams() > before + 3);
    assert.ok(performance.now() - start > 900, "the fourth time comes soon");
    await wait();
    await until("it waits", async () => (await shown(page, "since")).endsWith("502"));
    network.recover();
    for (const hurry of [
        () => page.click("#again"),
        () => page.evaluate(() => document.dispatchEvent(new Event("visibilitychange"))),
        () => page.evaluate(() => window.dispatchEvent(new Event("online"))),
    ]) {
        await hurry();
        await state(page, "live");
        assert.match(network.asked.at(-1), /^GET \/events\?lastEventId=[0-9a-f]+-1 /);
        network.fail(502);
        await until("it waits", async () => (await shown(page, "since")).endsWith("502"));
        network.recover();
    }
    assert.deepEqual(await rows(page, 1), ["1"]);
});

test("after the end of the input, and after a 204, the page is at its end", async () => {
    const server = await serve("--retry", "100", "--farewell", "bye");
    const [ends, empty] = [await connect(server), await connect(server)];
    const page = await visit(empty, { expected: ANSWERED });

    empty.fail(204);
    await state(page, "ended");
    const asked = empty.asked.length;
    await until("it says so", async () =>
        await shown(page, "empty") === "The stream has ended");

    const other = await visit(ends);
    server.say("last");
    assert.equal(await server.end(), 0);
    await state(other, "ended");
    assert.deepEqual(await rows(other, 1), ["last"]);
    assert.equal(await shown(other, "state"), "Ended");
    assert.match(await shown(other, "since"), /^[0-9]+ s ago$/);
    assert.equal(await other.title(), "Ended \u00b7 ssecat");
    await sleep(1200);
    assert.equal(empty.asked.length, asked);
    assert.equal(ends.asked.filter((line) => line.startsWith("GET /events")).length, 1);

    const again = await serveAgain(server);
    await other.click("#again");
    await state(other, "live");
    assert.equal(await shown(other, "again"), "");
    again.say("x");
    assert.deepEqual(await rows(other, 3), ["last", "The server has been restarted", "x"]);
});

test("a page that may not read the stream does not ask again by itself", async () => {
    for (const status of [401, 403]) {
        const network = await connect(await serve("--retry", "100"));
        const page = await visit(network, { expected: ANSWERED });

        network.fail(status);
        await state(page, "refused");
        const asked = network.asked.length;
        await until("it says so", async () => /does not let/.test(await shown(page, "empty")));
        await sleep(1200);
        assert.equal(network.asked.length, asked);
        network.recover();
        await page.click("#again");
        await state(page, "live");
        await leave();
    }
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
    assert.equal(await shown(page, "missed"), "2");
    server.say(...numbered(1500));
    await until("the note is gone", () =>
        page.evaluate(() => !document.querySelector("#lines .note")));
    assert.equal(await shown(page, "missed"), "2", "it stays in the header");
});

test("lines that a restart has cost are counted as far as the server knows", async () => {
    const args = ["--retry", "200", "--history", "131072"];
    const kept = ["--history-file", join(folder(), "history")];
    const server = await serve(...args, ...kept);
    const network = await connect(server);
    const page = await visit(network);

    server.say("1");
    await rows(page, 1);
    network.fail();
    await server.end("SIGKILL");
    const again = await serveAgain(server, ...args, ...kept);
    again.say(...["a", "b", "c", "d"].map((name) => name.padEnd(60000, "x")));
    await published(again, 4);
    network.recover();
    const found = await rows(page, 4);
    assert.deepEqual(found.map((row) => row.replace(/x+$/, "")),
        ["1", "The server has been restarted, 2 lines missed", "c", "d"]);
    assert.equal(await shown(page, "missed"), "2");

    await again.end("SIGKILL");
    await serveAgain(server, ...args);
    await until("nobody knows", async () => await shown(page, "missed") === "2+");
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
    await until("all events", async () => await shown(page, "count") === "20,000");
    assert.deepEqual(await rows(page, 1000), numbered(1000, 19000));
    assert.ok(await bottom(page));
    assert.match(await shown(page, "older"), /newest 1,000 lines/);
    assert.ok(await page.evaluate(() => document.querySelectorAll("*").length) < 1100);
    const longest = await page.evaluate(() => window.longest);
    assert.ok(longest < 5000, `a frame took ${longest} ms`);

    server.say(...Array(40).fill("x".repeat(60000)), "end");
    await until("the end", async () => await newest(page) === "end");
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
    assert.equal(await newest(page), "line 2299");
    assert.equal(await shown(page, "pause"), "Resume");
    await page.click("#pause");
    await until("the line", async () => await newest(page) === "later");
    await page.setViewport({ width: 1100, height: 400 });
    await until("the end is in sight", () => bottom(page));
});

test("lines can be filtered, copied and cleared", async () => {
    const server = await serve();
    const page = await visit(server);
    const none = () => until("no rows", async () => (await rows(page, 0)).length === 0);

    server.say("  Apple", "pear", "pineAPPLE", "");
    await rows(page, 4);
    await page.click("#copy");
    assert.equal(await page.clipboard(),
        "  Apple\npear\npineAPPLE\n\n");
    await fill(page, "APPLE");
    await until("two are left", async () => await shown(page, "matches") === "2");
    server.say(...numbered(1500), "apples");
    await until("three", async () => await shown(page, "matches") === "3");
    assert.deepEqual(await rows(page, 3), ["  Apple", "pineAPPLE", "apples"]);
    await fill(page, "apples");
    await until("one", async () => await shown(page, "matches") === "1");
    await fill(page, "plum");
    await until("no line", async () => /No line/.test(await shown(page, "empty")));
    await none();
    await fill(page, "");
    assert.deepEqual(await rows(page, 1000), [...numbered(999, 501), "apples"]);
    await page.click("#clear");
    await none();
    await fill(page, "apple");
    await fill(page, "");
    await none();
    server.say("next");
    assert.deepEqual(await rows(page, 1), ["next"]);
    assert.equal(await shown(page, "count"), "1,506");
});

test("another origin may read the stream if --cors says so", async () => {
    for (const [args, expected] of [[["--cors", "*"], "x"], [[], "closed"]]) {
        const [home, server] = [await serve(), await serve(...args)];

        const page = await open(home.url + "healthz", { expected: /CORS|404|ERR_FAILED|Cross-Origin|establish/ });
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
        await leave();
    }
});

test("nothing in the header moves, whatever its values are", async () => {
    const server = await serve("--retry", "100", "--history", "131072");
    const network = await connect(server);
    const page = await visit(network, { expected: ANSWERED });
    const places = async () => {
        const all = [];
        for (const [width, height] of [[1100, 700], [390, 844], [320, 568]]) {
            await page.setViewport({ width, height });
            all.push(await page.$$eval("header, header *", (elements) => elements
                .filter((element) => element.checkVisibility())
                .map((element) => ({ what: element.id || element.tagName, x: element.offsetLeft,
                    y: element.offsetTop, tall: element.matches("header") && element.offsetHeight }))
                .filter(({ what }) => what !== "since" && what !== "matches")));
        }
        return all;
    };

    const before = await places();
    assert.ok(before[0].length > 15);
    server.say(...numbered(12345));
    await until("all", async () => await shown(page, "count") === "12,345");
    await publishUnseen(server, network, page, ["a", "b", "c"].map((x) => x.padEnd(60000)), 502);
    await until("a gap", async () => await shown(page, "missed") !== "0");
    assert.deepEqual(await places(), before);
    network.fail(502);
    await until("it waits", async () => (await shown(page, "since")).endsWith("502"));
    assert.deepEqual(await places(), before);
    await page.click("#pause");
    network.recover();
    await state(page, "live");
    await server.end();
    await state(page, "ended");
    assert.deepEqual(await places(), before);
    await readable(page, await page.screenshot({ encoding: "base64" }), HEADER, "light");
});

test("the page fits the screen, light and dark, and the keyboard reaches everything", async () => {
    const sizes = { desktop: [1100, 700], phone: [390, 844], small: [320, 568] };
    const backgrounds = { light: "rgb(255, 255, 255)", dark: "rgb(20, 23, 26)" };
    const server = await serve("--event", "syslog");

    for (const [scheme, color] of Object.entries(backgrounds)) {
        const page = await visit(server, { scheme });

        server.say(...numbered(40), "a longer line ".repeat(20), "  indented");
        await rows(page, 42);
        for (const id of ["filter", "pause", "clear", "copy", "log"]) {
            await page.keyboard.press("Tab");
            assert.equal(await page.evaluate(() => document.activeElement.id), id);
        }
        await page.evaluate(() => document.activeElement.blur());
        for (const [size, [width, height]] of Object.entries(sizes)) {
            await page.setViewport({ width, height });
            assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width);
            assert.equal(await page.$eval("body", (body) => getComputedStyle(body).backgroundColor),
                color);
            const shot = await page.screenshot({ encoding: "base64" });
            assert.ok(await readable(page, shot, [...HEADER, "#lines > :last-child"], scheme) >= 15, size);
            if (shots) {
                mkdirSync(shots, { recursive: true });
                writeFileSync(join(shots, `${name}-${size}-${scheme}.png`), shot, "base64");
            }
        }
        await leave();
    }
});
