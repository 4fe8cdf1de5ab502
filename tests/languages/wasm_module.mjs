/* SPDX-License-Identifier: MIT */
/* What the probe does not see of examples/languages/wasm: its module, its memory, and fetch.mjs.
 *     SSE_WASM=FILE node --expose-gc --test wasm_module.mjs */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { respond, stream } from "../../examples/languages/wasm/fetch.mjs";
import { bytes } from "../../examples/languages/wasm/memory.mjs";
import {
    Channel, Count, SseError, Status, Writer, encode, load,
} from "../../examples/languages/wasm/node.mjs";

const module = readFileSync(process.env.SSE_WASM);
const text = (chunk) => new TextDecoder().decode(chunk);
const joined = (channel) => channel.count(Count.subscribers);

/** Do it until the memory of the module no longer grows, or fail. */
async function settles(what, act) {
    for (let quiet = 0, size = bytes.length, n = 0; quiet < 20; n++) {
        await act();
        globalThis.gc();
        await sleep(1);
        quiet = bytes.length === size ? quiet + 1 : 0;
        size = bytes.length;
        assert.ok(n < 200, `${what}: ${size} bytes`);
    }
}

/** One request to a channel, and the reader of the body. */
function ask(channel, method = "GET", headers = {}, options = {}) {
    const response = respond(channel, new Request("http://localhost/events?x=1", { method, headers }),
        { retryMs: 1500, ...options });

    return { response, status: response.status, reader: response.body?.getReader() };
}

test("the module imports nothing, has 32 KiB at most, and can be loaded again", async () => {
    assert.deepEqual(WebAssembly.Module.imports(new WebAssembly.Module(module)), []);
    assert.ok(module.length <= 32768, `${module.length} bytes`);
    await load("no matter what");
});

test("clients that leave or end, and what is collected, give their memory back", async () => {
    const channel = new Channel("/memory");

    await settles("clients that leave", () => {
        for (let i = 0; i < 200; i++)
            channel.join({ tags: Array(i % 50).keys(), capacity: 1000 + i }).leave();
    });
    await settles("clients that end", () => {
        const client = channel.join();

        client.close();
        while (client.read());
        assert.ok(client.ended);
    });
    await settles("channels with clients", () => new Channel("/dropped").join());
    await settles("writers", () => new Writer({ capacity: 500000 }).send("x"));
    assert.equal(joined(channel), 0);
});

test("nothing holds on to memory that has moved", () => {
    const writer = new Writer();

    writer.send("before");
    for (let size = 1 << 20; size <= 1 << 24; size *= 2)
        assert.equal(encode({ data: "\u20ac".repeat(size / 4) }).length, size / 4 * 3 + 8);
    assert.ok(writer.send("after"));
    assert.equal(text(writer.read()), "data: before\n\ndata: after\n\n");
});

test("what is no text and no number is refused", () => {
    assert.throws(() => encode({ data: 7 }), TypeError);
    assert.throws(() => encode({ data: new Uint16Array(2) }), TypeError);
    for (const tag of [-1, 1.5, NaN, 2 ** 64, -1n, 2n ** 64n])
        assert.throws(() => new Channel("/numbers").publish("x", { tag }), RangeError);
    for (const retryMs of [-1, 1.5, 2 ** 32, "7"])
        assert.throws(() => encode({ data: "x", retryMs }), RangeError);
    assert.throws(() => new Channel("/numbers").join({ stallMs: -1 }), RangeError);
    assert.throws(() => new Channel("/numbers", { events: 0 }), SseError);
});

test("a stream takes what it is asked for, and cancel leaves", async () => {
    const channel = new Channel("/pull");
    const client = channel.join();
    const reader = stream(client).getReader();

    assert.match(text((await reader.read()).value), /^:\n\nevent: place\n/);
    for (let i = 0; i < 3; i++)
        channel.publish("x".repeat(40000));
    await sleep(5);
    assert.equal(client.behind, 3);
    assert.equal((await reader.read()).value.length, 16384);
    await sleep(5);
    assert.equal(client.behind, 2);
    const waits = channel.join()[Symbol.asyncIterator]();
    await waits.next();
    const next = waits.next();
    await waits.return();
    assert.deepEqual(await next, { value: undefined, done: true });
    await reader.cancel();
    assert.equal(client.status, Status.STATE);
    assert.equal(joined(channel), 0);
});

test("a stream ends, or fails where its client stalls", async () => {
    const channel = new Channel("/end", { heartbeatMs: 0 });
    const { reader } = ask(channel);
    const { reader: stalled } = ask(channel, "GET", {}, { stallMs: 50 });

    await reader.read();
    await stalled.read();
    channel.publish("x".repeat(100000));
    await assert.rejects(stalled.closed, { name: "SseError", status: Status.STALLED });
    channel.drain({ retryMs: 1000 });
    let all = "";
    for (let chunk; !(chunk = await reader.read()).done;)
        all += text(chunk.value);
    assert.match(all, /event: farewell\nretry: 1000\ndata: \n\n$/);
    assert.equal(ask(channel).status, 503);
    assert.equal(ask(channel).response.headers.get("retry-after"), "2");
});

test("a request whose answer is refused has not joined", () => {
    const channel = new Channel("/origin");

    for (const origin of ["", "two\nlines"])
        assert.throws(() => ask(channel, "GET", {}, { origin }), { status: Status.FIELD });
    assert.equal(joined(channel), 0);
});

test("a request resumes, or is refused", async () => {
    const channel = new Channel("/request", { epoch: 7 });
    const { reader, response } = ask(channel);

    assert.equal(response.headers.get("content-type"), "text/event-stream");
    const place = /id: (\S+)-0/.exec(text((await reader.read()).value))[1];
    await reader.cancel();
    channel.publish("one");
    channel.publish("two");
    const again = ask(channel, "GET", { "last-event-id": `${place}-1` });
    assert.equal(text((await again.reader.read()).value), `retry: 1500\n\nid: ${place}-2\ndata: two\n\n`);
    await again.reader.cancel();
    const { reader: other } = ask(channel, "GET", { "last-event-id": "\u00c3\u00a4" });
    assert.match(text((await other.read()).value), /event: gap\n/);
    await other.cancel();
    assert.equal(ask(channel, "HEAD").response.body, null);
    assert.equal(ask(channel, "OPTIONS").status, 204);
    assert.equal(ask(channel, "DELETE").status, 405);
    assert.equal(ask(channel, "GET", { accept: "text/html" }).status, 406);
    assert.equal(joined(channel), 0);
});
