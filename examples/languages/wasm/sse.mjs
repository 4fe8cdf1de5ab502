/* SPDX-License-Identifier: MIT */
/**
 * Server-Sent Events for any JavaScript: browsers, Service Workers, Deno, Bun, edge runtimes, Node.js.
 * `sh build.sh FOLDER` makes FOLDER/sse.wasm; serve it and the modules from one folder.
 *
 *     import { load, Channel } from "./sse.mjs";
 *     await load();                                   // or a URL, a Response, bytes, a module
 *     const channel = new Channel("/events");
 *     const client = channel.join({ lastEventId: request.headers.get("last-event-id") });
 *     channel.publish("hello", { type: "greeting" });
 *     for await (const chunk of client) send(chunk);  // fetch.mjs answers a Request with that
 *
 * From the first client on that is iterated, a channel keeps the time and wakes its clients. Before that
 * nothing happens by itself: call tick, ready and read.
 *
 * A client stays in its channel until its stream is over or it leaves, as a listener stays with its
 * emitter; then its memory is free. A channel is collected with its clients. The memory of the module
 * grows as needed and never shrinks. Nothing is shared with other workers: each loads its own module.
 *
 * @module
 */
import { Block, Scratch, bytes, decode, length, out, put, u32, u64, view, wasm } from "./memory.mjs";

export { load } from "./memory.mjs";

/** @typedef {string | Uint8Array} Text  A string is sent as UTF-8, lone surrogates as U+FFFD. */
/** @typedef {{ type?: Text, id?: Text }} Parts  undefined, null: absent; "": present and empty. */
/** @typedef {number | bigint} Integer  Of 64 bits, not below 0; others throw a RangeError. */
/**
 * @typedef {object} Joining
 * @property {Text | null} [lastEventId]  the value of its Last-Event-ID field
 * @property {Text | null} [query]  that of its URL, which may have the id, too
 * @property {Iterable<Integer>} [tags]  it sees the events with these tags, and with tag 0
 * @property {number} [stallMs]  it is cut off if it takes nothing of what there is for so long
 * @property {number} [capacity]  of its queue in bytes, at least 512
 * @property {number} [retryMs]  its reconnection time
 */

/** The results of the library. Those below -100 are reasons for which it closes a client. */
export const Status = Object.freeze({
    OK: 0, AGAIN: 1, END: 2, GAP: 3, ARG: -1, RANGE: -2, TOOBIG: -3, FIELD: -4, SPACE: -5, STATE: -6,
    BUSY: -7, IO: -101, TORN: -102, LAGGED: -103, STALLED: -104, OLD: -105,
});

/** What {@link Channel.count} counts. */
export const Count = Object.freeze({
    subscribers: 0, joined: 1, resumed: 2, events: 3, bytes: 4, gaps: 5, closed: 6, heartbeats: 7,
});

const PREFLIGHT = 0x400, GAPS = 0x2000;
const kSoon = Symbol("soon"), kWake = Symbol("wake");
const output = new Scratch();
const now = () => Math.floor(performance.now());

/** What the library has refused, or why a stream is over. */
export class SseError extends Error {
    name = "SseError";

    /** @param {number} status  of {@link Status} */
    constructor(status) {
        super(decode(wasm.sse_status_text(status)));
        this.status = status;
        /** Whether the stream is over. */
        this.closed = wasm.sse_status_closed(status) === 1;
    }
}

/** @param {number} status */
function check(status) {
    if (status < 0)
        throw new SseError(status);
    return status;
}

/** The bytes that a call has written, the length of which it has told. */
const written = () => bytes.slice(output.at, output.at + length());

/**
 * Encode one event. It always has data.
 * @param {Parts & { data?: Text, comment?: Text, retryMs?: number }} [event]
 * @returns {Uint8Array}
 * @throws {SseError} FIELD: a type or an id with a line break, say; RANGE: retryMs
 */
export function encode({ data, type, id, comment, retryMs = 0 } = {}) {
    const parts = put(comment, type, id, data);

    parts.splice(6, 0, u32(retryMs));
    for (let size = 1; ; size = length()) {
        const at = output.fit(size);
        const status = wasm.sse_event_encode_parts(...parts, at, output.size, out);

        if (status !== Status.SPACE)
            return check(status), written();
    }
}

/**
 * Whether a client takes a stream; if not, answer 406.
 * @param {string | null} [accept]  the value of its Accept field
 */
export function accepts(accept) {
    return wasm.sse_http_accepts(...put(accept)) === 1;
}

/**
 * The fields of an answer: the stream, a refusal, or 204 for OPTIONS. A name may occur twice.
 * @param {{ origin?: string, status?: number, flags?: number, retryMs?: number,
 *     methods?: string }} [answer]  origin: "*", or the one whose pages may read it; retryMs: for
 *     Retry-After; methods: of the route, for Allow
 * @returns {[name: string, value: string][]}
 */
export function fields({ origin, status = 200, flags = status === 204 ? PREFLIGHT : 0,
                         retryMs = 0, methods } = {}) {
    const answer = [0, status, flags, u32(retryMs), ...put(origin, methods)];
    const at = output.fit(answer[5] + answer[7] + 256); // the other names and values are shorter
    /** @type {[string, string][]} */
    const list = [];

    while (check(wasm.sse_http_field_parts(...answer, list.length, at, output.size, out, out + 4)) !==
        Status.END)
        list.push([decode(at, length()), decode(at + length() + 1, length(1))]);
    return list;
}

/** One client without a channel: a bounded queue of whole events. */
export class Writer {
    #at;
    /** Whether it is closed, and every byte was read. */
    ended = false;

    /** @param {{ capacity?: number }} [options]  in bytes, at least 64 */
    constructor({ capacity = 65536 } = {}) {
        const size = u32(capacity) + wasm.sse_writer_overhead();

        this.#at = new Block(this, size).at;
        if (wasm.sse_writer_init(this.#at, size, 0) === 0)
            throw new SseError(Status.ARG);
    }

    /** OK, or END once it has ended. */
    get status() { return this.ended ? Status.END : Status.OK; }

    /**
     * Queue an event, whole or not at all.
     * @param {Text} data
     * @param {Parts} [parts]
     * @returns {boolean}  false: it is full, and the event is not queued; send it again after a read
     * @throws {SseError} FIELD; TOOBIG: it never fits; STATE: the writer is closed
     */
    send(data, { type, id } = {}) {
        return check(wasm.sse_writer_send_parts(this.#at, ...put(type, id, data))) === Status.OK;
    }

    /** Queue a comment, which clients ignore; as send. @param {Text} [text] */
    comment(text) { return check(wasm.sse_writer_comment(this.#at, ...put(text))) === Status.OK; }

    /** Queue a reconnection time; as send. @param {number} ms */
    retry(ms) { return check(wasm.sse_writer_retry(this.#at, u32(ms))) === Status.OK; }

    /**
     * Take bytes for the transport.
     * @returns {Uint8Array | null}  null: nothing now, or nothing any more, if it has ended
     */
    read(max = 16384) {
        const status = check(wasm.sse_writer_read(this.#at, output.fit(u32(max)), max, out));

        this.ended = status === Status.END;
        return status === Status.OK ? written() : null;
    }

    /** End the stream after what is queued. */
    close() { wasm.sse_writer_close(this.#at); }
}

/** A stream for any number of clients, with a history for those that come back. */
export class Channel {
    #at;
    /** @type {Map<number, Client>} */
    #clients = new Map();
    #isAutomatic = false;
    /** @type {Promise<void> | undefined} */
    #soon;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    #timer;

    /**
     * @param {Text} name  another one for each channel of a program: the path of the stream, say
     * @param {object} [options]
     * @param {Integer} [options.epoch]  another one for each run; 0: the ids are those of publish
     * @param {number} [options.events]  the most events that the history keeps
     * @param {number} [options.capacity]  the most bytes of events that it keeps
     * @param {number} [options.heartbeatMs]  0: none
     * @param {Integer} [options.nowMs]  a monotonic clock, here and below
     */
    constructor(name, { epoch = Date.now(), events = 1000, capacity = 1 << 20, heartbeatMs = 15000,
                        nowMs = now() } = {}) {
        const head = wasm.sse_channel_size(); // a multiple of 8
        const size = wasm.sse_history_size(u32(events), u32(capacity)) >>> 0;

        this.#at = new Block(this, head + size).at;
        const history = wasm.sse_history_init(this.#at + head, size, events, 0, u64(epoch),
                                              ...put(name));
        check(wasm.sse_channel_init(this.#at, history, u32(heartbeatMs), 0, u64(nowMs)));
    }

    /**
     * Publish an event to all clients that may see it.
     * @param {Text} data
     * @param {Parts & { tag?: Integer, key?: Integer }} [parts]  tag: for those that have joined with
     *     it; 0: for all. id: only if the epoch is 0
     * @throws {SseError} FIELD, TOOBIG: nothing was published
     */
    publish(data, { type, id, tag = 0, key = 0 } = {}) {
        this[kSoon]();
        check(wasm.sse_channel_publish_parts(this.#at, ...put(type, id, data), u64(tag), u64(key)));
    }

    /** Set the time: heartbeats and farewells are sent, clients that stall are closed.
     * @param {Integer} [nowMs] */
    tick(nowMs = now()) {
        wasm.sse_channel_tick(this.#at, u64(nowMs));
        this[kSoon]();
    }

    /** The milliseconds until tick is due; -1: nothing will be due by itself.
     * @param {Integer} [nowMs]
     * @returns {number} */
    timeout(nowMs = now()) { return wasm.sse_channel_timeout(this.#at, u64(nowMs)); }

    #next() {
        const client = this.#clients.get(wasm.sse_channel_next(this.#at) >>> 0);

        client?.[kWake]();
        return client;
    }

    /** The clients that have something to read, or that the library has closed, each of them once. */
    *ready() {
        for (let client; (client = this.#next());)
            yield client;
    }

    /**
     * Send all clients away, each with what was published before, a farewell and the end.
     * @param {{ retryMs?: number, windowMs?: number, overMs?: number, limitMs?: number }} [options]
     *     they return after retryMs to retryMs + windowMs; the farewells are spread over overMs;
     *     after limitMs, those that are still there are cut off
     * @throws {SseError} STATE: it drains already
     */
    drain({ retryMs = 0, windowMs = 0, overMs = 0, limitMs = 0 } = {}) {
        this[kSoon]();
        check(wasm.sse_channel_drain(this.#at, 0, 0, 0, 0, u32(retryMs), u32(windowMs), u32(overMs),
                                     u32(limitMs)));
    }

    /** @param {number} counter  of {@link Count} */
    count(counter) { return Number(wasm.sse_channel_count(this.#at, counter)); }

    /**
     * Add a client, at the place where it was.
     * @param {Joining & { nowMs?: Integer }} [options]
     * @throws {SseError} STATE: the channel drains, answer 503
     */
    join({ nowMs, ...options } = {}) {
        if (nowMs !== undefined)
            this.tick(nowMs);
        return new Client(this, this.#clients, this.#at, options);
    }

    /** If the channel keeps the time: set it, and look what there is to do after what follows. */
    [kSoon](isAutomatic = this.#isAutomatic) {
        this.#isAutomatic = isAutomatic;
        if (isAutomatic) {
            wasm.sse_channel_tick(this.#at, u64(now()));
            this.#soon ??= Promise.resolve().then(() => this.#look());
        }
    }

    #look() {
        this.#soon = undefined;
        while (this.#next());
        clearTimeout(this.#timer);
        const ms = this.timeout();
        this.#timer = ms < 0 ? undefined : setTimeout(() => this[kSoon](), ms);
    }
}

/** One client of a channel, which makes it: an async iterable of chunks of bytes. */
export class Client {
    #channel;
    #clients;
    #block;
    #abort = new AbortController();
    #wake = () => {};
    /** @type {Promise<void> | undefined} */
    #change;
    /** @type {number} */
    #status = Status.OK;

    /**
     * @param {Channel} channel
     * @param {Map<number, Client>} clients
     * @param {number} channelAt
     * @param {Joining} options
     * @ignore
     */
    constructor(channel, clients, channelAt, { lastEventId, query, tags, stallMs = 0,
                                               capacity = 33792, retryMs = 0 }) {
        const filter = tags && BigUint64Array.from(new Set(Array.from(tags, u64))).sort();
        const [stall, retry] = [u32(stallMs), u32(retryMs)];
        const size = u32(capacity) + wasm.sse_writer_overhead();
        const head = wasm.sse_subscriber_size(); // a multiple of 8
        const list = head + Math.ceil(size / 8) * 8;
        const block = new Block(this, list + 8 * (filter?.length ?? 0));
        const { at } = block;

        try {
            bytes.fill(0, at, at + head);
            const queue = wasm.sse_writer_init(at + head, size, 0);
            check(wasm.sse_http_send_parts(0, 200, 0, retry, 0, 0, 0, queue));
            /** Whether events that it missed are gone: an event of type gap says so. */
            this.gap = check(wasm.sse_subscriber_join(at, channelAt, queue, 0, GAPS,
                                                      ...put(lastEventId, query))) === Status.GAP;
        } catch (error) {
            block.free();
            throw error;
        }
        filter?.forEach((tag, n) => view.setBigUint64(at + list + 8 * n, tag, true));
        if (filter)
            wasm.sse_subscriber_set_filter(at, at + list, filter.length);
        wasm.sse_subscriber_set_limits(at, 0, stall, 0);
        this.#channel = channel;
        this.#clients = clients.set(at, this);
        this.#block = block;
        channel[kSoon]();
    }

    /** OK; END: the stream is complete; STATE: it has left; else why the library has closed it. */
    get status() { return this.#status; }

    /** Whether the stream is over. */
    get ended() { return this.#status !== Status.OK; }

    /** Aborts when the library closes the client, so that a write that is blocked is given up. */
    get signal() { return this.#abort.signal; }

    /** How many events it has not taken yet. */
    get behind() {
        return this.ended ? 0 : Number(wasm.sse_subscriber_behind(this.#block.at));
    }

    /**
     * Take bytes for the transport.
     * @returns {Uint8Array | null}  null: nothing now, or nothing any more, if it has ended
     */
    read(max = 16384) {
        if (this.ended)
            return null;
        const at = output.fit(u32(max));
        return this.#learn(wasm.sse_subscriber_read(this.#block.at, at, max, out)) === Status.OK
            ? written() : null;
    }

    /**
     * Queue an event for this client alone; as {@link Writer.send}.
     * @param {Text} data
     * @param {Parts} [parts]
     * @throws {SseError} also the status of a stream that is over
     */
    send(data, { type, id } = {}) {
        this.#channel[kSoon]();
        const status = this.ended ? this.#status
            : this.#learn(wasm.sse_subscriber_send_parts(this.#block.at, ...put(type, id, data)));
        if (this.ended)
            throw new SseError(this.#status);
        return status === Status.OK;
    }

    /** End the stream after what was published and sent. */
    close() {
        this.#channel[kSoon]();
        if (!this.ended)
            this.#learn(wasm.sse_subscriber_close(this.#block.at));
    }

    /** Leave at once, for a connection that is lost. If the stream is over, this does nothing. */
    leave() {
        if (this.ended)
            return;
        wasm.sse_subscriber_leave(this.#block.at);
        this.#end(Status.STATE);
    }

    /**
     * The bytes as they come, until the stream is over; a loop that ends before leaves the channel.
     * @returns {AsyncIterator<Uint8Array, undefined>}
     * @throws {SseError} the library has closed the client
     */
    [Symbol.asyncIterator]() {
        this.#channel[kSoon](true);
        return {
            next: async () => {
                for (;;) {
                    const value = this.read();

                    if (value)
                        return { value, done: false };
                    this.signal.throwIfAborted();
                    if (this.ended)
                        return { value: undefined, done: true };
                    await (this.#change ??= new Promise((resolve) => { this.#wake = resolve; }));
                }
            },
            return: async () => {
                this.leave();
                return { value: undefined, done: true };
            },
        };
    }

    /** There is something to read, or it is over. */
    [kWake]() {
        if (!this.ended)
            this.#learn(wasm.sse_subscriber_status(this.#block.at));
        this.#change = undefined;
        this.#wake();
    }

    /** As check, where a status may say that the stream is over. @param {number} status */
    #learn(status) {
        if (wasm.sse_status_closed(status) === 0)
            return check(status);
        this.#end(status);
        return status;
    }

    /** @param {number} status */
    #end(status) {
        this.#status = status;
        this.#clients.delete(this.#block.at);
        this.#block.free();
        if (status <= Status.IO)
            this.#abort.abort(new SseError(status));
        this.#channel[kSoon]();
        this[kWake]();
    }
}
