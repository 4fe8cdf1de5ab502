/* The server of examples/protocols/ai.c, driven by the SDKs for tokens:  node ai.mjs PROGRAM */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import net from "node:net";
import { after, afterEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { until } from "../clients/serving.mjs";
import { Anthropic, OpenAI, anthropic, models, openai, parameters, sdks } from "./sdks.mjs";

const TEXT = 'Été, € 5, 😀🧑‍🚀, "quoted" \\ \t\n end.';
const REASONS = {
    stop: ["stop", "completed", "end_turn"],
    call: ["tool_calls", "tool-calls", "completed", "tool_use"],
    length: ["length", "max_output_tokens", "max_tokens"],
};
const names = Object.keys(sdks);
const running = new Set();
const closing = new Set();

/** Start the program; GET / of it says how many generations run, and how many pieces there were. */
async function serve(settings = {}) {
    const process_ = spawn(process.argv[2], ["0"], { stdio: ["ignore", "pipe", "inherit"],
        env: { ...process.env, AI_TOKEN_MS: 1, ...settings } });
    const server = { pid: process_.pid, ended: once(process_, "exit") };
    const [told] = await once(process_.stdout.setEncoding("utf8"), "data");

    server.url = told.trim();
    server.counts = async () => (await fetch(server.url)).json();
    server.end = async () => {
        process_.kill("SIGTERM");
        assert.deepEqual(await server.ended, [0, null]);
        running.delete(server);
    };
    running.add(server);
    return server;
}

const shared = await serve({ AI_RETRY_MS: 50 });

afterEach(async () => {
    closing.forEach((close) => close());
    closing.clear();
    for (const server of running)
        if (server !== shared)
            await server.end();
});
after(() => shared.end());

/** The bytes of a stream, as text. */
async function raw(server, path, content, headers = {}) {
    const body = JSON.stringify({ stream: true, messages: [{ role: "user", content }] });
    const answer = await fetch(`${server.url}v1/${path}`, { method: "POST", body, headers });

    return new TextDecoder("utf-8", { fatal: true }).decode(await answer.arrayBuffer());
}

/** Ask all SDKs at once. */
const all = (what, list = names) => Promise.all(list.map(what));

test("each SDK gets the text, piece by piece, and why it ends", () => all(async (name) => {
    let pieces = 0;
    const got = await sdks[name](shared.url, { prompt: TEXT, on: () => pieces++ });

    assert.equal(got.text, TEXT, name);
    assert.ok(REASONS.stop.includes(got.reason), `${name}: ${got.reason}`);
    assert.ok(pieces > 10 && got.tokens >= pieces, `${name}: ${pieces} pieces, ${got.tokens} tokens`);
}));

test("each SDK gets the same from the same route without a stream", () => all(async (name) => {
    const got = await sdks[name](shared.url, { prompt: TEXT, whole: true });

    assert.equal(got.text, TEXT, name);
    assert.ok(REASONS.stop.includes(got.reason), `${name}: ${got.reason}`);
    assert.ok(got.tokens > 10, name);
}));

test("each SDK gets a call of a tool, with arguments that came in pieces", () => all(async (name) => {
    for (const whole of [false, true]) {
        const got = await sdks[name](shared.url, { prompt: TEXT, tool: "repeat", whole });

        assert.equal(got.call.name, "repeat", name);
        assert.deepEqual(JSON.parse(got.call.args), { text: TEXT }, name);
        assert.ok(REASONS.call.includes(got.reason), `${name}: ${got.reason}`);
    }
}));

test("each SDK hears that the limit was reached", () => all(async (name) => {
    for (const whole of [false, true]) { // the limit is inside the character 😀, which is left out
        const got = await sdks[name](shared.url, { prompt: TEXT, max: 7, whole });

        assert.equal(got.text, "Été, € 5, ", name);
        assert.ok(REASONS.length.includes(got.reason), `${name}: ${got.reason}`);
        assert.equal(got.tokens, 7, name);
    }
}));

test("no event has a part of a character", async () => {
    const stream = await raw(shared, "chat/completions", "😀€é".repeat(50));
    const pieces = stream.split("\n\n").filter((event) => event.includes('"content"'));

    assert.ok(pieces.length > 100, `${pieces.length} pieces`);
    assert.ok(!stream.includes("\ufffd") && !stream.includes("\\u"));
});

test("a stream that cannot be resumed has no ids, and takes none", async () => {
    for (const path of ["chat/completions", "messages"]) {
        const stream = await raw(shared, path, "Hi", { "Last-Event-ID": "7" });

        assert.match(stream, /"Hi"|"H"/, path);
        assert.doesNotMatch(stream, /^(id|retry)/m, path);
    }
});

test("the helpers of the SDKs put the events together", async () => {
    const messages = [{ role: "user", content: TEXT }];
    const [completion, response, message] = await Promise.all([
        openai(shared.url).chat.completions.stream({ model: "m", messages }).finalChatCompletion(),
        openai(shared.url).responses.stream({ model: "m", input: TEXT }).finalResponse(),
        anthropic(shared.url).messages.stream({ model: "m", max_tokens: 900, messages,
            thinking: { type: "enabled", budget_tokens: 100 } }).finalMessage(),
    ]);

    assert.equal(completion.choices[0].message.content, TEXT);
    assert.equal(response.output_text, TEXT);
    assert.equal(response.output[0].status, "completed");
    assert.deepEqual(message.content.map(({ type }) => type), ["thinking", "text"]);
    assert.equal(message.content[0].thinking, "Ist es “so”? 🤔 Ja.");
    assert.equal(message.content[0].signature, message.id);
    assert.equal(message.content[1].text, TEXT);
});

test("what a tool has returned goes back, and becomes the answer", async () => {
    const { jsonSchema, stepCountIs, streamText, tool } = await import("ai");
    const execute = ({ text }) => `${text} It is done.`;

    await all(async (name) => {
        const result = streamText({ model: models[name](shared.url, {}), prompt: "Do it.", maxRetries: 0,
            stopWhen: stepCountIs(3), tools: { do: tool({ inputSchema: jsonSchema(parameters), execute }) } });

        assert.match(await result.text, /Do it. It is done./, name);
        assert.equal((await result.steps).length, 2, name);
    }, Object.keys(models));
    const run = openai(shared.url).chat.completions.runTools({ model: "m", stream: true,
        messages: [{ role: "user", content: "Do it." }],
        tools: [{ type: "function", function: { name: "do", parameters, parse: JSON.parse,
            function: execute } }] });
    assert.equal(await run.finalContent(), "Do it. It is done.");
});

/** What is particular to each path: a request, the name of its limit, and what an error is. */
const protocols = {
    "v1/chat/completions": {
        ask: (content) => ({ model: "m", messages: [{ role: "user", content }] }),
        limit: "max_completion_tokens",
        types: { 400: "invalid_request_error", 404: "invalid_request_error", 429: "rate_limit_error",
            500: "server_error", 503: "server_error" },
        error: ({ error, ...more }, type) => assert.deepEqual({ ...error, message: typeof error.message, more },
            { message: "string", type, param: null, code: null, more: {} }),
    },
    "v1/messages": {
        ask: (content) => ({ model: "m", max_tokens: 99, messages: [{ role: "user", content }] }),
        limit: "max_tokens",
        // docs.anthropic.com/en/api/errors
        types: { 400: "invalid_request_error", 401: "authentication_error", 403: "permission_error",
            404: "not_found_error", 413: "request_too_large", 429: "rate_limit_error", 500: "api_error",
            503: "api_error", 504: "timeout_error", 529: "overloaded_error" },
        error: (body, type) => assert.deepEqual({ ...body, error: { ...body.error, message: typeof body.error.message } },
            { type: "error", error: { type, message: "string" } }),
    },
};
protocols["v1/responses"] = { ...protocols["v1/chat/completions"], limit: "max_output_tokens",
    ask: (input) => ({ model: "m", input }) };

const post = (path, body) => fetch(shared.url + path,
    { method: "POST", body: typeof body === "string" ? body : JSON.stringify(body) });

test("a request that is wrong is refused in the form of its protocol", async () => {
    for (const [path, { ask, limit, error }] of Object.entries(protocols)) {
        const right = ask("Hi");
        const wrong = [
            "", "{", "null", "5", '"x"', "[]", "[".repeat(9000), '{"a":'.repeat(9000), // no object
            JSON.stringify(ask("\ud800")), JSON.stringify(ask("a\0")), // what C and UTF-8 cannot have
            {}, ask(""), ask(5), ask(null), ask({}), ask([5, {}]), // no prompt
            ...[-1, 0, 1.5, "7", true, [], {}].map((max) => ({ ...right, [limit]: max })),
            { ...right, stream: "true" }, { ...right, stream: 1 }, { ...right, n: 2 },
            { ...right, model: "m".repeat(65) },
        ];

        for (const body of wrong) {
            const answer = await post(path, body);
            assert.equal(answer.status, 400, `${path}: ${JSON.stringify(body).slice(0, 99)}`);
            error(await answer.json(), "invalid_request_error");
        }
        for (const body of [{ ...right, [limit]: null, stream: null, n: null }, { ...right, [limit]: 2 ** 40, n: 1 }])
            assert.equal((await post(path, body)).status, 200, `${path}: ${JSON.stringify(body)}`);
    }
});

test("a refusal has the type that its status stands for", async () => {
    for (const [path, { ask, types, error }] of Object.entries(protocols)) {
        for (const [status, type] of Object.entries(types)) {
            const answer = await post(path, ask(`[refuse ${status}]`));
            assert.equal(answer.status, Number(status), path);
            error(await answer.json(), type);
        }
        const answer = await fetch(shared.url + path, { method: "PUT", body: "{}" });
        assert.deepEqual([answer.status, answer.headers.get("allow")], [405, "POST"], path);
        error(await answer.json(), "invalid_request_error");
    }
});

test("chat: an answer has all members that its type demands", async () => {
    for (const tools of [undefined, [{ type: "function", function: { name: "do" } }]]) {
        const answer = await post("v1/chat/completions", { ...protocols["v1/chat/completions"].ask("Hi"), tools });
        const [{ index, logprobs, message: { role, content, refusal } }] = (await answer.json()).choices;

        assert.deepEqual([index, logprobs, role, content, refusal], [0, null, "assistant", tools ? null : "Hi", null]);
    }
});

test("chat: of both names of the limit, the one with a number counts", async () => {
    for (const limits of [{ max_tokens: null, max_completion_tokens: 2 }, { max_tokens: 2, max_completion_tokens: null },
        { max_tokens: 2 }]) {
        const answer = await post("v1/chat/completions", { ...protocols["v1/chat/completions"].ask("Hello"), ...limits });
        assert.equal((await answer.json()).usage.completion_tokens, 2, JSON.stringify(limits));
    }
});

test("no tool is called where tool_choice is none", async () => {
    const parts = { "v1/chat/completions": ({ choices }) => choices[0].message.tool_calls,
        "v1/responses": ({ output }) => output[0].call_id, "v1/messages": ({ content }) => content[0].id };

    for (const [path, called] of Object.entries(parts))
        for (const [choice, calls] of [["none", false], [{ type: "none" }, false], ["auto", true], [undefined, true]]) {
            const answer = await post(path, { ...protocols[path].ask("Hi"), tool_choice: choice,
                tools: [{ type: "function", name: "do", function: { name: "do" } }] });
            assert.equal(called(await answer.json()) !== undefined, calls, `${path}: ${JSON.stringify(choice)}`);
        }
});

test("a page may send the fields that the SDKs send", async () => {
    const { headers } = await fetch(shared.url + "v1/messages", { method: "OPTIONS", headers: { Origin: "http://page",
        "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-stainless-os, x-api-key" } });

    const fields = headers.get("access-control-allow-headers").split(/, */);

    assert.ok(fields.includes("*") && fields.includes("authorization"), fields); // which "*" is not
});

test("an error before the stream is an error of the SDK, with its status", () => all(async (name) => {
    for (const status of [400, 429, 500, 503, 529])
        await assert.rejects(sdks[name](shared.url, { prompt: `[refuse ${status}]` }),
            (error) => (error.status ?? error.statusCode) === status && /to be refused/.test(error.message),
            `${name}: ${status}`);
}));

test("an error in the stream is an error of the SDK, after the text so far", () => all(async (name) => {
    await assert.rejects(sdks[name](shared.url, { prompt: "So far[fail]" }), (error) => {
        assert.match(`${error.message} ${JSON.stringify(error.error ?? error.cause ?? "")}`,
            /the model has failed/, name);
        assert.equal(error["so far"], "So far", name);
        return true;
    });
}));

/** A network that ends each connection after so many bytes; how: "end", or "destroy". */
async function cutting(bytes, how) {
    const network = net.createServer((client) => {
        const socket = net.connect(new URL(shared.url).port, "127.0.0.1");
        let left = bytes;

        client.on("error", () => {}).on("close", () => socket.destroy()).pipe(socket);
        socket.on("error", () => {}).on("close", () => client.destroy()).on("data", (data) => {
            if (left > 0)
                client.write(data.subarray(0, left), () => left <= 0 && client[how]());
            left -= data.length;
        });
    });

    await once(network.listen(0, "127.0.0.1"), "listening");
    closing.add(() => network.close());
    return `http://127.0.0.1:${network.address().port}/`;
}

test("a connection that is cut is an error, and not the end of the text", async () => {
    for (const how of ["end", "destroy"]) {
        const network = await cutting(4000, how);

        await all(async (name) => {
            let text = "";
            await assert.rejects(sdks[name](network, { prompt: TEXT.repeat(9), on: (piece) => (text += piece) }),
                (error) => error !== undefined, `${name}: ${how}`);
            assert.ok(text.length > 0 && TEXT.repeat(9).startsWith(text), `${name}: ${text}`);
        });
    }
});

/** fetch, when it was called, and with which statuses it was answered; a field may get lost. */
function counted(lost) {
    const at = [], statuses = [];

    return Object.assign(async (...args) => {
        at.push(performance.now());
        const answer = await fetch(...args);
        statuses.push(answer.status);
        const headers = new Headers(answer.headers);
        headers.delete(lost);
        return lost ? new Response(answer.body, { status: answer.status, headers }) : answer;
    }, { at, statuses });
}

test("SDKs come back when the server says so, in milliseconds or in seconds", async () => {
    // By themselves they come back after half a second, or after two.
    const server = await serve({ AI_MAX: 2, AI_RETRY_MS: 2500 });
    const blockers = await Promise.all([1, 2].map(() => openai(server.url).responses.create(
        { model: "m", input: "x".repeat(60000), background: true })));
    const asks = names.flatMap((name) => [
        { name, least: 2500, fetch: counted() },
        { name, least: 3000, fetch: counted("retry-after-ms") },
    ]);
    const answers = asks.map((ask) => sdks[ask.name](server.url, { prompt: "Hi", retries: 9, fetch: ask.fetch }));

    await until("all are refused", () => asks.every(({ fetch: { statuses } }) => statuses.length > 0));
    await Promise.all(blockers.map(({ id }) => openai(server.url).responses.cancel(id)));
    for (const [n, { name, least, fetch: { at } }] of asks.entries()) {
        assert.equal((await answers[n]).text, "Hi", name);
        assert.ok(at[1] - at[0] > least - 10, `${name}: came back after ${at[1] - at[0]} ms, not ${least}`);
    }
});

test("SDKs give up after the tries that they were given", () => all(async (name) => {
    for (const status of [503, 400]) {
        const ask = counted();

        await assert.rejects(sdks[name](shared.url, { prompt: `[refuse ${status}]`, retries: 1, fetch: ask }));
        assert.equal(ask.at.length, status === 503 ? 2 : 1, `${name}: ${status}`);
    }
}));

test("a silent model is no timeout, since the head comes at once, and then heartbeats", async () => {
    const server = await serve({ AI_PREFILL_MS: 600, AI_BEAT_MS: 20 });

    await all(async (name) => {
        assert.equal((await sdks[name](server.url, { prompt: TEXT, timeout: 400 })).text, TEXT, name);
    });
    for (const [path, beat] of [["chat/completions", /^:\n/gm], ["messages", /^event: ping\n/gm]]) {
        const beats = (await raw(server, path, "Hi")).match(beat);
        assert.ok(beats.length > 5, `${path}: ${beats.length} heartbeats`);
    }
});

test("a generation stops when its reader is gone", async (t) => {
    const server = await serve({ AI_TOKEN_MS: 5 });

    for (const name of names) {
        const abort = new AbortController();
        const before = (await server.counts()).pieces;
        let pieces = 0;

        await sdks[name](server.url, { prompt: "x".repeat(9000), signal: abort.signal,
            on: () => ++pieces === 9 && abort.abort() }).catch(() => {});
        await until("it stops", async () => (await server.counts()).running === 0);
        const over = (await server.counts()).pieces - before - pieces;
        t.diagnostic(`${name}: ${over} pieces after the one at which the reader left`);
        assert.ok(over < 40, `${name}: ${over} pieces too many`);
    }
});

const memory = (pid) => Number(/VmRSS:\s+([0-9]+)/.exec(readFileSync(`/proc/${pid}/status`))[1]);

test("a client that does not read makes the model wait, and costs no memory", async (t) => {
    const server = await serve({ AI_TOKEN_MS: 0, ASAN_OPTIONS: "quarantine_size_mb=1" }); // it hoards
    const text = TEXT.repeat(12000);

    for (const [path, body] of [
        ["v1/chat/completions", { stream: true, messages: [{ content: text }] }],
        ["v1/messages", { stream: true, messages: [{ content: text }] }],
    ]) {
        const socket = net.connect(new URL(server.url).port, "127.0.0.1").pause();
        const sent = JSON.stringify(body);

        closing.add(() => socket.destroy());
        socket.write(`POST /${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${Buffer.byteLength(sent)}\r\n\r\n${sent}`);
        const start = await until("it runs", async () => (await server.counts()).running === 1 && memory(server.pid));
        let last = -1;
        const stopped = await until("the model waits", async () => {
            const { pieces, running } = await server.counts();
            assert.equal(running, 1);
            const same = pieces === last;
            last = pieces;
            await sleep(100);
            return same && pieces;
        });
        const grown = memory(server.pid) - start;
        t.diagnostic(`${path}: waits after ${stopped} pieces; ${grown} KiB more memory`);
        assert.ok(stopped < Buffer.byteLength(text) / 4, `${stopped} pieces`);
        assert.ok(grown < 16384, `${grown} KiB`); // all events are above 20 MiB
        socket.destroy();
        await until("it stops", async () => (await server.counts()).running === 0);
    }
});

test("responses: a stream goes on after each number", async () => {
    const client = openai(shared.url);
    const every = [];

    for await (const event of await client.responses.create({ model: "m", input: TEXT, stream: true, background: true }))
        every.push(event);
    assert.deepEqual(every.map((event) => event.sequence_number), every.map((_, n) => n));
    const { id } = every[0].response;
    await all(async (after) => {
        const rest = [];
        for await (const event of await client.responses.retrieve(id, { stream: true, starting_after: after }))
            rest.push(event);
        assert.deepEqual(rest, every.slice(after + 1));
    }, every.map((_, n) => n));
    const again = await client.responses.stream({ response_id: id, starting_after: 5 }).finalResponse();
    assert.equal(again.output_text, TEXT);
    const whole = await client.responses.retrieve(id);
    assert.equal(whole.status, "completed");
    assert.equal(whole.output_text, TEXT);
});

test("responses: in the background one goes on that is cut, and is joined where it is", async () => {
    const server = await serve({ AI_TOKEN_MS: 3 });
    const client = openai(server.url);
    const text = TEXT.repeat(9);
    let got = "", id, after, joins = 0;

    const take = async (stream, most) => {
        for await (const event of stream) {
            id ??= event.response.id;
            after = event.sequence_number;
            got += event.type === "response.output_text.delta" ? event.delta : "";
            if (event.type === "response.completed")
                return true;
            if (--most === 0)
                return false; // which aborts the request
        }
    };
    let ended = await take(await client.responses.create(
        { model: "m", input: text, stream: true, background: true }), 7);
    while (!ended && ++joins)
        ended = await take(await client.responses.retrieve(id, { stream: true, starting_after: after }), 11);
    assert.equal(got, text);
    assert.ok(joins > 9, `${joins} joins`);
});

test("responses: Last-Event-ID joins as starting_after does", async () => {
    const { id } = await openai(shared.url).responses.create({ model: "m", input: TEXT, background: true });
    await until("it is over", async () => (await openai(shared.url).responses.retrieve(id)).status === "completed");
    const read = async (query, headers) =>
        (await fetch(`${shared.url}v1/responses/${id}?stream=true${query}`, { headers })).text();

    const joined = await read("&starting_after=6", {});
    assert.equal(await read("", { "Last-Event-ID": "6" }), joined);
    assert.match(joined, /^:\nevent: response.output_text.delta\nid: 7\n/);
});

test("responses: one in the background can be canceled, and deleted", async () => {
    const client = openai(shared.url);
    const { id, status } = await client.responses.create({ model: "m", input: "x".repeat(9000), background: true });
    const reading = client.responses.stream({ response_id: id }).finalResponse();

    assert.equal(status, "in_progress");
    assert.equal((await client.responses.cancel(id)).status, "cancelled");
    assert.equal((await reading).status, "cancelled");
    assert.equal((await client.responses.retrieve(id)).status, "cancelled");
    await client.responses.delete(id);
    await assert.rejects(client.responses.retrieve(id), OpenAI.NotFoundError);
});

test("responses: the item has the status of its response", async () => {
    const client = openai(shared.url);
    const { id } = await client.responses.create({ model: "m", input: "x".repeat(9000), background: true });
    const status = ({ output }) => output[0]?.status;

    await until("it has begun", async () => status(await client.responses.retrieve(id)) !== undefined);
    assert.equal(status(await client.responses.retrieve(id)), "in_progress");
    assert.equal(status(await client.responses.cancel(id)), "incomplete");
    for (const [input, reason, item] of [["x", "completed", "completed"], ["xxxx[fail]", "failed", "incomplete"]]) {
        const response = await client.responses.create({ model: "m", input });
        assert.deepEqual([response.status, status(response)], [reason, item]);
    }
    const events = [];
    for await (const event of await client.responses.create({ model: "m", input: "xxxxxxxxx", max_output_tokens: 2, stream: true }))
        events.push(event);
    assert.equal(status(events.at(-1).response), "incomplete");
    assert.equal(events.at(-2).item.status, "incomplete");
});

test("responses: HEAD is GET without a body", async () => {
    const { id } = await openai(shared.url).responses.create({ model: "m", input: "x", background: true });

    for (const [query, type] of [["", "application/json"], ["?stream=true", "text/event-stream"]]) {
        const answer = await fetch(`${shared.url}v1/responses/${id}${query}`, { method: "HEAD" });
        assert.deepEqual([answer.status, answer.headers.get("content-type"), await answer.text()], [200, type, ""]);
    }
});

test("responses: one that nobody reads is canceled, if it is not in the background", async () => {
    const client = openai(shared.url);
    const stream = await client.responses.create({ model: "m", input: "x".repeat(9000), stream: true });
    let id;

    for await (const event of stream) {
        id = event.response.id;
        break;
    }
    await until("it is canceled", async () => (await client.responses.retrieve(id)).status === "cancelled");
    await assert.rejects(client.responses.cancel(id), OpenAI.BadRequestError);
});

test("responses: a number that no event has is refused", async () => {
    const { id } = await openai(shared.url).responses.create({ model: "m", input: "x", background: true });

    for (const after of ["99", "-1", "x", "1x", "01", "+1", "%201", "1%00", "1e0", "18446744073709551616", "9".repeat(40)]) {
        const answer = await fetch(`${shared.url}v1/responses/${id}?stream=true&starting_after=${after}`);
        assert.equal(answer.status, 400, after);
        protocols["v1/responses"].error(await answer.json(), "invalid_request_error");
    }
});

test("responses: 16 are kept, also where more ran at a time", async () => {
    const client = openai(shared.url);
    const ids = [];

    for (let n = 0; n < 40; n++)
        ids.push((await client.responses.create({ model: "m", input: "x".repeat(9000), background: true })).id);
    for (const id of ids) // none is forgotten while it runs
        assert.equal((await client.responses.cancel(id)).status, "cancelled");
    ids.push((await client.responses.create({ model: "m", input: "x" })).id);
    const kept = await Promise.all(ids.map((id) => client.responses.retrieve(id).catch((error) => error)));
    assert.deepEqual(kept.map((got) => got instanceof OpenAI.NotFoundError),
        ids.map((_, n) => n < ids.length - 16));
});

test("anthropic: an error in the stream has its type", async () => {
    await assert.rejects(sdks.anthropic(shared.url, { prompt: "So far[fail]" }),
        (error) => error instanceof Anthropic.APIError && error.type === "api_error");
});
