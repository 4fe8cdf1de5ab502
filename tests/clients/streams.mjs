/* What scenes are made of: streams of lines to a client, through a network, and what has come of them. */
import { setTimeout as sleep } from "node:timers/promises";

import { connect, published, serve, until } from "./serving.mjs";

const LIMIT_MS = 60000; // on a busy machine

/** A client that gets nothing for so long has given up. */
export const IDLE_MS = 6000;

export const lines = (count) => Array.from({ length: count }, (_, n) =>
    `line ${100 + n}: \u00e4 \u65e5 \u{1F680}.`);
export const messages = (events) => events.filter((event) => event.type === "message");
export const lasting = (events) => messages(events).filter((event) => event.data !== "");

/** What some streams, of which each is to be the expected lines, miss or have too much. isCounted: how
 * many they are does not depend on packets. */
export function tally(streams, expected, isCounted = true) {
    let lost = 0, twice = 0, empty = 0, broken = 0, disorder = false, mistaken = false;

    for (const events of streams) {
        const data = events.map((event) => event.data);
        const whole = data.filter((text) => expected.includes(text));
        const found = new Set(whole);
        lost += expected.length - found.size;
        twice += whole.length - found.size;
        empty += data.filter((text) => text === "").length;
        broken += data.filter((text) => text !== "" && !found.has(text)).length;
        disorder ||= [...found].some((text, n, all) => n > 0 && text < all[n - 1]);
        mistaken ||= events.some(({ data, lastEventId }) => lastEventId !== undefined &&
            found.has(data) && !lastEventId.endsWith(`-${expected.indexOf(data) + 1}`));
    }
    if (broken > 0)
        return "broken events"; // how many, and what else, depends on the packets
    return [
        lost && (isCounted ? `${lost} of ${streams.length * expected.length} lost` : "some lost"),
        twice && `${twice} twice`,
        empty && `${isCounted ? empty : "some"} empty`,
        disorder && "out of order",
        mistaken && "wrong ids",
    ].filter(Boolean).join(", ") || "exact";
}

/** Start ssecat for a client, and write lines to it, which it sends from the start. */
export async function send(client, text, ...args) {
    const cors = client.origin ? ["--cors", client.origin, "--cors-credentials"] : [];
    const server = await serve("--from-start", ...(args.includes("--cors") ? [] : cors),
        ...args.map(String));

    say(client, server, text);
    await published(server, text.length);
    return server;
}

export function say(client, server, text) {
    server.say(...text.map((line) => client.wrap?.(line) ?? line));
}

/** The query that asks the peer for what the client shows. */
export function form(client) {
    return client.wrap ? `?form=${encodeURIComponent(client.wrap("%"))}` : "";
}

/** Open a stream, through a network. Returns when the client has asked for it. */
export async function open(client, server, { cut, path = "events", ...options } = {}) {
    const network = await connect(server, cut);
    const url = network.url + path + (path === "events" ? "" : form(client));
    const stream = await client.open(url, { types: [], ...options });

    await until(`a request of ${path}`, () => network.gets().length > 0, LIMIT_MS);
    return { network, stream };
}

/** The messages of a stream up to the last one, once it has come, or none come any more. */
export async function finish({ stream }, last) {
    let events = [], end = -1, since = performance.now();

    await until("the stream is done", async () => {
        const now = messages(await stream.events());
        if (now.length > events.length)
            [events, since] = [now, performance.now()];
        end = events.findIndex((event) => event.data === last);
        return end >= 0 || performance.now() - since > IDLE_MS;
    }, LIMIT_MS);
    return end < 0 ? events : events.slice(0, end + 1);
}

/** Whether the condition comes true within a time. */
export async function within(limit, condition) {
    const end = performance.now() + limit;

    while (!await condition() && performance.now() < end)
        await sleep(20);
    return Boolean(await condition());
}

/** A note where a stream had fewer connections than its scene is about. */
export function over({ network }, connections) {
    const count = network.gets().length;

    return count < connections ? `, over ${count} connections` : "";
}

/** How many bytes the third event of a stream has. */
export async function third(url) {
    const body = (await fetch(url)).body.getReader();
    let blocks;

    for (let text = ""; !(blocks?.length > 3); ) {
        text += Buffer.from((await body.read()).value).toString("latin1");
        blocks = text.split("\n\n").filter((block) => /^data: .*line/m.test(block));
    }
    await body.cancel();
    return blocks[2].length + 2;
}
