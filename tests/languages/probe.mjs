/* SPDX-License-Identifier: MIT */
/* probe.mjs - the probe of the JavaScript modules:  node probe.mjs MODULE [--gc]
 *
 * MODULE is the path of a module with the names that examples/languages/node/sse.mjs exports, and
 * perhaps load. README.md beside this file has the commands. With --gc, which needs --expose-gc,
 * there is a collection before and after each command. */
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { setImmediate as turn } from "node:timers/promises";
import { pathToFileURL } from "node:url";

const sse = await import(pathToFileURL(resolve(process.argv[2])));
await sse.load?.();

const withGc = process.argv.includes("--gc");
const numbers = new WeakMap(); // of clients, also of those that are forgotten
const clients = new Map();
let writer, channel;

class Thrown extends Error {}

/* Words. */

function text(word) {
    return word === "-" ? undefined : Buffer.from(word === "." ? "" : word, "hex");
}

/** The same as a string, if it is one: a binding has to take both. */
function words(word) {
    const bytes = text(word);
    const string = bytes?.toString();

    return bytes && Buffer.from(string).equals(bytes) ? string : bytes;
}

const hex = (bytes) => Buffer.from(bytes).toString("hex") || ".";

/* Answers. */

const queued = (isQueued) => isQueued ? "ok" : "again";

/** What is known of a client that is over. */
function over({ status }) {
    return status === sse.Status.STATE ? `error ${status}` : `closed ${status}`;
}

function chunk(from, max) {
    const bytes = from.read(Number(max));

    return bytes ? `ok ${hex(bytes)}` : from.ended ? over(from) : "again";
}

const commands = {
    encode(comment, type, id, retry, data) {
        if (data === "-")
            return "skip"; // there are always data
        return "ok " + hex(sse.encode({
            data: words(data), type: words(type), id: words(id), comment: words(comment),
            retryMs: Number(retry),
        }));
    },
    writer(capacity) {
        writer = new sse.Writer({ capacity: Number(capacity) });
    },
    send(type, id, data) {
        return queued(writer.send(words(data), { type: words(type), id: words(id) }));
    },
    comment: (comment) => queued(writer.comment(words(comment))),
    retry: (ms) => queued(writer.retry(Number(ms))),
    read: (max) => chunk(writer, max),
    close: () => writer.close(),
    channel(name, epoch, events, capacity, heartbeat, now) {
        clients.clear();
        channel = new sse.Channel(words(name), {
            epoch: BigInt(epoch), events: Number(events), capacity: Number(capacity),
            heartbeatMs: Number(heartbeat), nowMs: Number(now),
        });
    },
    join(k, header, query, tags, capacity, stall, retry, now) {
        clients.get(k)?.leave();
        clients.delete(k);
        const client = channel.join({
            lastEventId: words(header), query: words(query),
            tags: tags === "-" ? undefined : tags === "." ? [] : tags.split(",").map(BigInt),
            capacity: Number(capacity), stallMs: Number(stall), retryMs: Number(retry),
            nowMs: Number(now),
        });
        clients.set(k, client);
        numbers.set(client, k);
        return client.gap ? "gap" : "ok";
    },
    publish(type, data, tag, key, now) {
        channel.tick(Number(now));
        channel.publish(words(data), { type: words(type), tag: BigInt(tag), key: BigInt(key) });
    },
    tick: (now) => channel.tick(Number(now)),
    ready: () => ["ok", ...Array.from(channel.ready(), (client) => numbers.get(client))].join(" "),
    throw() {
        for (const client of channel.ready())
            throw new Thrown(numbers.get(client));
    },
    take: (k, max) => chunk(clients.get(k), max),
    tell: (k, type, data) => queued(clients.get(k).send(words(data), { type: words(type) })),
    end(k) {
        const client = clients.get(k);

        client.close();
        return client.ended ? over(client) : "ok";
    },
    leave: (k) => clients.get(k).leave(),
    forget: (k) => void clients.delete(k),
    behind: (k) => `ok ${clients.get(k).behind}`,
    count: (counter) => `ok ${channel.count(Number(counter))}`,
    timeout: (now) => `ok ${channel.timeout(Number(now))}`,
    drain(retry, window, limit) {
        channel.drain({ retryMs: Number(retry), windowMs: Number(window), limitMs: Number(limit) });
    },
    accepts: (accept) => `ok ${Number(sse.accepts(words(accept)))}`,
    fields: (status, origin, methods) => ["ok", ...sse.fields({
        status: Number(status), origin: words(origin), methods: words(methods) })
        .map(([name, value]) => `${hex(name)}=${hex(value)}`)].join(" "),
    bench(what, times) {
        const once = benches[what]();
        const start = process.hrtime.bigint();

        for (let i = 0; i < Number(times); i++)
            once();
        return `ok ${(Number(process.hrtime.bigint() - start) / Number(times)).toFixed(1)}`;
    },
};

/* What is measured, prepared by a call. */

const data = "hello from libsse !", type = "tick";

function need(isRight) {
    if (!isRight)
        throw new Error("the bench does not do what it is to measure");
}

const benches = {
    encode: () => () => need(sse.encode({ data, type }).length === 39),
    send() {
        const queue = new sse.Writer({ capacity: 4096 });

        return () => need(queue.send(data, { type }) && queue.read(4096));
    },
    publish() {
        const news = new sse.Channel("bench", { nowMs: 0 });
        const client = news.join({ nowMs: 0 });

        need([...news.ready()].length === 1 && client.read(4096));
        return () => {
            news.publish(data, { type });
            for (const ready of news.ready())
                need(ready.read(4096) && !ready.read(4096));
        };
    },
};

function answer(line) {
    const [name, ...args] = line.split(" ");

    try {
        return commands[name](...args) ?? "ok";
    } catch (e) {
        if (e instanceof Thrown)
            return `thrown ${e.message}`;
        if (e instanceof sse.SseError)
            return `${e.closed ? "closed" : "error"} ${e.status}`;
        throw e;
    }
}

/** Collect, with a turn of the event loop for what is finalized. */
async function collect() {
    globalThis.gc();
    await turn();
}

for await (const line of createInterface({ input: process.stdin })) {
    if (withGc)
        await collect();
    process.stdout.write(answer(line) + "\n");
    if (withGc)
        await collect();
}
