/* The commands of examples/README.md that say what people do with it, each run as it stands there,
 * at another port:
 *
 *     node uses.mjs BUILD_FOLDER chromium PICTURES_FOLDER
 *
 * The pictures that the README shows are taken here: give it examples/pages/shots as the folder. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { appendFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

import { leave, open } from "../clients/browsers.mjs";
import { folder, until } from "../clients/serving.mjs";

const [build, , pictures] = process.argv.slice(2);
const examples = fileURLToPath(new URL("../../examples/", import.meta.url));
const place = folder();
const section = /<!-- uses -->([^]*)<!-- end of uses -->/.exec(readFileSync(join(examples, "README.md"), "utf8"))[1];
const commands = [...section.matchAll(/^ {4}(.+)$/gm)].map(([, command]) => command);
const ENDED = /ERR_/; // a command that is done is not there any more

mkdirSync(pictures, { recursive: true });
mkdirSync(join(place, "bin"));
symlinkSync(resolve(build), join(place, "build"));
symlinkSync(examples, join(place, "examples"));

/** Run the command that has this word, and return its address. */
async function run(word) {
    const [command, ...others] = commands.filter((one) => one.includes(word));
    assert.ok(command && others.length === 0, `one command has ${word}`);
    assert.equal(command.split("8080").length, 2);
    const child = spawn("sh", ["-c", command.replace("8080", "0")],
        { cwd: place, detached: true, stdio: ["ignore", "pipe", "inherit"],
            env: { ...process.env, PATH: `${join(place, "bin")}:${process.env.PATH}` } });
    let told = "";

    child.stdout.setEncoding("utf8").on("data", (text) => (told += text));
    after(() => {
        try {
            process.kill(-child.pid, "SIGKILL");
        } catch {
            // it has ended
        }
    });
    await until(`${word} tells its address`, () => /:\d+\//.test(told));
    return /http:\/\/[^/]+:\d+\//.exec(told)[0];
}

/** Take the picture, and see that it has been. */
async function picture(page, name, height) {
    await page.setViewport({ width: 800, height });
    const bytes = await page.screenshot({ path: join(pictures, `${name}.png`) });

    assert.ok(bytes.length > 5000, `${name}.png has ${bytes.length} bytes`);
    await leave();
}

const see = (page) => open(page, { expected: ENDED });
const text = (page, selector) => page.$eval(selector, (one) => one.textContent);

test("five commands are shown, and each has its picture", () => {
    const shown = [...section.matchAll(/!\[[^\]]+\]\(([^)]+)\)/g)].map(([, path]) => path);

    assert.equal(commands.length, 5);
    assert.deepEqual(shown, ["log", "build", "prices", "notify", "tokens"].map((name) => `pages/shots/${name}.png`));
    for (const path of shown)
        assert.equal(readFileSync(join(examples, path)).subarray(1, 4).toString(), "PNG");
});

test("the tail of a log", async () => {
    const log = join(place, "app.log");
    const lines = Array.from({ length: 12 }, (_, n) => `12:00:${10 + n} worker ${n % 3}: took job ${4711 + n}`);

    writeFileSync(log, "");
    const page = await see(await run("tail"));
    await until("it is live", () => page.evaluate(() => document.documentElement.dataset.state === "live"));
    for (const line of lines)
        appendFileSync(log, line + "\n");
    await until("all lines", async () => (await text(page, "#lines")).includes(lines.at(-1)));
    assert.deepEqual(await page.$$eval("#lines > *", (rows) => rows.map((row) => row.textContent)), lines);
    await picture(page, "log", 420);
});

test("the progress of a build", async () => {
    const project = join(place, "project");
    const names = Array.from({ length: 12 }, (_, n) => `part${n}`);

    mkdirSync(project);
    for (const name of names)
        writeFileSync(join(project, `${name}.c`), `int ${name}(void) { ${name === "part3" ? "int unused;" : ""} return 0; }\n`);
    writeFileSync(join(project, "CMakeLists.txt"), "cmake_minimum_required(VERSION 3.18)\nproject(parts C)\n" +
        `add_library(parts STATIC ${names.map((name) => `${name}.c`).join(" ")})\n` +
        "target_compile_options(parts PRIVATE -Wall)\n");
    assert.equal(spawnSync("cmake", ["-S", project, "-B", join(place, "out")]).status, 0);
    const page = await see(await run("cmake --build"));
    await until("it is done", async () => await text(page, "#state") === "Done");
    assert.equal(await page.$eval("progress", (bar) => bar.value), 100);
    assert.match(await text(page, "#found"), /part3\.c.*warning: unused variable/);
    for (const name of names)
        assert.ok((await text(page, "#all")).includes(`${name}.c`), name);
    await page.$eval("#found", (one, path) => one.textContent = one.textContent.replaceAll(path, ""), place + "/");
    await picture(page, "build", 260);
});

test("the progress of a build that fails", async () => {
    appendFileSync(join(place, "project/part7.c"), "this is no C\n");
    const page = await see(await run("cmake --build"));
    await until("it has failed", async () => await text(page, "#state") === "Failed");
    assert.match(await text(page, "#found"), /part7\.c.*error: /);
    assert.ok(await page.$eval("progress", (bar) => bar.value) < 100);
    await leave();
});

test("a dashboard of prices", async () => {
    const page = await see(await run("typed"));
    const prices = () => page.$$eval("td", (cells) => cells.map((cell) => cell.textContent));

    await until("all prices, and a trade", async () =>
        (await prices()).every((price) => /^\d+\.\d\d \/ \d+\.\d\d$/.test(price)) && /bought/.test(await text(page, "#trade")));
    await picture(page, "prices", 230);
});

test("notifications for one user", async () => {
    const url = await run("notify");
    const refused = await fetch(url);
    const page = await see(url + "?token=rabbit-hole");

    assert.equal(refused.status, 403);
    assert.equal((await fetch(url + "?token=guess", { redirect: "manual" })).status, 403);
    await until("two of them", async () => await page.$$eval("#list > li", (items) => items.length) >= 2);
    assert.match(await text(page, "#list"), /Your build is done/);
    assert.equal(await page.evaluate(() => location.search), "", "the token is not in the address");
    assert.equal(await page.evaluate(() => document.cookie), "", "nor can a script read it");
    const bob = await see(url + "?token=can-we-fix-it");
    await until("bob is connected", async () => await text(bob, "#state") === "");
    const had = await page.$$eval("#list > li", (items) => items.length);
    await until("two more for alice", async () =>
        await page.$$eval("#list > li", (items) => items.length) >= had + 2);
    assert.equal(await bob.$$eval("#list > li", (items) => items.length), 0);
    await page.bringToFront();
    await picture(page, "notify", 360);
});

test("the tokens of a model", async () => {
    const story = "Once upon a time there was a byte.\n\nIt had come from Z\u00fcrich \u2192 K\u00f8benhavn, for 3 \u20ac, and " +
        "was \u2026 the second half of a character.\n  The end.";
    const model = join(place, "bin/ollama"); // in place of a model

    writeFileSync(model, `#!/usr/bin/env python3
import sys, time
text = '''${story}'''.encode()
for at in range(0, len(text), 4):
    sys.stdout.buffer.write(text[at:at + 4])
    sys.stdout.buffer.flush()
    time.sleep(0.02)
`, { mode: 0o755 });
    const page = await see(await run("ollama"));
    await until("it is complete", async () => / pieces in /.test(await text(page, "#state")));
    assert.equal(await text(page, "#text"), story);
    await picture(page, "tokens", 300);
});
