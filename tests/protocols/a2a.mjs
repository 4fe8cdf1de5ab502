/* The agent of examples/protocols/a2a.c, driven by @a2a-js/sdk:  node a2a.mjs PROGRAM
 *
 * Each scene is played in 1.0 and in 0.3, and ends the program, which must have freed all. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { connect, need, start, until } from "../clients/serving.mjs";

const { JsonRpcTransportFactory } = await need("@a2a-js/sdk/client");
const { TaskState } = await need("@a2a-js/sdk");

const { TASK_STATE_CANCELED: CANCELED, TASK_STATE_COMPLETED: COMPLETED, TASK_STATE_FAILED: FAILED,
    TASK_STATE_WORKING: WORKING } = TaskState;
const BEAT_MS = 3; // less than the agent takes for a number

function scene(name, run) {
    for (const version of ["1.0", "0.3"])
        test(`${version}: ${name}`, async () => {
            const server = await start("0", String(BEAT_MS));

            server.client = (url = server.url, fetchImpl = fetch) => new JsonRpcTransportFactory({
                fetchImpl, legacyCompat: { enabled: true },
            }).create(url, { supportedInterfaces: [{ url, protocolBinding: "JSONRPC", tenant: "",
                protocolVersion: version }] });
            await run(server, await server.client());
            assert.equal(await server.end("SIGTERM"), 0, "the program ends by itself");
        });
}

const ask = (text) => ({ tenant: "", configuration: undefined, metadata: undefined, message: {
    messageId: "m", contextId: "", taskId: "", role: 1, metadata: undefined, extensions: [],
    referenceTaskIds: [], parts: [{ content: { $case: "text", value: text }, metadata: undefined,
        filename: "", mediaType: "" }] } });
const numbers = (to, from = 0) =>
    Array.from({ length: to - from }, (_, n) => `${from + n + 1} `).join("");
const said = (artifact) => artifact?.parts.map(({ content }) => content.value).join("") ?? "";

/** Read events, until `enough` of what they say: the task, its text and state, and how many. */
async function read(events, enough = () => false, task = { events: 0 }) {
    for await (const { payload: { $case, value } } of events) {
        task.events++;
        if ($case === "task")
            Object.assign(task, { id: value.id, text: value.artifacts.map(said).join(""),
                state: value.status.state });
        else if ($case === "artifactUpdate")
            task.text += said(value.artifact);
        else
            task.state = value.status.state;
        if (enough(task))
            break;
    }
    return task;
}

scene("a message is answered by the task, its pieces, and its end, between heartbeats", async (server, client) => {
    let bytes = "";
    const spy = await server.client(server.url, async (url, init) => {
        const answer = await fetch(url, init);
        const [one, other] = answer.body.tee();

        one.pipeThrough(new TextDecoderStream()).pipeTo(new WritableStream({
            write: (text) => void (bytes += text) }));
        return new Response(other, answer);
    });
    const task = await read(spy.sendMessageStream(ask("count to 30")));

    assert.deepEqual(task, { events: 32, id: task.id, text: numbers(30), state: COMPLETED });
    assert.match(task.id, /^task-[0-9a-f]{24}$/, "which nobody can guess");
    assert.ok(bytes.match(/^:$/gm).length > 5, "heartbeats");
    const { status, artifacts } = await client.getTask({ tenant: "", id: task.id });
    assert.deepEqual([status.state, said(artifacts[0])], [COMPLETED, numbers(30)]);
});

scene("an agent that fails ends the stream in that state", async (server, client) => {
    const task = await read(client.sendMessageStream(ask("fail at 10")));

    assert.deepEqual([task.text, task.state], [numbers(5), FAILED]);
});

scene("a task outlives its connection, and goes on for each reader that subscribes", async (server, client) => {
    const network = await connect(server);
    const far = await server.client(network.url);
    const task = {};
    const events = far.sendMessageStream(ask("count to 50"));

    await assert.rejects(read(events, (now) => now.text === numbers(5) && network.fail(),
        Object.assign(task, { events: 0 })));
    assert.ok(task.text.startsWith(numbers(5)));
    const [one, other] = await Promise.all([
        read(client.resubscribeTask({ tenant: "", id: task.id })),
        read((await server.client()).resubscribeTask({ tenant: "", id: task.id })),
    ]);
    for (const again of [one, other]) {
        assert.deepEqual([again.text, again.state], [numbers(50), COMPLETED]);
        assert.ok(again.events < 50, "it does not begin anew");
    }
});

scene("the readers of a task that is canceled are told so", async (server, client) => {
    const task = await read(client.sendMessageStream(ask("count to 1000")), ({ text }) => text === "1 ");
    const reader = read(client.resubscribeTask({ tenant: "", id: task.id }));

    assert.equal((await client.cancelTask({ tenant: "", id: task.id })).status.state, CANCELED);
    assert.equal((await reader).state, CANCELED);
    await assert.rejects(client.cancelTask({ tenant: "", id: task.id }), /the task has ended/);
});

scene("a reader that aborts leaves the task alone", async (server, client) => {
    const abort = new AbortController();
    const task = {};

    await assert.rejects(read(client.sendMessageStream(ask("count to 20"), { signal: abort.signal }),
        ({ text }) => text === "1 2 " && abort.abort(), Object.assign(task, { events: 0 })),
    { name: "AbortError" });
    assert.equal((await client.getTask({ tenant: "", id: task.id })).status.state, WORKING);
    await until("the task ends", async () =>
        (await client.getTask({ tenant: "", id: task.id })).status.state === COMPLETED);
});

scene("a refusal is an error of JSON-RPC, and no stream", async (server, client) => {
    const missing = { tenant: "", id: "task-0" };

    await assert.rejects(read(client.resubscribeTask(missing)), /there is no such task/);
    await assert.rejects(client.getTask(missing), /there is no such task/);
    const task = await read(client.sendMessageStream(ask("count to 1")));
    await assert.rejects(read(client.resubscribeTask({ tenant: "", id: task.id })), /the task has ended/);
    assert.equal((await fetch(server.url)).status, 405);
    const call = { jsonrpc: "2.0", id: 1, method: "GetTask" };
    for (const [body, code, id] of [["{", -32700, null], ["", -32700, null], ["[]", -32600, null],
        [{ ...call, id: undefined }, -32600, null], [{ ...call, id: {} }, -32600, null],
        [{ ...call, id: "x".repeat(999) }, -32600, null], [{ ...call, method: 5 }, -32600, 1],
        [{ ...call, method: "x" }, -32601, 1], [{ ...call, id: "a", params: 5 }, -32001, "a"],
        [{ ...call, method: "message/stream", params: { message: { parts: [{ text: 5 }] } } }, -32602, 1]]) {
        const answer = await fetch(server.url, { method: "POST",
            body: typeof body === "string" ? body : JSON.stringify(body) });
        const { jsonrpc, error, id: got } = await answer.json();
        assert.deepEqual([answer.status, jsonrpc, error.code, got], [200, "2.0", code, id],
            JSON.stringify(body).slice(0, 99));
    }
});
