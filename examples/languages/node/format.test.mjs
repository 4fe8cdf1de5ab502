/* SPDX-License-Identifier: MIT */
/** A test of the format of one's own events:  node --test */
import assert from "node:assert/strict";
import { test } from "node:test";

import { SseError, Status, encode } from "./sse.mjs";

/** What an application has: its orders as events. */
function encodeOrder({ number, note }) {
    return encode({ data: note, type: "order", id: number, retryMs: 3000 });
}

test("an order is an event", () => {
    const bytes = encodeOrder({ number: "o-17", note: "two cups\nno sugar" });

    assert.equal(new TextDecoder().decode(bytes),
                 "event: order\nid: o-17\nretry: 3000\ndata: two cups\ndata: no sugar\n\n");
});

test("a number with a line break is refused", () => {
    assert.throws(() => encodeOrder({ number: "17\ndata: forged", note: "" }),
                  (error) => error instanceof SseError && error.status === Status.FIELD);
});
