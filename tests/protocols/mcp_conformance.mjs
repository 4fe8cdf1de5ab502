/* The conformance suites of the Model Context Protocol against the server of examples/protocols:
 *
 *     node mcp_conformance.mjs PROGRAM
 *
 * The newest release knows 2025-11-25; the newest version before a release knows 2026-07-28, and the
 * life of a session. What is expected to fail, and why: mcp_expected.yml. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { folder, skip, start } from "../clients/serving.mjs";

const local = (path) => fileURLToPath(new URL(path, import.meta.url));
const RELEASE = "@modelcontextprotocol/conformance", NEXT = "mcp-conformance-alpha";

/* The scenarios that concern streams, sessions, or what protects them: none may be left out. */
const runs = [
    { suite: RELEASE, args: ["--suite", "all"], scenarios: [
        "server-initialize", "logging-set-level", "ping", "tools-list", "tools-call-simple-text",
        "tools-call-with-logging", "tools-call-error", "tools-call-with-progress", "tools-call-sampling",
        "tools-call-elicitation", "elicitation-sep1034-defaults", "elicitation-sep1330-enums",
        "server-sse-polling", "server-sse-multiple-streams", "dns-rebinding-protection"] },
    { suite: NEXT, args: ["--suite", "all", "--spec-version", "2026-07-28"], scenarios: [
        "server-stateless", "tools-list", "tools-call-simple-text", "tools-call-error",
        "tools-call-with-progress", "server-sse-multiple-streams", "dns-rebinding-protection",
        "http-header-validation"] },
    { suite: NEXT, args: ["--scenario", "server-session-lifecycle", "--spec-version", "2025-11-25"],
        scenarios: ["server-session-lifecycle"] },
];

/** Run a suite against a server of its own, and return how many checks passed in which scenarios. */
async function run({ suite, args }) {
    const program = local(`../node_modules/${suite}/dist/index.js`);
    if (!existsSync(program))
        skip(`${suite} is not installed (npm install --prefix tests --no-package-lock)`);
    const server = await start("0");
    const [code, output] = await new Promise((resolve) => execFile(process.execPath, [program, "server",
        "--url", server.url + "mcp", "--expected-failures", local("mcp_expected.yml"),
        "--output-dir", folder(), ...args], { timeout: 60000 },
    (error, out, err) => resolve([error ? error.code ?? error.signal : 0, out + err])));
    const single = /^Passed: (\d+)\/\1, 0 failed, 0 warnings$/m.exec(output);

    assert.equal(code, 0, output);
    assert.equal(await server.end("SIGTERM"), 0, "the program ends by itself");
    return new Map(single ? [[args[1], Number(single[1])]]
        : [...output.matchAll(/^✓ (\S+): (\d+) passed, 0 failed$/gm)]
            .map(([, name, checks]) => [name, Number(checks)]));
}

test("each scenario passes, or is expected to fail", () => Promise.all(runs.map(async (one) => {
    const passed = await run(one);

    for (const name of one.scenarios)
        assert.ok(passed.get(name) > 0, `${name} has passed`);
    const checks = one.scenarios.reduce((sum, name) => sum + passed.get(name), 0);
    console.log(`${one.suite} ${one.args.join(" ")}: ${one.scenarios.length} scenarios, ${checks} checks`);
})));
