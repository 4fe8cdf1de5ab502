/* SPDX-License-Identifier: MIT */
/**
 * Server-Sent Events for Node.js: libsse through koffi. `npm install` gets koffi; the library is
 * libsse.so.0.2, or what the environment variable SSE_LIBRARY names.
 *
 *     const channel = new Channel("/events");
 *     http.createServer((request, response) => {
 *         const client = channel.join({ lastEventId: request.headers["last-event-id"] });
 *         response.writeHead(200, Object.fromEntries(fields()));
 *         pipeline(Readable.from(client), response, { signal: client.signal }).catch(() => {});
 *     }).listen(8080);
 *     channel.publish("hello", { type: "greeting" });
 *
 * From the first client on that is iterated, as Readable.from does, a channel keeps the time and
 * wakes its clients. Before that nothing happens by itself: call tick, ready and read.
 *
 * A client stays in its channel until its stream is over or it leaves, as a listener stays with its
 * emitter. A channel is collected with its clients. There is no lock, and no need of one: an object
 * belongs to one thread, since a Worker loads a module of its own.
 *
 * @module
 */
import koffi from "koffi";

/** @typedef {string | Uint8Array} Text  A string is sent as UTF-8, lone surrogates as U+FFFD. */
/** @typedef {{ type?: Text, id?: Text }} Parts  undefined, null: absent; "": present and empty. */
/** @typedef {number | bigint} Integer  Of 64 bits, not below 0; others throw a RangeError. */

const library = koffi.load(process.env.SSE_LIBRARY ?? "libsse.so.0.2");

/** What is used of the library: see its headers. TEXT is an address and a length. */
const c = Object.fromEntries(`
    str sse_status_text(int); int sse_http_accepts(TEXT);
    int sse_event_encode_parts(TEXT, TEXT, TEXT, uint32_t, TEXT, void *, size_t, void *);
    int sse_http_field_parts(int, int, uint32_t, uint32_t, TEXT, TEXT, size_t, void *, size_t,
                             void *, void *);
    int sse_http_send_parts(int, int, uint32_t, uint32_t, int, TEXT, void *);
    void *sse_writer_init(void *, size_t, uint32_t); size_t sse_writer_overhead();
    int sse_writer_send_parts(void *, TEXT, TEXT, TEXT); int sse_writer_comment(void *, TEXT);
    int sse_writer_retry(void *, uint32_t); int sse_writer_close(void *);
    int sse_writer_read(void *, void *, size_t, void *);
    void *sse_history_init(void *, size_t, uint32_t, uint32_t, uint64_t, TEXT);
    size_t sse_history_size(uint32_t, size_t); size_t sse_channel_size();
    int sse_channel_init(void *, void *, uint32_t, uint32_t, uint64_t);
    int sse_channel_publish_parts(void *, TEXT, TEXT, TEXT, uint64_t, uint64_t);
    int sse_channel_tick(void *, uint64_t); int sse_channel_timeout(void *, uint64_t);
    void *sse_channel_next(void *); uint64_t sse_channel_count(void *, int);
    int sse_channel_drain(void *, TEXT, TEXT, uint32_t, uint32_t, uint32_t, uint32_t);
    int sse_subscriber_join(void *, void *, void *, void *, uint32_t, TEXT, TEXT);
    int sse_subscriber_set_filter(void *, void *, size_t); size_t sse_subscriber_size();
    int sse_subscriber_set_limits(void *, uint32_t, uint32_t, uint32_t);
    int sse_subscriber_send_parts(void *, TEXT, TEXT, TEXT); int sse_subscriber_close(void *);
    int sse_subscriber_read(void *, void *, size_t, void *); int sse_subscriber_leave(void *);
    int sse_subscriber_status(void *); uint64_t sse_subscriber_behind(void *)
`.replaceAll("TEXT", "str, size_t").split(";").map((prototype) => {
    const f = library.func(prototype);

    return [f.info.name.replace("sse_", ""), f];
}));

/** The results of the library. Those below -100 are reasons for which it closes a client. */
export const Status = Object.freeze({
    OK: 0, AGAIN: 1, END: 2, GAP: 3,
    ARG: -1, RANGE: -2, TOOBIG: -3, FIELD: -4, SPACE: -5, STATE: -6, BUSY: -7,
    IO: -101, TORN: -102, LAGGED: -103, STALLED: -104, OLD: -105,
});

/** What {@link Channel.count} counts. */
export const Count = Object.freeze({
    subscribers: 0, joined: 1, resumed: 2, events: 3, bytes: 4, gaps: 5, closed: 6, heartbeats: 7,
});

const PREFLIGHT = 0x400, GAPS = 0x2000;

/** @param {number} status */
const isClosed = (status) => status === Status.END || status <= Status.IO;

/** What the library has refused, or why a stream is over. */
export class SseError extends Error {
    name = "SseError";

    /** @param {number} status  of {@link Status} */
    constructor(status) {
        super(c.status_text(status));
        this.status = status;
        /** Whether the stream is over. */
        this.closed = isClosed(status);
    }
}

/** @param {number} status */
function check(status) {
    if (status < 0 || status === Status.END)
        throw new SseError(status);
    return status;
}

/**
 * koffi would cut off the high bits, and pass NaN as 0: the tag of events that everybody may see.
 * @param {number} number
 */
function u32(number) {
    if (number >>> 0 !== number)
        throw new RangeError(`${number} is no whole number of 32 bits`);
    return number;
}

/** BigInt("") is 0, as BigInt(false) is: a tag for everybody. @param {Integer} number */
function u64(number) {
    if ((typeof number !== "bigint" && !Number.isInteger(number)) || number < 0 || number >= 2 ** 64)
        throw new RangeError(`${number} is no whole number of 64 bits`);
    return BigInt(number);
}

/**
 * A text as C has it. koffi passes an empty array as NULL, which would mean absent.
 * @param {Text | null} [text]
 * @returns {[Text | null, number]}
 */
function range(text) {
    if (text === undefined || text === null)
        return [null, 0];
    if (typeof text !== "string" && !(text instanceof Uint8Array))
        throw new TypeError("a text is a string or a Uint8Array");
    const length = Buffer.byteLength(text);
    return [length === 0 ? "" : text, length];
}

/**
 * The parts of an event, in the order of the wire.
 * @param {Text} data
 * @param {Parts} parts
 */
const event = (data, { type, id }) => [...range(type), ...range(id), ...range(data)];

const scratch = Buffer.alloc(65536);
const lengths = [new Uint32Array(2), new Uint32Array(2)]; // size_t, below 2^32: one half is 0
const length = (i = 0) => lengths[i][0] + lengths[i][1];
const now = () => Math.floor(performance.now());

/**
 * Take bytes from a writer or a client.
 * @param {Function} read
 * @param {bigint | Uint8Array} from
 * @param {number} max
 * @returns {{ status: number, chunk: Uint8Array | null }}
 */
function take(read, from, max) {
    const to = u32(max) <= scratch.length ? scratch : Buffer.alloc(max);
    const status = read(from, to, max, lengths[0]);

    return { status, chunk: status === Status.OK ? Buffer.from(to.subarray(0, length())) : null };
}

/**
 * Encode one event. It always has data.
 * @param {Parts & { data?: Text, comment?: Text, retryMs?: number }} [event]
 * @returns {Uint8Array}
 * @throws {SseError} FIELD: a type or an id with a line break, say; RANGE: retryMs
 */
export function encode({ data = "", type, id, comment, retryMs = 0 } = {}) {
    const parts = [...range(comment), ...range(type), ...range(id), u32(retryMs),
                   ...range(data)];

    for (let to = scratch; ; to = Buffer.alloc(length())) {
        const status = c.event_encode_parts(...parts, to, to.length, lengths[0]);

        if (status !== Status.SPACE) {
            check(status);
            return Buffer.from(to.subarray(0, length()));
        }
    }
}

/**
 * Whether a client takes a stream; if not, answer 406.
 * @param {string} [accept]  the value of its Accept field
 */
export function accepts(accept) {
    return c.http_accepts(...range(accept)) === 1;
}

/**
 * The fields of an answer: the stream, a refusal, or 204 for OPTIONS. A name may occur twice.
 * @param {{ origin?: string, status?: number, retryMs?: number, methods?: string }} [answer]
 *     origin: "*", or the one whose pages may read it; retryMs: for Retry-After; methods: of the
 *     route, for Allow
 * @returns {[name: string, value: string][]}
 */
export function fields({ origin, status = 200, retryMs = 0, methods } = {}) {
    const answer = [0, status, status === 204 ? PREFLIGHT : 0, u32(retryMs), ...range(origin),
                    ...range(methods)];
    /** @type {[string, string][]} */
    const list = [];

    for (;;) {
        const result =
            c.http_field_parts(...answer, list.length, scratch, scratch.length, ...lengths);

        if (result === Status.END)
            return list;
        check(result);
        const [name, value] = scratch.toString("utf8", 0, length(0) + 1 + length(1)).split("\0");
        list.push([name, value]);
    }
}

/** One client without a channel: a bounded queue of whole events. */
export class Writer {
    #memory;
    /** Whether it is closed, and every byte was read. */
    ended = false;

    /** @param {{ capacity?: number }} [options]  in bytes, at least 64 */
    constructor({ capacity = 65536 } = {}) {
        this.#memory = new Uint8Array(c.writer_overhead() + u32(capacity));
        if (c.writer_init(this.#memory, this.#memory.length, 0) === null)
            throw new SseError(Status.ARG);
    }

    /** OK, or END once it has ended. */
    get status() { return this.ended ? Status.END : Status.OK; }

    /**
     * Queue an event, whole or not at all.
     * @param {Text} data
     * @param {Parts} [parts]
     * @returns {boolean}  false: it is full, and nothing is queued: send it again after a read
     * @throws {SseError} FIELD; TOOBIG: it never fits; STATE: the writer is closed
     */
    send(data, parts = {}) {
        return check(c.writer_send_parts(this.#memory, ...event(data, parts))) === Status.OK;
    }

    /** Queue a comment, which clients ignore; as send. @param {Text} [text] */
    comment(text) { return check(c.writer_comment(this.#memory, ...range(text))) === Status.OK; }

    /** Queue a reconnection time; as send. @param {number} ms */
    retry(ms) { return check(c.writer_retry(this.#memory, u32(ms))) === Status.OK; }

    /**
     * Take bytes for the transport.
     * @returns {Uint8Array | null}  null: nothing now, or nothing any more, if it has ended
     */
    read(max = 16384) {
        const { status, chunk } = take(c.writer_read, this.#memory, max);

        this.ended = status === Status.END;
        return this.ended || check(status) ? null : chunk;
    }

    /** End the stream after what is queued. */
    close() { c.writer_close(this.#memory); }
}

/* The library keeps addresses of channels and clients, so koffi wants their memory outside of the heap
 * of JavaScript. A client frees its own when it is over; this is for channels, and for the clients
 * that are collected with theirs. It does not call the library. */
const registry = new FinalizationRegistry(koffi.free);

const kSoon = Symbol("soon"), kWake = Symbol("wake");

/** A stream for any number of clients, with a history for those that come back. */
export class Channel {
    #at;
    /** @type {Map<bigint, Client>} */
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
        const size = c.channel_size(), historySize = c.history_size(u32(events), u32(capacity));

        this.#at = koffi.alloc("uint8_t", size + historySize);
        registry.register(this, this.#at);
        const history = c.history_init(this.#at + BigInt(size), historySize, events, 0, u64(epoch),
                                       ...range(name));
        check(c.channel_init(this.#at, history, u32(heartbeatMs), 0, u64(nowMs)));
    }

    /**
     * Publish an event to all clients that may see it.
     * @param {Text} data
     * @param {Parts & { tag?: Integer, key?: Integer }} [parts]  tag: for those that joined with it;
     *     0: for all. key: it stands for what the event is about. id: only if the epoch is 0
     * @throws {SseError} FIELD, TOOBIG: nothing was published
     */
    publish(data, { tag = 0, key = 0, ...parts } = {}) {
        this[kSoon]();
        check(c.channel_publish_parts(this.#at, ...event(data, parts), u64(tag), u64(key)));
    }

    /** Set the time: heartbeats and farewells are sent, clients that stall are closed. */
    tick(nowMs = now()) {
        c.channel_tick(this.#at, u64(nowMs));
        this[kSoon]();
    }

    /** The milliseconds until tick is due; -1: nothing will be due by itself. @returns {number} */
    timeout(nowMs = now()) { return c.channel_timeout(this.#at, u64(nowMs)); }

    #next() {
        const at = c.channel_next(this.#at);
        const client = this.#clients.get(at);

        client?.[kWake](c.subscriber_status(at));
        return client;
    }

    /** The clients that have something to read, or that the library has closed, each once. */
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
        const times = [retryMs, windowMs, overMs, limitMs].map(u32);

        this[kSoon]();
        check(c.channel_drain(this.#at, null, 0, null, 0, ...times));
    }

    /** @param {number} counter  of {@link Count} */
    count(counter) { return Number(c.channel_count(this.#at, counter)); }

    /**
     * Add a client, at the place where it was.
     * @param {object} [options]
     * @param {Text} [options.lastEventId]  the value of its Last-Event-ID field
     * @param {Text} [options.query]  that of its URL, which may have the id, too
     * @param {Iterable<Integer>} [options.tags]  it sees their events, and those with tag 0;
     *     absent: all events
     * @param {number} [options.stallMs]  if it takes nothing of what there is for so long, it is
     *     closed, and its signal aborts
     * @param {number} [options.capacity]  of its queue in bytes, at least 512
     * @param {number} [options.retryMs]  its reconnection time
     * @param {Integer} [options.nowMs]
     * @throws {SseError} STATE: the channel drains, answer 503
     */
    join({ lastEventId, query, tags, stallMs = 0, capacity = 33792, retryMs = 0,
           nowMs } = {}) {
        if (nowMs !== undefined)
            this.tick(nowMs);
        const filter = BigUint64Array.from(new Set(Array.from(tags ?? [], u64))).sort();
        const queueSize = c.writer_overhead() + u32(capacity);
        const at = koffi.alloc("uint8_t", c.subscriber_size() + filter.byteLength + queueSize);
        const tagsAt = at + BigInt(c.subscriber_size());

        try {
            const queue = c.writer_init(tagsAt + BigInt(filter.byteLength), queueSize, 0);
            koffi.encode(tagsAt, "uint64_t", filter, filter.length);
            check(c.http_send_parts(0, 200, 0, u32(retryMs), 0, null, 0, queue));
            const status = check(c.subscriber_join(at, this.#at, queue, null, GAPS,
                                                   ...range(lastEventId), ...range(query)));
            check(c.subscriber_set_limits(at, 0, u32(stallMs), 0));
            if (tags)
                check(c.subscriber_set_filter(at, tagsAt, filter.length));
            return new Client(this, this.#clients, at, status === Status.GAP);
        } catch (error) {
            c.subscriber_leave(at);
            koffi.free(at);
            throw error;
        }
    }

    /** If the channel keeps the time: set it, and look what there is to do after what follows. */
    [kSoon](isAutomatic = this.#isAutomatic) {
        this.#isAutomatic = isAutomatic;
        if (isAutomatic) {
            c.channel_tick(this.#at, now());
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
    #at;
    #abort = new AbortController();
    /** @type {Function[]} */
    #waiting = [];
    /** @type {number} */
    #status = Status.OK;

    /**
     * @param {Channel} channel
     * @param {Map<bigint, Client>} clients
     * @param {bigint} at
     * @param {boolean} gap
     * @ignore
     */
    constructor(channel, clients, at, gap) {
        this.#channel = channel;
        this.#clients = clients.set(at, this);
        this.#at = at;
        /** Whether events that it missed are gone: an event of type gap says so. */
        this.gap = gap;
        registry.register(this, at, this);
        channel[kSoon]();
    }

    /** OK; END: the stream is complete; STATE: it has left; else why the library has closed it. */
    get status() { return this.#status; }

    /** Whether the stream is over. */
    get ended() { return this.#status !== Status.OK; }

    /** Aborts when the library closes the client, so that a write that is blocked is given up. */
    get signal() { return this.#abort.signal; }

    /** How many events it has not taken yet. */
    get behind() { return this.ended ? 0 : Number(c.subscriber_behind(this.#at)); }

    /**
     * Take bytes for the transport.
     * @returns {Uint8Array | null}  null: nothing now, or nothing any more, if it has ended
     */
    read(max = 16384) {
        if (this.ended)
            return null;
        const { status, chunk } = take(c.subscriber_read, this.#at, max);
        return this.#learn(status) || check(status) ? null : chunk;
    }

    /**
     * Queue an event for this client alone; as {@link Writer.send}.
     * @param {Text} data
     * @param {Parts} [parts]
     * @throws {SseError} also the status of a stream that is over
     */
    send(data, parts = {}) {
        check(this.#status);
        this.#channel[kSoon]();
        const status = c.subscriber_send_parts(this.#at, ...event(data, parts));
        this.#learn(status);
        return check(status) === Status.OK;
    }

    /** End the stream after what was published and sent. */
    close() {
        this.#channel[kSoon]();
        if (!this.ended)
            this.#learn(c.subscriber_close(this.#at));
    }

    /** Leave at once, for a connection that is lost. If the stream is over, this does nothing. */
    leave() {
        if (!this.ended) {
            c.subscriber_leave(this.#at);
            this.#end(Status.STATE);
        }
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
                        return { value };
                    this.signal.throwIfAborted();
                    if (this.ended)
                        return { value: undefined, done: true };
                    await new Promise((wake) => this.#waiting.push(wake));
                }
            },
            return: async () => {
                this.leave();
                return { value: undefined, done: true };
            },
        };
    }

    /** @param {number} status */
    [kWake](status) {
        this.#learn(status);
        this.#waiting.splice(0).forEach((wake) => wake());
    }

    /** Returns whether a status says that the stream is over. @param {number} status */
    #learn(status) {
        if (!this.ended && isClosed(status))
            this.#end(status);
        return this.ended;
    }

    /** @param {number} status */
    #end(status) {
        this.#status = status;
        this.#clients.delete(this.#at);
        registry.unregister(this);
        koffi.free(this.#at);
        if (status <= Status.IO)
            this.#abort.abort(new SseError(status));
        this.#channel[kSoon]();
        this[kWake](status);
    }
}
