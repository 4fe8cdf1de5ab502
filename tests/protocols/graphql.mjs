/* The server for graphql-sse of examples/protocols, driven by that package:  node graphql.mjs PROGRAM */
import assert from "node:assert/strict";
import { test } from "node:test";

import { connect, need, start, until } from "../clients/serving.mjs";

const { createClient } = await need("graphql-sse");

const COUNT = "subscription Count($to: Int!, $everyMs: Int!) { count(to: $to, everyMs: $everyMs) }";
const NEWS = "subscription { news }";
const TOKEN = "X-GraphQL-Event-Stream-Token";
const open = new Set();

/** A test with a server of its own, whose heartbeats are dense. */
function scene(name, run) {
    test(name, async () => {
        const server = await start("0", "15");

        server.graphql = server.url + "graphql";
        try {
            await run(server);
        } finally {
            open.forEach((one) => one.dispose());
            open.clear();
        }
        assert.equal(await server.end("SIGTERM"), 0, "the program ends by itself");
    });
}

/** A client that retries at once; `asked` has its requests, and `retries` how often it came back. */
function client(url, options = {}) {
    const one = createClient({ url, retryAttempts: 50, retry: () => new Promise((done) => setTimeout(done, 20)),
        fetchFn(to, init) {
            one.asked.push(init.method);
            return fetch(to, init);
        },
        on: { connecting: (again) => { one.retries += again; } },
        ...options });

    one.asked = [];
    one.retries = 0;
    open.add(one);
    return one;
}

/** All results of an operation, after which it is complete. */
async function results(one, query, variables) {
    const got = [];

    for await (const result of one.iterate({ query, variables }))
        got.push(result);
    return got;
}

/** Results as they come. */
function follow(one, query, variables) {
    const got = [];

    got.stop = one.subscribe({ query, variables }, { next: (result) => got.push(result),
        error: (error) => (got.error = error), complete: () => (got.complete = true) });
    return got;
}

const counted = (to) => Array.from({ length: to }, (_, n) => ({ data: { count: n + 1 } }));

for (const singleConnection of [false, true]) {
    const mode = singleConnection ? "a single connection: " : "distinct connections: ";
    const join = (server, options) => client(server.graphql, { singleConnection, ...options });

    scene(mode + "results, then the end, with heartbeats between", async (server) => {
        const one = join(server);
        const all = await Promise.all([results(one, "{ hello }"),
            ...[3, 5, 8].map((to) => results(one, COUNT, { to, everyMs: 20 }))]);

        assert.deepEqual(all, [[{ data: { hello: "world" } }], counted(3), counted(5), counted(8)]);
        assert.deepEqual(one.asked.filter((method) => method === "GET").length, singleConnection ? 1 : 0);
    });

    scene(mode + "what is wrong with a document comes as a result", async (server) => {
        assert.deepEqual(await results(join(server), "{ other }"), [{ errors: [{ message: "Unknown document" }] }]);
    });

    scene(mode + "what is no request is refused, and the client says so", async (server) => {
        const got = follow(join(server, { retryAttempts: 0 }), undefined);

        await until("an error", () => got.error);
        assert.equal(got.error.response.status, 400);
    });

    scene(mode + "news reach all who wait for them", async (server) => {
        const waiting = [join(server), join(server)].map((one) => follow(one, NEWS));
        const texts = ["one", "  two: é 😀 \\ \"quoted\"  ", ""];

        await until("both have the first", () => {
            server.say("first");
            return waiting.every((got) => got.length > 0);
        });
        server.say(...texts);
        await until("both have the last", () => waiting.every((got) => got.at(-1).data.news === ""));
        for (const got of waiting)
            assert.deepEqual(got.slice(-3).map(({ data }) => data.news), texts);
    });

    scene(mode + "a client that is cut off begins anew", async (server) => {
        const network = await connect(server);
        const one = client(network.url + "graphql", { singleConnection });
        const got = follow(one, COUNT, { to: 10, everyMs: 20 });

        await until("some results", () => got.length >= 3);
        network.fail();
        await until("it tries", () => one.retries > 0);
        const before = got.length;
        network.recover();
        await until("the end", () => got.complete || got.error);
        assert.equal(got.error, undefined);
        assert.deepEqual(got.slice(before), counted(10), "there are no ids to go on from");
    });

    scene(mode + "a client gives up after its retries", async (server) => {
        const network = await connect(server);
        const one = client(network.url + "graphql", { singleConnection, retryAttempts: 3 });
        const got = follow(one, NEWS);

        await until("it waits", () => {
            server.say("first");
            return got.length > 0;
        });
        network.fail();
        await until("an error", () => got.error);
        assert.equal(one.retries, 3);
    });
}

scene("distinct connections: the bytes are those of the protocol", async (server) => {
    const ask = (query, headers) => fetch(server.graphql, { method: "POST",
        headers: { Accept: "text/event-stream", ...headers }, body: JSON.stringify({ query }) });
    const answer = await ask("{ hello }");

    assert.equal(answer.headers.get("content-type"), "text/event-stream");
    assert.equal(await answer.text(),
        ':\n\nevent: next\ndata: {"data":{"hello":"world"}}\n\nevent: complete\ndata: \n\n');
    assert.equal((await ask("{ hello }", { Accept: "application/json" })).status, 406);
    const patch = await fetch(server.graphql, { method: "PATCH" });
    assert.deepEqual([patch.status, patch.headers.get("allow")], [405, "GET, POST, PUT, DELETE"]);
    assert.equal((await fetch(server.url)).status, 404);
});

scene("a single connection: an operation ends, and the others go on", async (server) => {
    const one = client(server.graphql, { singleConnection: true });
    const long = follow(one, COUNT, { to: 100000, everyMs: 5 });
    const news = follow(one, NEWS);

    await until("results of both", () => {
        server.say("line");
        return long.length > 3 && news.length > 3;
    });
    long.stop();
    await until("the server is told", () => one.asked.includes("DELETE"));
    await until("the end", () => long.complete);
    const had = long.length, before = news.length;
    server.say("another");
    await until("news", () => news.length > before);
    assert.equal(long.length, had);
    assert.deepEqual(one.asked.filter((method) => method !== "POST"), ["PUT", "GET", "DELETE"]);
});

scene("a single connection: a token is for one stream, and ends with it", async (server) => {
    const reserved = await fetch(server.graphql, { method: "PUT" });
    const token = await reserved.text();
    const get = (value) => fetch(`${server.graphql}?token=${value}`);
    const post = (body) => fetch(server.graphql, { method: "POST", headers: { [TOKEN]: token },
        body: JSON.stringify(body) });
    const running = { query: COUNT, variables: { to: 100000, everyMs: 5 }, extensions: { operationId: "a" } };

    assert.equal(reserved.status, 201);
    assert.match(token, /^[0-9a-f]{32}$/);
    assert.equal((await post({ ...running, query: "{ hello }" })).status, 202, "before the stream is opened");
    const stream = await get(token);
    const reader = stream.body.pipeThrough(new TextDecoderStream()).getReader();
    let bytes = "";
    while (!bytes.includes("complete"))
        bytes += (await reader.read()).value;
    assert.ok(bytes.includes('event: next\ndata: {"id":"a","payload":{"data":{"hello":"world"}}}\n\n' +
        'event: complete\ndata: {"id":"a"}\n\n'), bytes);

    assert.equal((await get(token)).status, 409);
    assert.equal((await fetch(`${server.graphql}?token=${token}`,
        { method: "POST", body: JSON.stringify({ query: NEWS }) })).status, 400, "the token may be in the query");
    assert.equal((await get("other")).status, 404);
    assert.equal((await post({ query: NEWS })).status, 400, "no id of the operation");
    assert.equal((await post(running)).status, 202);
    assert.equal((await post(running)).status, 409);
    const began = performance.now();
    await reader.cancel();
    await until("the token is void", async () => (await get(token)).status === 404);
    console.log(`graphql: the end was noticed after ${Math.round(performance.now() - began)} ms`);
});

/** A reservation: to run a document in it, and to open its stream. */
async function reserve(server) {
    const token = await (await fetch(server.graphql, { method: "PUT" })).text();

    return {
        run: async (operationId, query, variables) => (await fetch(server.graphql, { method: "POST",
            headers: { [TOKEN]: token }, body: JSON.stringify({ query, variables, extensions: { operationId } }) })).status,
        open: () => fetch(`${server.graphql}?token=${token}`),
    };
}

scene("a single connection: a client that opens its stream too late gets no stream with a hole", async (server) => {
    const { run, open } = await reserve(server);

    assert.equal(await run("a", COUNT, { to: 300, everyMs: 1 }), 202);
    await until("it is complete, and its name is free", async () => await run("a", "{ hello }") === 202);
    assert.equal((await open()).status, 404);
    assert.equal(await run("a", "{ hello }"), 404, "the token is void");
});

scene("a single connection has 100 operations at once, with names of 255 bytes", async (server) => {
    const { run, open } = await reserve(server);
    const names = Array.from({ length: 100 }, (_, n) => `${n}`.padStart(255, "x"));

    assert.equal(await run("x".repeat(256), NEWS), 400);
    assert.deepEqual([...new Set(await Promise.all(names.map((name) => run(name, NEWS))))], [202]);
    assert.equal(await run("one more", NEWS), 429);
    await (await open()).body.cancel();
});
