/* What adapters share: clients in Node.js that have the interface of EventSource. */
import { readFileSync } from "node:fs";
import { after } from "node:test";

import { files } from "../serving.mjs";

const opened = new Set();

after(() => opened.forEach((source) => source.close()));

/** The version of a package. */
export function version(name) {
    return JSON.parse(readFileSync(new URL("package.json", files(name, ".")))).version;
}

/** Listen to an EventSource: the stream of scenes.mjs. */
export function listen(source, { types, farewell }) {
    const events = [];

    opened.add(source);
    for (const type of ["message", ...types]) {
        source.addEventListener(type, ({ type, data, lastEventId }) =>
            events.push({ type, data, lastEventId }));
    }
    if (farewell)
        source.addEventListener(farewell, () => source.close());
    return { events: () => events, close: () => source.close() };
}
