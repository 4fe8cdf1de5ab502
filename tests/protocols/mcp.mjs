/* The MCP server of examples/protocols, driven by two SDKs:  node mcp.mjs PROGRAM
 *
 * @modelcontextprotocol/sdk speaks 2025-11-25, with sessions, and @modelcontextprotocol/client speaks
 * 2026-07-28, without. Each test also ends the program, which must have freed all. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { connect, need, start, until } from "../clients/serving.mjs";

const { Client } = await need("@modelcontextprotocol/sdk/client/index.js");
const { StreamableHTTPClientTransport } = await need("@modelcontextprotocol/sdk/client/streamableHttp.js");
const { CallToolResultSchema, CreateMessageRequestSchema, ElicitRequestSchema,
    ToolListChangedNotificationSchema } = await need("@modelcontextprotocol/sdk/types.js");
const modern = await need("@modelcontextprotocol/client");
const { EventSourceParserStream } = await need("eventsource-parser/stream");

const V2025 = "2025-11-25", V2026 = "2026-07-28";
const INFO = { name: "test", version: "1" };
const open = new Set();

/** A test with a server of its own. Its second argument is a heartbeat. */
function scene(name, run, ...args) {
    test(name, async () => {
        const server = await start("0", ...args);

        server.mcp = server.url + "mcp";
        try {
            await run(server);
        } finally {
            await Promise.all([...open].map((one) => one.close().catch(() => {})));
            open.clear();
        }
        assert.equal(await server.end("SIGTERM"), 0, "the program ends by itself");
    });
}

const text = (result) => result.content[0].text;
const countTo = (to, every_ms) => ({ name: "count", arguments: { to, every_ms } });

/** How far the latest count came, when it goes no further. */
async function stopped(client) {
    let before, now;

    do {
        before = now;
        await sleep(120);
        now = Number(text(await client.callTool({ name: "last_count" })));
    } while (now !== before);
    return now;
}

/* 2025-11-25 */

/** A client with a session; options are those of its transport. */
async function join(url, options, capabilities = {}) {
    const transport = new StreamableHTTPClientTransport(new URL(url), options);
    const client = new Client(INFO, { capabilities });

    client.errors = [];
    client.onerror = (error) => client.errors.push(error.message);
    open.add(client);
    await client.connect(transport);
    return client;
}

/** Send a message as any program may. */
function post(url, message, headers = {}) {
    return fetch(url, { method: "POST",
        headers: { "Content-Type": "application/json",
            Accept: "application/json, text/event-stream", ...headers },
        body: typeof message === "string" ? message : JSON.stringify({ jsonrpc: "2.0", ...message }) });
}

/** A session of one's own: the fields that name it. */
async function session(url) {
    const answer = await post(url, { id: 0, method: "initialize",
        params: { protocolVersion: V2025, capabilities: {}, clientInfo: INFO } });

    await answer.json();
    return { "Mcp-Session-Id": answer.headers.get("mcp-session-id"), "MCP-Protocol-Version": V2025 };
}

const call = (id, params) => ({ id, method: "tools/call",
    params: { ...params, _meta: { progressToken: `of ${id}` } } });

/** The events of a stream as they come. */
async function* events(answer) {
    assert.match(answer.headers.get("content-type") ?? `${answer.status}`, /^text\/event-stream/);
    yield* answer.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
}

async function read(answer, count = Infinity) {
    const got = [];

    for await (const event of events(answer)) {
        got.push(event);
        if (got.length >= count)
            break;
    }
    return got;
}

scene("initialize gives a session, and what is asked in it is answered", async (server) => {
    const client = await join(server.mcp);
    const { tools } = await client.listTools();

    assert.match(client.transport.sessionId, /^[0-9a-f]{32}$/);
    assert.equal(client.transport.protocolVersion, V2025);
    assert.equal(client.getServerVersion().name, "libsse-mcp");
    assert.ok(tools.some(({ name }) => name === "count"));
    assert.equal(text(await client.callTool({ name: "test_simple_text" })),
        "This is a simple text response for testing.");
    assert.equal((await client.callTool({ name: "test_error_handling" })).isError, true);
    await client.ping();
    await assert.rejects(client.callTool({ name: "none" }), { code: -32602 });
    assert.deepEqual(client.errors, []);
});

scene("progress comes in order before the result, with heartbeats between", async (server) => {
    const client = await join(server.mcp);
    const seen = [];
    const result = await client.callTool(countTo(10, 30), undefined,
        { onprogress: ({ progress }) => seen.push(progress) });

    assert.deepEqual(seen, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    assert.equal(text(result), "Counted to 10.");
    const bytes = await (await post(server.mcp, call(1, countTo(3, 50)), await session(server.mcp))).text();
    assert.ok(bytes.split("\n:\n").length > 3, bytes);
}, "10");

scene("a question comes on the stream of the call, and its answer by POST", async (server) => {
    const client = await join(server.mcp, {}, { sampling: {}, elicitation: {} });
    const long = "é".repeat(5000);

    client.setRequestHandler(CreateMessageRequestSchema, ({ params }) => ({ model: "m", role: "assistant",
        content: { type: "text", text: `not ${params.messages[0].content.text}` } }));
    client.setRequestHandler(ElicitRequestSchema, () => ({ action: "accept", content: { username: "Ada" } }));
    const [sampled, elicited] = await Promise.all([
        client.callTool({ name: "test_sampling", arguments: { prompt: long } }),
        client.callTool({ name: "test_elicitation", arguments: { message: "Your name" } }),
    ]);
    assert.equal(text(sampled), `LLM response: not ${long}`);
    assert.equal(text(elicited), 'Elicitation completed: action=accept, content={"username":"Ada"}');
    await assert.rejects((await join(server.mcp)).callTool({ name: "test_sampling" }), { code: -32602 });
    const tooLarge = await client.callTool({ name: "test_sampling", arguments: { prompt: "x".repeat(200000) } });
    assert.deepEqual([tooLarge.isError, text(tooLarge)], [true, "The question is too large"]);
});

scene("a session has as many calls as it likes, but not too many at once", async (server) => {
    const client = await join(server.mcp);
    const headers = await session(server.mcp);

    for (let n = 0; n < 150; n++) // more than there are streams
        await client.callTool({ name: "test_simple_text" });
    const running = await Promise.all(Array.from({ length: 101 }, (_, id) =>
        post(server.mcp, call(id, countTo(1, 60000)), headers)));
    assert.deepEqual(running.map(({ status }) => status).sort(), [...Array(100).fill(200), 429]);
    await Promise.all(running.map(({ body }) => body?.cancel()));
});

scene("a call goes on over connections that are lost, and nothing of it is lost", async (server) => {
    const network = await connect(server);
    const seen = [], tokens = [], resumed = [];
    const client = await join(network.url + "mcp", {
        reconnectionOptions: { initialReconnectionDelay: 20, maxReconnectionDelay: 20,
            reconnectionDelayGrowFactor: 1, maxRetries: 10 },
        fetch(url, init) {
            resumed.push(init.headers.get("last-event-id") ?? "");
            return fetch(url, init);
        },
    });
    const result = await client.callTool(countTo(40, 40), undefined, {
        onprogress: ({ progress }) => {
            seen.push(progress);
            if (progress === 3 || progress === 20) {
                network.fail();
                setTimeout(() => network.recover(), 50);
            }
        },
        onresumptiontoken: (token) => tokens.push(token),
    });

    assert.deepEqual(seen, Array.from({ length: 40 }, (_, n) => n + 1));
    assert.equal(text(result), "Counted to 40.");
    assert.deepEqual(tokens.map((token) => token.split("-")[1]),
        Array.from({ length: 42 }, (_, n) => `${n + 1}`), "one id for each event, the first one included");
    assert.equal(new Set(tokens.map((token) => token.split("-")[0])).size, 1, "they name the stream");
    assert.ok(resumed.filter((id) => tokens.includes(id)).length >= 2, resumed);
});

scene("a client that has ended itself goes on with its call", async (server) => {
    const first = await join(server.mcp);
    let token;
    const lost = first.callTool(countTo(20, 20), undefined,
        { onresumptiontoken: (id) => (token = id), onprogress: () => {} });

    lost.catch(() => {}); // its client closes
    await until("a few events are there", () => Number(token?.split("-")[1]) >= 5);
    const { sessionId } = first.transport;
    await first.transport.close();
    const second = await join(server.mcp, { sessionId });
    const result = await second.request({ method: "tools/call", params: countTo(20, 20) },
        CallToolResultSchema, { resumptionToken: token });
    assert.equal(text(result), "Counted to 20.");
});

scene("an id goes on with the stream that it is from, and with no other", async (server) => {
    const mine = await session(server.mcp), other = await session(server.mcp);
    const [a, b] = await Promise.all([1, 2].map((id) => post(server.mcp, call(id, countTo(10, 20)), mine)));
    const [begun] = [await read(a, 3), await read(b, 3)];
    const get = (headers, id) => fetch(server.mcp, { headers: { ...headers, Accept: "text/event-stream",
        "Last-Event-ID": id } });

    assert.deepEqual([begun[0].data, begun[0].event], ["", undefined]);
    const rest = await read(await get(mine, begun[1].id));
    assert.equal(rest[0].id, begun[2].id, "it begins after the id");
    assert.ok(rest.every(({ data }) => /"of 1"|"id":1,/.test(data)), rest.map(({ data }) => data));
    assert.equal(JSON.parse(rest.at(-1).data).result.content[0].text, "Counted to 10.");
    assert.deepEqual(await read(await get(mine, rest.at(-1).id)), [], "all was had");
    for (const [headers, id] of [[other, begun[1].id], [mine, "0123456789abcdef-1"], [mine, "x"]])
        assert.equal((await get(headers, id)).status, 412, id);
});

scene("a client that was away for too long is refused, and gets no stream with a hole", async (server) => {
    const headers = await session(server.mcp);
    const get = (id) => fetch(server.mcp, { headers: { ...headers, "Last-Event-ID": id } });
    const begun = await read(await post(server.mcp, call(1, countTo(520, 1)), headers), 1);
    const [first, place] = [begun[0].id, begun[0].id.replace("-1", "")];

    assert.equal(await stopped(await join(server.mcp)), 520);
    assert.equal((await get(first)).status, 412);
    const rest = await read(await get(`${place}-520`));
    assert.deepEqual([rest.length, rest[0].id], [2, `${place}-521`]);
});

scene("POST never goes on with a stream", async (server) => {
    const headers = await session(server.mcp);
    const [{ id }] = await read(await post(server.mcp, call(1, countTo(1, 1)), headers));
    const got = await read(await post(server.mcp, call(2, countTo(1, 1)), { ...headers, "Last-Event-ID": id }));

    assert.equal(JSON.parse(got.at(-1).data).id, 2);
    assert.equal(got.length, 3);
});

scene("the connection that comes back takes the place of one that nobody has noticed to be lost",
    async (server) => {
        const headers = await session(server.mcp);
        const old = events(await post(server.mcp, call(1, countTo(15, 30)), headers));
        const { value: { id } } = await old.next();
        const rest = read(await fetch(server.mcp, { headers: { ...headers, "Last-Event-ID": id } }));
        let twice = 0;

        for await (const { data } of old)
            twice += data.includes("result");
        assert.equal((await rest).length, 16);
        assert.equal(twice, 0, "the result went over one connection only");
    });

scene("GET opens the stream for news, one for a session", async (server) => {
    const network = await connect(server);
    const client = await join(network.url + "mcp");
    const away = await join(server.mcp);
    let changes = 0;

    client.setNotificationHandler(ToolListChangedNotificationSchema, () => { changes++; });
    const second = () => fetch(server.mcp, { headers: { Accept: "text/event-stream",
        "Mcp-Session-Id": client.transport.sessionId } });
    const listens = () => until("a second one is refused", async () => {
        const { status, body } = await second();
        await body?.cancel();
        return status === 409;
    });
    await listens();
    await client.callTool({ name: "test_trigger_tool_change" });
    await until("the news", () => changes === 1);
    network.fail();
    await away.callTool({ name: "test_trigger_tool_change" });
    network.recover();
    await until("the news that came while it was away", () => changes === 2);
});

scene("a cancelled call stops, and its stream is gone", async (server) => {
    const client = await join(server.mcp,
        { reconnectionOptions: { initialReconnectionDelay: 10, maxReconnectionDelay: 10,
            reconnectionDelayGrowFactor: 1, maxRetries: 1 } });
    const abort = new AbortController();
    const lost = client.callTool(countTo(1000, 5), undefined,
        { signal: abort.signal, onprogress: ({ progress }) => progress === 5 && abort.abort() });

    await assert.rejects(lost);
    const after = await stopped(client) - 5;
    console.log(`mcp: ${after} counts after notifications/cancelled`);
    assert.ok(after < 30, `${after} counts after it was cancelled`);
    await until("the client gives up the stream", () =>
        client.errors.some((message) => message.includes("Maximum reconnection attempts")));
});

scene("a lost connection cancels nothing", async (server) => {
    const client = await join(server.mcp);
    const headers = await session(server.mcp);

    await read(await post(server.mcp, call(1, countTo(15, 10)), headers), 3);
    assert.equal(await stopped(client), 15);
});

scene("DELETE ends the session, its calls, and its streams", async (server) => {
    const client = await join(server.mcp);
    const headers = { "Mcp-Session-Id": client.transport.sessionId };
    const running = await post(server.mcp, call(1, countTo(1000, 10)), headers);

    await client.transport.terminateSession();
    const got = await read(running);
    assert.ok(!got.some(({ data }) => data.includes('"result"')));
    assert.equal((await post(server.mcp, { id: 2, method: "tools/list" }, headers)).status, 404);
    assert.ok(await stopped(await join(server.mcp)) < 1000);
});

scene("a client comes back after the time that the server names", async (server) => {
    const times = [];
    const client = await join(server.mcp, { fetch: (url, init) => {
        if (init.headers.get("last-event-id"))
            times.push(performance.now());
        return fetch(url, init);
    } });
    const began = performance.now();

    assert.equal(text(await client.callTool({ name: "test_reconnection" })), "Reconnection test completed");
    assert.equal(times.length, 1);
    assert.ok(times[0] - began >= 480, `after ${times[0] - began} ms`);
});

scene("what is no request of MCP is refused", async (server) => {
    const ok = await session(server.mcp);
    const list = { id: 7, method: "tools/list" };
    const ask = (status, code, message, headers, path = server.mcp) => ({ status, code, message, headers, path });
    const expected = [
        ask(400, -32600, list, {}), // no session
        ask(404, -32600, list, { "Mcp-Session-Id": "0" }),
        ask(400, -32022, { ...list, params: {} }, { ...ok, "MCP-Protocol-Version": "1900-01-01" }),
        ask(406, undefined, list, { ...ok, Accept: "application/json" }),
        ask(406, undefined, list, { ...ok, Accept: "text/event-stream" }),
        ask(415, undefined, list, { ...ok, "Content-Type": "text/plain" }),
        ask(400, -32700, "{", ok),
        ask(400, -32600, "[]", ok),
        ask(400, -32600, '{"jsonrpc":"2.0","id":null,"method":"ping"}', ok),
        ask(400, -32600, '{"jsonrpc":"2.0","id":7}', ok),
        ask(400, -32600, '{"id":7,"method":"ping"}', ok),
        ask(400, -32600, '[{"jsonrpc":"2.0","id":7,"method":"ping"}]', ok),
        ask(400, -32700, '{"jsonrpc":"2.0","id":7,"method":"pi\\u0000ng"}', ok),
        ask(403, -32600, list, { ...ok, Origin: "http://evil.example" }),
        ask(403, -32600, list, { ...ok, Origin: "http://localhost.evil.example" }),
        ask(403, -32600, list, { ...ok, Origin: "null" }),
        ask(404, undefined, list, ok, server.url),
        ask(200, -32601, { id: 7, method: "prompts/list" }, ok),
        ask(200, -32602, { id: 7, method: "tools/call", params: {} }, ok),
        ask(202, undefined, { method: "notifications/initialized" }, ok),
        ask(202, undefined, { id: 99, result: {} }, ok), // an answer that nobody waits for
    ];

    for (const { status, code, message, headers, path } of expected) {
        const answer = await post(path, message, headers);
        const got = await answer.text();
        const error = got ? JSON.parse(got).error : undefined;
        assert.deepEqual([answer.status, error?.code], [status, code], JSON.stringify([message, headers]));
    }
    const put = await fetch(server.mcp, { method: "PUT", headers: ok });
    assert.deepEqual([put.status, put.headers.get("allow")], [405, "GET, POST, DELETE"]);
});

scene("a client of an earlier revision gets no empty data", async (server) => {
    const opened = await post(server.mcp, { id: 0, method: "initialize",
        params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: INFO } });
    const { result } = await opened.json();
    const got = await read(await post(server.mcp, call(1, countTo(2, 1)),
        { "Mcp-Session-Id": opened.headers.get("mcp-session-id") }));

    assert.equal(result.protocolVersion, "2025-06-18");
    assert.equal(got.length, 3);
    assert.ok(got.every(({ id, data }) => id && JSON.parse(data)));
});

/* 2026-07-28 */

async function joinModern(url, options = {}, mode = { pin: V2026 }) {
    const client = new modern.Client(INFO, { versionNegotiation: { mode }, ...options });

    open.add(client);
    await client.connect(new modern.StreamableHTTPClientTransport(new URL(url)));
    return client;
}

const meta = { "io.modelcontextprotocol/protocolVersion": V2026,
    "io.modelcontextprotocol/clientCapabilities": {}, progressToken: "p" };

function postModern(url, method, params, more = {}) {
    return post(url, { id: 1, method, params: { ...params, _meta: { ...meta, ...params._meta } } },
        { "MCP-Protocol-Version": V2026, "Mcp-Method": method, ...params.name && { "Mcp-Name": params.name },
            ...more });
}

scene("2026: discovery without a session, calls, and progress", async (server) => {
    for (const [mode, era] of [[{ pin: V2026 }, "modern"], ["auto", "modern"], ["legacy", "legacy"]]) {
        const client = await joinModern(server.mcp, {}, mode);
        const seen = [];
        const result = await client.callTool(countTo(5, 10), { onprogress: ({ progress }) => seen.push(progress) });

        assert.equal(client.getProtocolEra(), era);
        assert.deepEqual(seen, [1, 2, 3, 4, 5]);
        assert.equal(text(result), "Counted to 5.");
        assert.ok((await client.listTools()).tools.length > 10);
    }
});

scene("2026: a stream has no ids and no reconnection time, and comments keep it open", async (server) => {
    const answer = await postModern(server.mcp, "tools/call", countTo(3, 60));
    const lines = (await answer.text()).split("\n");

    assert.equal(answer.headers.get("mcp-session-id"), null);
    assert.equal(answer.headers.get("x-accel-buffering"), "no");
    assert.deepEqual([...new Set(lines.map((line) => line.replace(/:.*/, ":")))].sort(), ["", ":", "data:"]);
    assert.ok(lines.filter((line) => line === ":").length > 3, lines);
    assert.equal(lines.filter((line) => line.startsWith("data:")).length, 4);
    for (const method of ["GET", "DELETE"]) {
        const refused = await fetch(server.mcp, { method, headers: { "MCP-Protocol-Version": V2026 } });
        assert.deepEqual([refused.status, refused.headers.get("allow")], [405, "POST"]);
    }
}, "20");

scene("2026: a question is a result, and the call comes again with the answer", async (server) => {
    const client = await joinModern(server.mcp, { capabilities: { elicitation: { form: {} }, sampling: {} } });

    client.setRequestHandler("elicitation/create", () => ({ action: "accept", content: { username: "Ada" } }));
    assert.equal(text(await client.callTool({ name: "test_elicitation", arguments: { message: "Your name" } })),
        'Elicitation completed: action=accept, content={"username":"Ada"}');
});

scene("2026: the end of the connection is the cancellation", async (server) => {
    const client = await joinModern(server.mcp);
    const abort = new AbortController();
    const lost = client.callTool(countTo(1000, 5),
        { signal: abort.signal, onprogress: ({ progress }) => progress === 5 && abort.abort() });

    await assert.rejects(lost);
    const after = await stopped(client) - 5;
    console.log(`mcp: ${after} counts after the connection ended`);
    assert.ok(after < 30, `${after} counts after it was cancelled`);
    // The same for a call that writes nothing, which could fail.
    const silent = await postModern(server.mcp, "tools/call",
        { ...countTo(100, 200), _meta: { progressToken: undefined } });
    await silent.body.cancel();
    await sleep(450);
    const far = await client.callTool({ name: "last_count" });
    await sleep(450);
    assert.equal(text(await client.callTool({ name: "last_count" })), text(far));
});

scene("2026: subscriptions/listen brings the news that were asked for", async (server) => {
    let changes = 0;
    const client = await joinModern(server.mcp);
    client.setNotificationHandler("notifications/tools/list_changed", () => { changes++; });
    const listening = await client.listen({ toolsListChanged: true });
    const deaf = await postModern(server.mcp, "subscriptions/listen", { notifications: {} });

    assert.equal(listening.honoredFilter.toolsListChanged, true);
    await client.callTool({ name: "test_trigger_tool_change" });
    await client.callTool({ name: "test_trigger_tool_change" });
    await until("the news", () => changes === 2);
    await listening.close();
    const [first] = await read(deaf, 1);
    assert.deepEqual(JSON.parse(first.data).params.notifications, {});
});

scene("2026: a log is sent where it is asked for", async (server) => {
    const logs = async (logLevel) => (await read(await postModern(server.mcp, "tools/call",
        { name: "test_tool_with_logging", _meta: { "io.modelcontextprotocol/logLevel": logLevel } })))
        .filter(({ data }) => data.includes("notifications/message")).length;

    assert.deepEqual(await Promise.all([undefined, "debug", "info", "error"].map(logs)), [0, 3, 3, 0]);
});

scene("2026: headers say what the message says", async (server) => {
    const code = async (headers, name = "test_simple_text") => {
        const answer = await postModern(server.mcp, "tools/call", { name }, headers);
        const got = await answer.text();
        return answer.status === 200 ? 200 : JSON.parse(got).error.code;
    };
    const base64 = (name) => ({ "Mcp-Name": `=?base64?${Buffer.from(name).toString("base64")}?=` });

    assert.equal(await code({}), 200);
    for (const name of ["count", "last_count", "test_simple_text"]) // each length of the padding
        assert.equal(await code(base64(name), name), 200, name);
    for (const headers of [base64("test_simple_tex"), base64("test_simple_text2"), { "Mcp-Name": "other" },
        { "Mcp-Name": "=?base64?!?=" }, { "Mcp-Method": "tools/list" }, { "MCP-Protocol-Version": "2027-01-01" }])
        assert.equal(await code(headers), -32020, JSON.stringify(headers));
});
