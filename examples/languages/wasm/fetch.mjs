/* SPDX-License-Identifier: MIT */
/**
 * Streams for servers that answer a Request with a Response: Service Workers, Deno, Bun, edge runtimes.
 *
 *     const channel = new Channel("/events");
 *     Deno.serve((request) => respond(channel, request, { stallMs: 30000 }));
 *
 * @module
 */
import { SseError, Status, accepts, fields } from "./sse.mjs";

/**
 * The bytes of a client as a stream. It takes from the client what it is asked for, and buffers
 * nothing; cancel() leaves the channel; where the library closes the client, the stream fails.
 * @param {import("./sse.mjs").Client} client
 * @returns {ReadableStream}
 */
export function stream(client) {
    const chunks = client[Symbol.asyncIterator]();

    return new ReadableStream({
        start(controller) {
            client.signal.addEventListener("abort", () => controller.error(client.signal.reason));
        },
        async pull(controller) {
            const { value, done } = await chunks.next();

            if (done)
                controller.close();
            else
                controller.enqueue(value);
        },
        cancel: () => client.leave(),
    }, { highWaterMark: 0 });
}

/**
 * Answer a request for a stream: GET with the stream, HEAD without it, OPTIONS for pages of another
 * origin, anything else with a refusal: 405, 406, or 503 while the channel drains.
 * @param {import("./sse.mjs").Channel} channel
 * @param {Request} request  its Last-Event-ID, or the id in its query, is where the client was
 * @param {import("./sse.mjs").Joining & { origin?: string }} [options]  origin: as for fields
 * @returns {Response}
 */
export function respond(channel, request, { origin, ...options } = {}) {
    const { method, headers, url } = request;
    const answer = (/** @type {number} */ status, retryMs = 0) =>
        new Response(null, { status, headers: fields({ status, origin, retryMs }) });

    if (method === "OPTIONS")
        return answer(204);
    if (method !== "GET" && method !== "HEAD")
        return answer(405);
    if (!accepts(headers.get("accept")))
        return answer(406);
    const open = { headers: fields({ origin }) }; // throws for an invalid origin: nothing has joined yet
    if (method === "HEAD")
        return new Response(null, open);
    try {
        const client = channel.join({
            lastEventId: octets(headers.get("last-event-id")), query: new URL(url).search, ...options,
        });
        return new Response(stream(client), open);
    } catch (error) {
        if (error instanceof SseError && error.status === Status.STATE)
            return answer(503, options.retryMs);
        throw error;
    }
}

/** The bytes of a field: Headers gives each as a character. @param {string | null} value */
function octets(value) {
    return value && Uint8Array.from(value, (character) => character.charCodeAt(0));
}
