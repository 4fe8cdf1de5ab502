/* SPDX-License-Identifier: MIT */
/**
 * An application that publishes what it is sent, as a handler of requests:
 *
 *     deno serve --allow-read worker.mjs          bun worker.mjs          node server.mjs 8080
 *
 *     GET  /events[?user=U]             the stream: events for everybody, and those for U
 *     POST /publish[?user=U][&type=T]   the body, 32 KiB at most, is the data of an event
 *     GET  /status                      counters, as JSON
 *
 * service-worker.mjs runs it in the browser. In Cloudflare's Workers, all clients of a channel have to
 * meet in one Durable Object, whose fetch() is that of an Application, after `await load(wasm)` with
 * `import wasm from "./sse.wasm"`.
 *
 * @module
 */
import { respond } from "./fetch.mjs";
import { Channel, Count, SseError, Status, load } from "./sse.mjs";

const LARGEST = 32768; // bytes of a body
const ORIGIN = { "access-control-allow-origin": "*" };

/** A user as a tag that is not 0: FNV-1a. A real application has numbers of its users, and knows from
 * a session which one asks. @param {string | null} user */
function tag(user) {
    let hash = 0xcbf29ce484222325n;

    for (const byte of new TextEncoder().encode(user ?? ""))
        hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
    return user ? hash : 0n;
}

/** The body of a request; null: it is too large. Firefox has no stream of it.
 * @param {Request} request */
async function content(request) {
    if (!request.body) {
        const all = new Uint8Array(await request.arrayBuffer());
        return all.length > LARGEST ? null : all;
    }
    const reader = request.body.getReader();
    for (let bytes = new Uint8Array(0); ;) {
        const { value, done } = await reader.read();

        if (done)
            return bytes;
        if (bytes.length + value.length > LARGEST) {
            reader.cancel().catch(() => {});
            return null;
        }
        const all = new Uint8Array(bytes.length + value.length);
        all.set(bytes);
        all.set(value, bytes.length);
        bytes = all;
    }
}

export class Application {
    #base;
    #stallMs;
    #clock;
    /** @type {ReturnType<typeof setInterval> | undefined} */
    #timer;

    /**
     * Load the module before.
     * @param {{ base?: string, heartbeatMs?: number, stallMs?: number, tickMs?: number,
     *     clock?: () => number | bigint }} [settings]  base: the path before those above; tickMs: how
     *     often an event of type tick is published, with the time of the clock; 0: never
     */
    constructor({ base = "/", heartbeatMs = 15000, stallMs = 30000, tickMs = 0,
                  clock = () => Math.floor(performance.now()) } = {}) {
        this.channel = new Channel(base + "events", { heartbeatMs });
        this.#base = base;
        this.#stallMs = stallMs;
        this.#clock = clock;
        if (tickMs > 0)
            this.#timer = setInterval(() => this.#tick(), tickMs);
    }

    #tick() {
        this.channel.publish(String(this.#clock()), { type: "tick" });
    }

    /** @param {Request} request */
    async fetch(request) {
        const { pathname, searchParams } = new URL(request.url);
        const user = searchParams.get("user");

        switch (pathname) {
        case this.#base + "events":
            return respond(this.channel, request, {
                origin: "*", retryMs: 1000, stallMs: this.#stallMs, tags: user ? [tag(user)] : [],
            });
        case this.#base + "publish":
            if (request.method !== "POST")
                return new Response(null, { status: 405, headers: { allow: "POST", ...ORIGIN } });
            return this.#publish(await content(request), tag(user), searchParams.get("type"));
        case this.#base + "status":
            if (request.method !== "GET" && request.method !== "HEAD")
                return new Response(null, { status: 405, headers: { allow: "GET, HEAD", ...ORIGIN } });
            return Response.json(this.#status(), { headers: ORIGIN });
        default:
            return new Response(null, { status: 404, headers: ORIGIN });
        }
    }

    /** @param {Uint8Array | null} data @param {bigint} tag @param {string | null} type */
    #publish(data, tag, type) {
        let status = 204;

        try {
            if (data)
                this.channel.publish(data, { tag, type: type || undefined });
            else
                status = 413;
        } catch (error) {
            if (!(error instanceof SseError))
                throw error;
            status = error.status === Status.TOOBIG ? 413 : 400;
        }
        return new Response(null, { status, headers: ORIGIN });
    }

    #status() {
        return Object.fromEntries(Object.entries(Count).map(([name, counter]) =>
            [name, this.channel.count(counter)]));
    }

    /** Send all clients away: they come back after one to three seconds. */
    drain() {
        clearInterval(this.#timer);
        this.channel.drain({ retryMs: 1000, windowMs: 2000, limitMs: 2000 });
    }
}

/** @type {Application | undefined} */
let application;

/** With the usual settings. */
export default {
    /** @param {Request} request */
    async fetch(request) {
        await load();
        application ??= new Application();
        return application.fetch(request);
    },
};
