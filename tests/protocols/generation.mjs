/* The generations of examples/servers, read by SDKs for tokens:  node generation.mjs PROGRAM
 * Between the tokens there are comments, since a token takes longer here than the line may be
 * silent. The rest is in tests/servers/generation.py. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import { afterEach, test } from "node:test";

import { need, until } from "../clients/serving.mjs";

const { default: OpenAI } = await need("openai");
const { streamText } = await need("ai");
const { createOpenAICompatible } = await need("@ai-sdk/openai-compatible");
const { EventSourceParserStream } = await need("eventsource-parser/stream");
const { EventSource } = await need("undici");

const TEXT = 'Été, € 5, 😀🧑‍🚀, "quoted" \\ \t\n end.';
const closing = new Set();
let server;

afterEach(async () => {
    closing.forEach((close) => close());
    closing.clear();
    server.kill("SIGTERM");
    assert.equal((await server.ended)[0], 0);
});

/** Start the program. Tokens are slower than the heartbeat. */
async function serve(settings = {}) {
    server = spawn(process.argv[2], ["0"], {
        stdio: ["ignore", "pipe", "inherit"],
        env: { ...process.env, DEMO_PREFILL_MS: 300, DEMO_TOKEN_MS: 20, GENERATION_BEAT_MS: 10,
            ...settings },
    });
    server.ended = once(server, "exit");
    const [told] = await once(server.stdout.setEncoding("utf8"), "data");
    server.url = told.trim();
}

/** What a program needs that has such an SDK: it sends the prompt alone, and Accept says which answer
 * it wants. */
async function generate(url, init) {
    const { messages, stream } = JSON.parse(init.body);

    return fetch(server.url + "generations", {
        ...init,
        body: messages.at(-1).content,
        headers: { Accept: stream ? "text/event-stream" : "application/json" },
    });
}

const openai = () => new OpenAI({ apiKey: "none", fetch: generate, maxRetries: 0 });
const asks = (content) => ({ model: "demo", messages: [{ role: "user", content }] });

test("openai: a stream is the text, to its end", async () => {
    await serve();
    let text = "", reason;

    for await (const chunk of await openai().chat.completions.create({ ...asks(TEXT), stream: true })) {
        text += chunk.choices[0].delta.content ?? "";
        reason = chunk.choices[0].finish_reason;
    }
    assert.deepEqual([text, reason], [TEXT, "stop"]);
});

test("openai: its helper puts the chunks together", async () => {
    await serve();
    const completion = await openai().chat.completions.stream(asks(TEXT)).finalChatCompletion();

    assert.equal(completion.choices[0].message.content, TEXT);
    assert.equal(completion.choices[0].message.role, "assistant");
    assert.equal(completion.choices[0].finish_reason, "stop");
});

test("openai: without a stream it is the whole text", async () => {
    await serve();
    const completion = await openai().chat.completions.create(asks(TEXT));

    assert.equal(completion.choices[0].message.content, TEXT);
    assert.equal(completion.choices[0].finish_reason, "stop");
});

test("openai: a failure of the model is an error of the SDK", async () => {
    await serve();
    const stream = await openai().chat.completions.create({ ...asks("So far[fail]"), stream: true });
    let text = "";

    await assert.rejects(async () => {
        for await (const chunk of stream)
            text += chunk.choices[0].delta.content ?? "";
    }, (error) => error instanceof OpenAI.APIError && /the model has failed/.test(error.message));
    assert.equal(text, "So far");
});

test("openai: a generation that is canceled ends like others", async () => {
    await serve();
    const stream = await openai().chat.completions.create({ ...asks("x".repeat(9000)), stream: true });
    let reason;

    for await (const chunk of stream) {
        reason = chunk.choices[0].finish_reason;
        if (chunk.choices[0].delta.content)
            await fetch(server.url + "generations/" + chunk.id, { method: "DELETE" });
    }
    assert.equal(reason, "cancelled");
});

test("openai: too many at a time is an error that says when to come back", async () => {
    await serve({ GENERATION_MAX: 0 });
    await assert.rejects(openai().chat.completions.create({ ...asks("x"), stream: true }),
        (error) => error instanceof OpenAI.RateLimitError &&
            error.headers.get("retry-after") === "1");
});

test("ai: a stream is the text, to its end", async () => {
    await serve();
    const provider = createOpenAICompatible({ name: "x", baseURL: "http://x", fetch: generate });
    const result = streamText({ model: provider("demo"), prompt: TEXT, maxRetries: 0 });
    let text = "";

    for await (const part of result.textStream)
        text += part;
    assert.equal(text, TEXT);
    assert.equal(await result.finishReason, "stop");
});

test("ai: a failure of the model is an error of the stream", async () => {
    await serve();
    const provider = createOpenAICompatible({ name: "x", baseURL: "http://x", fetch: generate });
    const errors = [];
    const result = streamText({ model: provider("demo"), prompt: "So far[fail]", maxRetries: 0,
        onError: ({ error }) => errors.push(error) });
    let text = "";

    for await (const part of result.textStream)
        text += part;
    assert.equal(text, "So far");
    assert.match(String(errors[0]?.message ?? errors[0]), /the model has failed/);
});

test("eventsource-parser: a client of one's own comes back after each token", async () => {
    await serve();
    const started = await fetch(server.url + "generations", { method: "POST", body: TEXT });
    const place = new URL(started.headers.get("location"), server.url);
    let answer = started, last, text = "";

    for (;;) {
        const events = answer.body.pipeThrough(new TextDecoderStream())
            .pipeThrough(new EventSourceParserStream()).getReader();
        const { value } = await events.read();
        await events.cancel();
        last = value.id;
        if (value.data === "[DONE]")
            break;
        text += JSON.parse(value.data).choices[0].delta.content ?? "";
        answer = await fetch(place, { headers: { "Last-Event-ID": last } });
    }
    assert.equal(text, TEXT);
});

/** A network that ends each connection after so many bytes. */
async function cutting(bytes) {
    const network = net.createServer((client) => {
        const socket = net.connect(new URL(server.url).port, "127.0.0.1");
        let left = bytes();

        client.on("error", () => {}).on("close", () => socket.destroy()).pipe(socket);
        socket.on("error", () => {}).on("close", () => client.destroy()).on("data", (data) => {
            client.write(data.subarray(0, left));
            left -= data.length;
            if (left <= 0)
                client.end();
        });
    });

    await once(network.listen(0, "127.0.0.1"), "listening");
    closing.add(() => network.close());
    return `http://127.0.0.1:${network.address().port}`;
}

test("EventSource: it comes back by itself until it has all, and then stops", async () => {
    await serve({ DEMO_TOKEN_MS: 1 });
    const started = await fetch(server.url + "generations", { method: "POST", body: TEXT });
    let connections = 0;
    const url = await cutting(() => 900 + 211 * connections++);
    const source = new EventSource(url + started.headers.get("location"),
        { node: { reconnectionTime: 20 } });
    const got = [];

    closing.add(() => source.close());
    source.onmessage = (event) => got.push(event.data);
    await until("it stops", () => source.readyState === EventSource.CLOSED);
    assert.equal(got.pop(), "[DONE]");
    assert.equal(got.map((data) => JSON.parse(data).choices[0].delta.content ?? "").join(""), TEXT);
    assert.ok(connections > 3, `${connections} connections`);
});
