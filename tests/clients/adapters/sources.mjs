/* What adapters for clients outside of browsers share. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { after } from "node:test";

import { files } from "../serving.mjs";

const opened = new Set();

after(() => opened.forEach((stream) => stream.close()));

/** The version of a package. */
export function version(name) {
    return JSON.parse(readFileSync(new URL("package.json", files(name, ".")))).version;
}

/** Listen to what has the interface of EventSource. */
export function listen(source, { types, farewell }) {
    const events = [];

    opened.add(source);
    for (const type of ["message", ...types]) {
        source.addEventListener(type, ({ type, data, lastEventId }) =>
            events.push({ type, data, lastEventId }));
    }
    if (farewell)
        source.addEventListener(farewell, () => source.close());
    return { events: () => events };
}

/** Run a program that prints each event: the type, a tab, the last event ID, a tab, the data, NUL. */
export function listenTo(path, ...args) {
    const child = spawn(path, args, { stdio: ["ignore", "pipe", "inherit"], detached: true });
    const events = [];
    let rest = Buffer.alloc(0);

    child.on("error", (error) => events.push({ type: "error", data: error.message }));
    child.stdout.on("data", (bytes) => {
        const records = Buffer.concat([rest, bytes]).toString("latin1").split("\0");
        rest = Buffer.from(records.pop(), "latin1");
        for (const record of records) {
            const [, type, lastEventId, data] = /^([^\t]*)\t([^\t]*)\t([^]*)$/.exec(
                Buffer.from(record, "latin1").toString());
            events.push({ type, lastEventId, data });
        }
    });
    opened.add({ close: () => end(child) });
    return { events: () => events };
}

/** End a program and what it has started. */
function end(child) {
    try {
        process.kill(-child.pid, "SIGKILL");
    } catch (error) {
        if (error.code !== "ESRCH")
            throw error;
    }
}
