/* What may stand between the events of a protocol, for each SDK:  node blocks.mjs BLOCKS AI [--write]
 *
 * The program BLOCKS makes the streams, by calls of libsse; AI is the server of examples/protocols,
 * which shows what the events are. The result is the table in README.md: it must be that one, or
 * is written. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { after, test } from "node:test";

import { need } from "../clients/serving.mjs";
import { sdks } from "./sdks.mjs";

const { EventSourceParserStream } = await need("eventsource-parser/stream");
const { Client } = await need("@modelcontextprotocol/sdk/client/index.js");
const { StreamableHTTPClientTransport } = await need("@modelcontextprotocol/sdk/client/streamableHttp.js");
const { JsonRpcTransportFactory } = await need("@a2a-js/sdk/client");
const { HttpAgent } = await need("@ag-ui/client");
const { createClient } = await need("graphql-sse");
const { stream } = await need("@durable-streams/client");

const README = new URL("README.md", import.meta.url);
const [BEGIN, END] = ["<!-- blocks -->", "<!-- end -->"];
const TEXT = "Hello, world";

/** The blocks: calls of the library. */
const BLOCKS = {
    "comment": [{ comment: "x" }],
    "`:` and a blank line": [{ comment: "" }],
    "`:` alone": [{ raw: ":\n" }],
    "`retry`": [{ retry: 3000 }],
    "`id`": [{ send: { id: "p-1" } }],
    "`id`, data `\"\"`": [{ send: { id: "p-1", data: "" } }],
    "`place`": [{ send: { type: "place", id: "p-1", data: "" } }],
    "`gap`": [{ send: { type: "gap", id: "p-1", data: '{"first":null,"last":null,"count":null}' } }],
    "`event: retry` without data": [{ send: { type: "retry", retry: 3000 } }],
    "`ping`, data in JSON": [{ send: { type: "ping", data: '{"type":"ping"}' } }],
    "`ping`, data `\"\"`": [{ send: { type: "ping", data: "" } }],
    "`farewell`, data `\"\"`": [{ send: { type: "farewell", retry: 3000, data: "" } }],
    "blank lines": [{ raw: "\n\n" }],
};

/** Where they stand: the stream, and how many of its events come before. */
const PLACES = {
    "first": (events) => [events, 0],
    "between": (events) => [events, events.length >> 1],
    "after an id": (events) => [events.map((event, n) => ({ id: `e-${n}`, ...event })), events.length >> 1],
    "before the last": (events) => [events, events.length - 1],
};

console.error = () => {}; // where ag-ui says what it throws, too

const running = [];

/** Start a program; returns its address. */
async function serve(program) {
    const server = spawn(program, ["0"], { stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, AI_TOKEN_MS: 0 } });

    running.push(server);
    return (await once(server.stdout.setEncoding("utf8"), "data"))[0].trim();
}
after(() => running.forEach((server) => server.kill("SIGTERM")));

const [blocks, ai] = [await serve(process.argv[2]), await serve(process.argv[3])];

/** The events with which the server of tokens answers. */
async function events(path, body) {
    const answer = await fetch(ai + path, { method: "POST", body: JSON.stringify({ model: "m", stream: true, ...body }) });
    const got = [];

    for await (const { event: type, data } of answer.body.pipeThrough(new TextDecoderStream())
        .pipeThrough(new EventSourceParserStream()))
        got.push({ type, data });
    return got;
}

const messages = [{ role: "user", content: TEXT }];
const chat = await events("v1/chat/completions", { messages });
const responses = await events("v1/responses", { input: TEXT });
const anthropic = await events("v1/messages", { messages });
const json = (data) => ({ data: JSON.stringify(data) });

const tokens = (name, stream_) => (respond) =>
    sdks[name]("http://stand-in/", { prompt: TEXT, fetch: () => respond(stream_) });

/** The protocol of a model's tools: a call, its progress, its result. */
async function mcp(respond) {
    const transport = new StreamableHTTPClientTransport(new URL("http://stand-in/"), { fetch: async (_, init) => {
        const { id, method, params } = init.method === "POST" ? JSON.parse(init.body) : {};
        const reply = (result) => ({ jsonrpc: "2.0", id, result });

        if (method === "initialize")
            return Response.json(reply({ protocolVersion: params.protocolVersion, capabilities: { tools: {} },
                serverInfo: { name: "stand-in", version: "1" } }));
        if (method !== "tools/call")
            return new Response(null, { status: method ? 202 : 405 });
        return respond([1, 2, 3].map((progress) => json({ jsonrpc: "2.0", method: "notifications/progress",
            params: { progressToken: params._meta.progressToken, progress } }))
            .concat(json(reply({ content: [{ type: "text", text: TEXT }] }))));
    } });
    const client = new Client({ name: "blocks", version: "1" });
    const errors = [];
    let events_ = 0;

    await client.connect(transport);
    client.onerror = (error) => errors.push(error);
    const { content } = await client.callTool({ name: "x" }, undefined, { timeout: 5000, onprogress: () => events_++ });
    await client.close();
    if (errors.length > 0)
        throw errors[0];
    return { text: content[0].text, events: events_ };
}

/** The protocol between agents: a task, and its updates. */
async function a2a(respond) {
    const fetchImpl = (_, init) => respond(["SUBMITTED", "WORKING", "COMPLETED"].map((state) => json({ jsonrpc: "2.0",
        id: JSON.parse(init.body).id, result: { statusUpdate: { taskId: "t", contextId: "c",
            status: { state: `TASK_STATE_${state}` } } } })));
    const transport = await new JsonRpcTransportFactory({ fetchImpl }).create("http://stand-in/", {});
    const got = [];

    for await (const event of transport.sendMessageStream({ message: { messageId: "m", role: 1, parts: [] } }))
        got.push(event.payload?.$case);
    return { text: got.filter((name) => name).join(), events: got.length };
}

/** The protocol between agents and pages. */
async function agui(respond) {
    const run = { threadId: "t", runId: "r" };
    const message = { messageId: "m" };
    const agent = new HttpAgent({ url: "http://stand-in/", threadId: "t", fetch: () => respond([
        { type: "RUN_STARTED", ...run },
        { type: "TEXT_MESSAGE_START", ...message, role: "assistant" },
        { type: "TEXT_MESSAGE_CONTENT", ...message, delta: TEXT.slice(0, 5) },
        { type: "TEXT_MESSAGE_CONTENT", ...message, delta: TEXT.slice(5) },
        { type: "TEXT_MESSAGE_END", ...message },
        { type: "RUN_FINISHED", ...run },
    ].map(json)) });
    let events_ = 0;

    await agent.runAgent({ runId: "r" }, { onEvent: () => void events_++ });
    return { text: agent.messages.map(({ content }) => content).join(""), events: events_ };
}

async function graphql(respond) {
    const client = createClient({ url: "http://stand-in/", retryAttempts: 0, fetchFn: () => respond([
        ...[TEXT.slice(0, 5), TEXT.slice(5)].map((text) => ({ type: "next", ...json({ data: { text } }) })),
        { type: "complete", data: "" },
    ]) });
    const got = [];

    for await (const { data } of client.iterate({ query: "subscription { text }" }))
        got.push(data.text);
    return { text: got.join(""), events: got.length };
}

async function durable(respond) {
    const control = (streamNextOffset, more) => ({ type: "control", ...json({ streamNextOffset, ...more }) });
    const answer = await stream({ url: "http://stand-in/", offset: "-1", live: "sse", fetch: () => respond([
        { type: "data", data: TEXT.slice(0, 5) },
        control("1", { upToDate: true }),
        { type: "data", data: TEXT.slice(5) },
        control("2", { upToDate: true, streamClosed: true }),
    ]) });
    const got = [];

    answer.subscribeText(({ text }) => void got.push(text));
    await answer.closed;
    return { text: got.join(""), events: got.length };
}

const CLIENTS = {
    "openai chat": tokens("openai chat", chat),
    "openai responses": tokens("openai responses", responses),
    "anthropic": tokens("anthropic", anthropic),
    "ai + openai": tokens("ai + openai", chat),
    "ai + openai responses": tokens("ai + openai responses", responses),
    "ai + openai-compatible": tokens("ai + openai-compatible", chat),
    "ai + anthropic": tokens("ai + anthropic", anthropic),
    "mcp": mcp,
    "a2a": a2a,
    "ag-ui": agui,
    "graphql-sse": graphql,
    "durable streams": durable,
};

let streams = 0;

/** Let a client read its events, with a block in them. */
function read(client, block, place) {
    return client(async (stream_) => {
        const [all, before] = place(stream_);
        const script = all.map((event) => ({ send: event }));

        script.splice(before, 0, ...block);
        const answer = await fetch(blocks, { method: "POST", body: JSON.stringify(script) });
        assert.equal(answer.status, 200, JSON.stringify(block));
        streams++;
        return new Response(answer.body, { headers: { "content-type": "text/event-stream" } });
    });
}

/** What a client makes of a block in a place: compared with the same stream without it. */
async function outcome(client, usual, block, place) {
    let got;

    try {
        got = await read(client, block, place);
    } catch {
        return "fails";
    }
    if (got.text !== usual.text || got.events < usual.events)
        return "**loses**";
    return got.events > usual.events ? "shows" : "ok";
}

/** One word where it is the same in all places, else the places where it is not ok. */
function cell(outcomes) {
    const words = new Set(Object.values(outcomes));

    if (words.size === 1)
        return [...words][0];
    return Object.entries(outcomes).filter(([, word]) => word !== "ok").map(([place, word]) => `${word} ${place}`).join(", ");
}

async function table() {
    const rows = {};

    await Promise.all(Object.entries(CLIENTS).map(async ([name, client]) => {
        const usual = await read(client, [], PLACES.first);

        for (const [block, calls] of Object.entries(BLOCKS)) {
            const outcomes = {};
            for (const [place, at] of Object.entries(PLACES))
                outcomes[place] = await outcome(client, usual, calls, at);
            (rows[block] ??= {})[name] = cell(outcomes);
        }
    }));
    const line = (cells) => `| ${cells.join(" | ")} |`;
    return [line(["between the events", ...Object.keys(CLIENTS)]), line(["---", ...Object.keys(CLIENTS).map(() => "---")]),
        ...Object.keys(BLOCKS).map((block) => line([block, ...Object.keys(CLIENTS).map((name) => rows[block][name])]))]
        .join("\n");
}

test("each client reads its events where there is no block", async () => {
    for (const [name, client] of Object.entries(CLIENTS))
        for (const place of Object.values(PLACES)) {
            const got = await read(client, [], place);
            assert.equal(got.text, name === "a2a" ? "statusUpdate,statusUpdate,statusUpdate" : TEXT, name);
            assert.ok(got.events > 1, `${name}: ${got.events} events`);
        }
});

test("what each client makes of each block is what the table says", async (t) => {
    const readme = readFileSync(README, "utf8");
    const [head, rest] = readme.split(BEGIN);
    const [was, tail] = rest.split(END);
    const got = await table();
    const count = (of) => Object.keys(of).length;

    t.diagnostic(`${streams} streams`); // those that the server refused are not counted
    assert.equal(streams, count(CLIENTS) * (1 + count(PLACES) * (1 + count(BLOCKS))));
    const told = was.slice(was.indexOf("|")).trim();

    if (process.argv[4] === "--write") {
        const date = new Date().toISOString().slice(0, 10);
        writeFileSync(README, `${head}${BEGIN}\n${date}:\n\n${got}\n${END}${tail}`);
    } else {
        assert.equal(got, told, "blocks.mjs --write writes another table");
    }
});
