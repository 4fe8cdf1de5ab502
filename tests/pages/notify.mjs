/* examples/pages/notify.c: which user sees what.  node notify.mjs PATH_OF_NOTIFY */
import assert from "node:assert/strict";
import { test } from "node:test";

import { need, start } from "../clients/serving.mjs";

const { EventSourceParserStream } = await need("eventsource-parser/stream");
const ALICE = "notify=rabbit-hole", BOB = "notify=can-we-fix-it";

/** Follow a stream from an id on; each call gives the next event with data. */
async function follow(server, cookie, id = "") {
    const answer = await fetch(server.events, { headers: { cookie, "Last-Event-ID": id } });
    assert.equal(answer.status, 200);
    const events = answer.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream())
        .values();
    const next = async () => {
        const { value } = await events.next();
        return value.data ? value : next();
    };

    next.end = () => events.return();
    return next;
}

test("each user gets their own, and those for all; after a while away, too", async () => {
    const server = await start("0");
    const [alice, bob] = [await follow(server, ALICE), await follow(server, BOB)];

    server.say("alice one", "bob two", "* three");
    const one = await alice();
    assert.deepEqual([one.data, (await alice()).data], ["one", "three"]);
    assert.deepEqual([(await bob()).data, (await bob()).data], ["two", "three"]);
    await alice.end();
    server.say("bob four", "alice five", "* six");
    await Promise.all([bob(), bob()]); // so that they are published
    const again = await follow(server, ALICE, one.id);
    assert.deepEqual([(await again()).data, (await again()).data, (await again()).data], ["three", "five", "six"]);
    await Promise.all([again.end(), bob.end()]);
});

test("the cookie counts wherever it stands among those of other servers", async () => {
    const server = await start("0");
    const status = async (cookie) => (await fetch(server.url, { headers: { cookie } })).status;

    for (const cookie of [ALICE, `a=b; ${BOB}`, `${ALICE}; a=b`, `last_notify=1; ${ALICE}`, `a="notify=x"; ${ALICE}`])
        assert.equal(await status(cookie), 200, cookie);
    for (const cookie of ["", "a=b", "notify=", "notify=rabbit-hol", "notify=rabbit-hole2", `last_${ALICE}`,
        `a="${ALICE}"`])
        assert.equal(await status(cookie), 403, cookie);
});
