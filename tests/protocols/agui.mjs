/* The agent of examples/protocols/agui.c, driven by @ag-ui/client:  node agui.mjs PROGRAM */
import assert from "node:assert/strict";
import { test } from "node:test";

import { connect, need, start } from "../clients/serving.mjs";

const { HttpAgent } = await need("@ag-ui/client");
const BEAT_MS = 3; // less than the agent takes for a word

console.error = () => {}; // where the client says what it throws, too

function scene(name, run) {
    test(name, async () => {
        const server = await start("0", String(BEAT_MS));

        await run(server);
        assert.equal(await server.end("SIGTERM"), 0, "the program ends by itself");
    });
}

/** Run the agent. Returns the agent, the types of its events, and what the run has thrown. */
async function run(url, content, on = () => {}, fetchImpl = fetch) {
    const agent = new HttpAgent({ url, threadId: "t", fetch: fetchImpl });
    const types = [];
    let thrown;

    agent.addMessage({ id: "m", role: "user", content });
    await agent.runAgent({ runId: "r" }, { onEvent({ event }) {
        types.push(event.type);
        on(event, agent);
    } }).catch((error) => (thrown = error));
    return { agent, types, thrown, messages: agent.messages.slice(1) };
}

scene("a run is its words, a call, and the state, between heartbeats", async (server) => {
    let bytes = "";
    const { agent, types, thrown, messages } = await run(server.url, "one two call three", undefined,
        async (url, init) => {
            const answer = await fetch(url, init);
            const [one, other] = answer.body.tee();

            one.pipeThrough(new TextDecoderStream()).pipeTo(new WritableStream({
                write: (text) => void (bytes += text) }));
            return new Response(other, answer);
        });

    assert.equal(thrown, undefined);
    assert.deepEqual(types, ["RUN_STARTED", "STATE_SNAPSHOT", "TEXT_MESSAGE_START",
        "TEXT_MESSAGE_CONTENT", "STATE_DELTA", "TEXT_MESSAGE_CONTENT", "STATE_DELTA",
        "TOOL_CALL_START", "TOOL_CALL_ARGS", "TOOL_CALL_ARGS", "TOOL_CALL_END",
        "TEXT_MESSAGE_CONTENT", "STATE_DELTA", "TEXT_MESSAGE_END", "RUN_FINISHED"]);
    assert.deepEqual(agent.state, { words: 3 });
    assert.equal(messages[0].content, "one two three");
    assert.deepEqual(messages.flatMap(({ toolCalls }) => toolCalls ?? []).map((call) => call.function),
        [{ name: "search", arguments: '{"after":2}' }]);
    assert.ok(bytes.match(/^:$/gm).length > 2, "heartbeats");
});

scene("text arrives as it is", async (server) => {
    const text = 'Été, € 5, 😀🧑‍🚀,  "quoted" \\ \t\n\r\n end.';

    assert.equal((await run(server.url, text)).messages[0].content, text);
});

scene("an agent that fails is an error of the run", async (server) => {
    const { types, messages } = await run(server.url, "one fail two");

    assert.equal(types.at(-1), "RUN_ERROR");
    assert.equal(messages[0].content, "one ");
});

scene("a word that does not fit into the history is an error of the run", async (server) => {
    const { types, messages } = await run(server.url, `one ${"x".repeat(100000)} two`);

    assert.equal(types.at(-1), "RUN_ERROR");
    assert.equal(messages[0].content, "one ");
});

/* After such an error the client cancels the body, and throws again, where nobody can catch it, what
 * that gives: a program of Node.js ends. So this one gets a body whose cancel does not fail. */
scene("a connection that is lost is an error of the run", async (server) => {
    const network = await connect(server);
    let cancelled;
    const { thrown, types } = await run(network.url, "word ".repeat(100),
        ({ type }) => type === "STATE_DELTA" && network.fail(), async (url, init) => {
            const { ok, status, headers, body } = await fetch(url, init);
            const reader = body.getReader();

            return { ok, status, headers, body: { getReader: () => ({ read: () => reader.read(),
                cancel: () => reader.cancel().catch((error) => void (cancelled = error)) }) } };
        });

    assert.match(String(thrown), /terminated/);
    assert.match(String(cancelled), /terminated/);
    assert.ok(!types.includes("RUN_FINISHED"));
});

scene("a run that is aborted ends, and the next one begins anew", async (server) => {
    const { types } = await run(server.url, "word ".repeat(1000),
        ({ type }, agent) => type === "STATE_DELTA" && agent.abortRun());

    assert.ok(types.length < 20, `${types.length} events`);
    assert.deepEqual((await run(server.url, "one")).agent.state, { words: 1 });
});

scene("a refusal is an error of the run", async (server) => {
    const { thrown } = await run(server.url + "nowhere", "one", undefined,
        (url, init) => fetch(url, { ...init, body: "{}" }));

    assert.match(String(thrown), /400/);
    assert.equal((await fetch(server.url)).status, 405);
});
