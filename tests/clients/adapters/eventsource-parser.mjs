/* eventsource-parser over fetch: the parser of npm eventsource, the AI SDK and others. It does not
 * connect, so the loop is that of an application which does what the standard says of EventSource. */
import { setTimeout as sleep } from "node:timers/promises";

import { version } from "./sources.mjs";
import { need } from "../serving.mjs";

const { EventSourceParserStream } = await need("eventsource-parser/stream");

async function read(url, { farewell }, events) {
    const headers = { accept: "text/event-stream" };
    let retry = 3000;

    for (;;) {
        const response = await fetch(url, { headers }).catch(() => undefined);
        if (response && response.status !== 200)
            return;
        const stream = response?.body.pipeThrough(new TextDecoderStream())
            .pipeThrough(new EventSourceParserStream({ onRetry: (ms) => (retry = ms) })) ?? [];
        try {
            for await (const { event: type = "message", data, id } of stream) {
                if (id !== undefined)
                    headers["last-event-id"] = id;
                events.push({ type, data, lastEventId: headers["last-event-id"] });
                if (type === farewell)
                    return;
            }
        } catch (error) {
            if (error.message !== "terminated")
                throw error;
        }
        await sleep(retry, undefined, { ref: false });
    }
}

export default {
    name: "eventsource-parser over fetch",
    version: version("eventsource-parser"),
    open(url, options) {
        const events = [];

        read(url, options, events).catch(({ message }) =>
            events.push({ type: "error", data: message }));
        return { events: () => events };
    },
};
