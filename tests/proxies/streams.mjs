/* A stream as a client in Node.js gets it, over HTTP/1.1 or, with https, over HTTP/2. */
import { EventEmitter, once } from "node:events";
import http from "node:http";
import http2 from "node:http2";
import { constants, createGunzip } from "node:zlib";

import { need } from "../clients/serving.mjs";

const LIMIT_MS = 20000; // for anything that is to arrive
const { createParser } = await need("eventsource-parser");

class Stream extends EventEmitter {
    constructor(status, headers, body, close) {
        super();
        Object.assign(this, { status, headers, close, events: [], text: "" });
        const parser = createParser({ onEvent: (event) => this.events.push(event) });
        const plain = headers["content-encoding"] === "gzip"
            ? body.pipe(createGunzip({ finishFlush: constants.Z_SYNC_FLUSH })) : body;

        plain.setEncoding("utf8").on("data", (text) => {
            this.text += text;
            parser.feed(text);
            this.emit("more");
        });
        for (const one of new Set([body, plain]))
            one.on("error", (error) => (this.error = error));
        plain.on("end", () => (this.whole = true)); // not cut off
        body.on("close", () => {
            this.ended = true;
            this.emit("more");
        });
    }

    /** Wait until the stream has so many events, of which the first one is the place. */
    async has(count) {
        const signal = AbortSignal.timeout(LIMIT_MS);

        while (this.events.length < count) {
            if (this.ended)
                throw new Error(`the stream ended after ${this.events.length} of ${count} events`);
            await once(this, "more", { signal });
        }
        return this.events;
    }

    async end() {
        const signal = AbortSignal.timeout(LIMIT_MS);

        while (!this.ended)
            await once(this, "more", { signal });
    }

    /** The data of the events that are lines. */
    get lines() {
        return this.events.filter((event) => event.event === undefined).map((event) => event.data);
    }
}

/** Ask for a stream; returns when its head has arrived. */
export function open(url, { headers, ca } = {}) {
    const all = { accept: "text/event-stream", ...headers };
    const signal = AbortSignal.timeout(LIMIT_MS);

    return url.startsWith("https:")
        ? open2(new URL(url), all, ca, signal)
        : open1(url, all, signal);
}

async function open1(url, headers, signal) {
    const request = http.get(url, { headers, agent: false });
    const [answer] = await once(request, "response", { signal });

    return new Stream(answer.statusCode, answer.headers, answer, () => request.destroy());
}

async function open2(url, headers, ca, signal) {
    const session = http2.connect(url.origin, { ca });
    const stream = session.request({ ":path": url.pathname + url.search, ...headers });

    session.on("error", () => {}); // the stream has it, too
    const [answer] = await once(stream, "response", { signal });
    stream.on("close", () => session.destroy());
    return new Stream(answer[":status"], answer, stream, () => session.destroy());
}
