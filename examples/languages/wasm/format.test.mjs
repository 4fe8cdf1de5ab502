/* SPDX-License-Identifier: MIT */
/* What the events of an application look like:  SSE_WASM=build/sse.wasm node --test */
import assert from "node:assert/strict";
import { test } from "node:test";

import { SseError, Status, encode } from "./node.mjs";

/** An event of the shop. */
function ordered(order) {
    return encode({ type: "order", id: order.id, data: JSON.stringify(order) });
}

test("an order is an event with the order's id", () => {
    const bytes = ordered({ id: "o-7", total: 12 });

    assert.equal(new TextDecoder().decode(bytes),
        'event: order\nid: o-7\ndata: {"id":"o-7","total":12}\n\n');
});

test("an id with a line break is refused", () => {
    assert.throws(() => ordered({ id: "7\ndata: forged" }), (error) =>
        error instanceof SseError && error.status === Status.FIELD);
});
