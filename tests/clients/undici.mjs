/* ssecat and the EventSource of Node.js:  node undici.mjs SSECAT_PATH
 *
 * What is written to ssecat's standard input has to come out of EventSource, whatever it is, and
 * across restarts. What EventSource makes of cuts, heartbeats and refusals is in scenes.mjs. */
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { need, numbered, serve, serveAgain, skip, until } from "./serving.mjs";

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 18))
    skip(`Node.js ${process.versions.node} is too old for undici 7, which needs 20.18`);

const { EventSource } = await need("undici");

const open = new Set();

afterEach(() => {
    open.forEach((source) => source.close());
    open.clear();
});

/** Listen to a server; returns once it is connected. */
async function listen(server, type = "message") {
    const source = new EventSource(server.events);

    open.add(source);
    source.seen = [];
    source.opened = source.failed = 0;
    source.addEventListener(type, (event) => source.seen.push(event));
    source.addEventListener("open", () => source.opened++);
    source.addEventListener("error", () => source.failed++);
    await until("connected", () => source.opened);
    return source;
}

/** The data of all events, once there are so many. */
async function data(source, count) {
    await until(`${count} events`, () => source.seen.length >= count);
    return source.seen.map((event) => event.data);
}

function split(event) {
    const [, origin, sequence] = /^([0-9a-f]+)-([1-9][0-9]*)$/.exec(event.lastEventId);

    return { origin, sequence: Number(sequence) };
}

test("each line is an event, in order, with an id that counts on", async () => {
    const server = await serve();
    const source = await listen(server);
    const lines = numbered(3000);

    server.say(...lines);
    assert.deepEqual(await data(source, lines.length), lines);
    const ids = source.seen.map(split);
    assert.deepEqual(ids.map((id) => id.sequence), lines.map((_, n) => n + 1));
    assert.equal(new Set(ids.map((id) => id.origin)).size, 1);
    assert.ok(source.seen.every((event) => event.type === "message"));
});

test("a line arrives as it is", async () => {
    const lines = [
        "", " ", "  two ahead", "behind  ", "\ttab\t", ":", ": comment", "data: x", "data:x",
        "data", "id: 7", "event: forged", "retry: 1", "a: b: c", "", "", "\uFEFFmark", "nul \0 nul",
        "\u0085\u2028\u2029 are no breaks", "\u00e4\u00f6\u00fc \u65e5\u672c \u{1F680}", "<b>&amp;",
    ];
    const server = await serve();
    const source = await listen(server);

    server.say(...lines);
    assert.deepEqual(await data(source, lines.length), lines);
});

test("carriage returns are line breaks, at the end of a line with its line feed", async () => {
    const server = await serve();
    const source = await listen(server);

    server.say("a\rb", "\r", "\rid: 7\r\rdata: x", "c\r", "d\r\r");
    assert.deepEqual(await data(source, 5), ["a\nb", "", "\nid: 7\n\ndata: x", "c", "d\n"]);
});

test("a line that comes in pieces is one event, and a huge one is one event or several", async () => {
    const server = await serve();
    const pieces = await serve("--max-line", "60000");
    const source = await listen(server);
    const bytes = Buffer.from("\u65e5\u672c\n");
    const huge = "\u00fc\u65e5".repeat(40000);

    for (const byte of bytes) {
        server.say(Buffer.of(byte));
        await sleep(5);
    }
    assert.deepEqual(await data(source, 1), ["\u65e5\u672c"]);
    server.say(huge);
    assert.equal((await data(source, 2))[1], huge);

    const other = await listen(pieces);
    pieces.say(huge, "end");
    await until("the end", () => other.seen.at(-1)?.data === "end");
    const all = other.seen.slice(0, -1);
    assert.equal(all.map((event) => event.data).join(""), huge);
    assert.ok(all.length > 1 && all.length < 10, `${all.length} pieces`);
});

test("--event gives all events that type", async () => {
    for (const type of ["tick", "a: b", "\u00e4 \u65e5", "Message"]) {
        const server = await serve("--event", type);
        const [own, other] = [await listen(server, type), await listen(server)];

        server.say("x", "", "y");
        assert.deepEqual(await data(own, 3), ["x", "", "y"]);
        assert.ok(own.seen.every((event) => event.type === type));
        assert.deepEqual(other.seen, []);
    }
});

test("every client gets every line, from when it connected", async () => {
    const server = await serve();
    const first = await listen(server);

    server.say("1");
    await data(first, 1);
    const others = await Promise.all(Array.from({ length: 20 }, () => listen(server)));
    server.say("2", "3");
    assert.deepEqual(await data(first, 3), ["1", "2", "3"]);
    for (const source of others)
        assert.deepEqual(await data(source, 2), ["2", "3"]);
});

test("with --wait the input is not read until the clients are there", async () => {
    const server = await serve("--wait", "2");

    server.say("early");
    const first = await listen(server);
    await sleep(100);
    assert.deepEqual(first.seen, []);
    const second = await listen(server);
    assert.deepEqual(await data(first, 1), ["early"]);
    assert.deepEqual(await data(second, 1), ["early"]);
});

test("after a crash of the server the client comes back by itself", async () => {
    const server = await serve("--retry", "100");
    const source = await listen(server);

    server.say("before");
    await data(source, 1);
    assert.equal(await server.end("SIGKILL"), "SIGKILL");
    await until("the loss is noticed", () => source.failed);
    await sleep(300); // some attempts are in vain
    const again = await serveAgain(server, "--retry", "100");
    await until("connected again", () => source.opened === 2);
    again.say("after", "and on");
    assert.deepEqual(await data(source, 3), ["before", "after", "and on"]);
    const [before, after, on] = source.seen.map(split);
    assert.notEqual(before.origin, after.origin);
    assert.deepEqual(on, { origin: after.origin, sequence: after.sequence + 1 });
});

test("on SIGTERM what was read is delivered, and clients come back to the next one", async () => {
    const server = await serve();
    const source = await listen(server);

    server.say("last");
    await data(source, 1);
    assert.equal(await server.end("SIGTERM"), 0);
    await until("the end is noticed", () => source.failed);
    assert.equal(source.readyState, EventSource.CONNECTING);
    const again = await serveAgain(server);
    await until("connected again", () => source.opened === 2); // it was told to wait 1 to 5 s
    again.say("next");
    assert.deepEqual(await data(source, 2), ["last", "next"]);
});

test("at the end of its input ssecat delivers all and ends, or stays if told to", async () => {
    const lines = Array.from({ length: 20000 }, (_, n) => String(n));
    const [ends, stays] = [await serve("--wait", "1"), await serve("--wait", "1", "--stay")];

    for (const server of [ends, stays]) {
        server.say(...lines);
        server.process.stdin.end();
        assert.deepEqual(await data(await listen(server), lines.length), lines);
    }
    assert.equal(await ends.end(), 0);
    await listen(stays);
    assert.equal(await stays.end("SIGINT"), 0);
});

test("a client too many is refused for good", async () => {
    const server = await serve("--max-clients", "1");
    const source = await listen(server);
    const refused = new EventSource(server.events);

    open.add(refused);
    await until("refused", () => refused.readyState === EventSource.CLOSED);
    server.say("x");
    assert.deepEqual(await data(source, 1), ["x"]);
});
