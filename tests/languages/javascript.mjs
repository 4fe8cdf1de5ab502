/* SPDX-License-Identifier: MIT */
/* What the probe does not see of the JavaScript modules, which have one interface:
 *     SSE_MODULE=FILE node --test javascript.mjs */
import assert from "node:assert/strict";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

const { Channel, SseError, Status, Writer, encode } =
    await import(pathToFileURL(process.env.SSE_MODULE));

test("what is no text and no number is refused, and no tag becomes that of everybody", () => {
    const channel = new Channel("/numbers", { nowMs: 0 });

    for (const data of [7, [1], {}, new Uint16Array(2), new ArrayBuffer(2)])
        assert.throws(() => encode({ data }), TypeError);
    for (const tag of ["", "7", [], false, null, NaN, 0.5, -1, 2 ** 64, 2n ** 64n + 5n]) {
        assert.throws(() => channel.publish("x", { tag }), RangeError);
        assert.throws(() => channel.join({ tags: [tag] }), RangeError);
    }
    for (const nowMs of [0.5, -1, NaN, "5"]) {
        assert.throws(() => channel.tick(nowMs), RangeError);
        assert.throws(() => channel.timeout(nowMs), RangeError);
        assert.throws(() => channel.join({ nowMs }), RangeError);
        assert.throws(() => new Channel("/numbers", { nowMs }), RangeError);
    }
    for (const max of [-1, 0.5, 2 ** 32])
        assert.throws(() => new Writer().read(max), RangeError);
    assert.equal(channel.count(0), 0);
    assert.equal(channel.count(3), 0);
});

test("after a channel that is too large, all goes on", () => {
    assert.throws(() => new Channel("/large", { capacity: 2 ** 32 })); // more than a history can have
    const channel = new Channel("/small");
    const client = channel.join();
    channel.publish("x".repeat(100000));
    assert.ok(client.read(200000).length > 100000);
});

test("the time is the caller's until a client is iterated", () => {
    const channel = new Channel("/time", { heartbeatMs: 5, nowMs: 0 });
    const client = channel.join(); // the process is older than 8 ms

    client.read();
    assert.equal(client.read(), null);
    channel.tick(8);
    assert.equal(new TextDecoder().decode(client.read()), ":\n\n");
});

test("after it has left or ended, a client reads nothing and refuses", () => {
    const channel = new Channel("/over");
    const left = channel.join(), ended = channel.join();

    left.leave();
    left.leave();
    left.close();
    assert.deepEqual([left.read(), left.ended, left.status, left.behind], [null, true, Status.STATE, 0]);
    assert.throws(() => left.send("x"), { status: Status.STATE, closed: false });
    ended.close();
    ended.close();
    while (ended.read());
    ended.leave();
    assert.equal(ended.status, Status.END);
    assert.throws(() => ended.send("x"), (error) => error instanceof SseError && error.closed);
});

test("an iterator that waits ends when it is returned, or its client leaves or closes", async () => {
    const channel = new Channel("/waits");
    const done = { value: undefined, done: true };

    for (const end of [(chunks) => chunks.return(), (_, client) => client.leave(),
                       (_, client) => client.close()]) {
        const client = channel.join();
        const chunks = client[Symbol.asyncIterator]();

        await chunks.next();
        const waiting = [chunks.next(), chunks.next()];
        await end(chunks, client);
        assert.deepEqual(await Promise.all(waiting), [done, done]);
        assert.deepEqual(await chunks.next(), done);
    }
    assert.equal(channel.count(0), 0);
});
