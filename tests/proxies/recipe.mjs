/* Starts the recipes of examples/proxies as their first lines say: in a folder with a certificate.
 * Only ports are replaced, and what a test asks for. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { find, freePort, start } from "./proxies.mjs";
import { folder, until } from "../clients/serving.mjs";

const RECIPES = {
    nginx: { program: "nginx", debian: "nginx-light", file: "nginx.conf", version: "-v",
        args: (place, file) => ["-p", place, "-e", "stderr", "-c", file] },
    haproxy: { program: "haproxy", debian: "haproxy", file: "haproxy.cfg", version: "-v",
        args: (place, file) => ["-db", "-f", file] },
    caddy: { program: "caddy", debian: "caddy", file: "Caddyfile", version: "version",
        args: (place, file) => ["run", "--config", file] },
    Apache: { program: "apache2", debian: "apache2", file: "apache.conf", version: "-v",
        args: (place, file) => ["-d", place, "-f", file, "-D", "FOREGROUND"] },
};

export const name = process.argv[4];
const recipe = RECIPES[name];
if (!recipe) {
    console.error(`Usage: node ${process.argv[1]} SSECAT_PATH chromium ${
        Object.keys(RECIPES).join("|")} [--write]`);
    process.exit(2);
}
const path = find(recipe.program, recipe.debian);
find("openssl", "openssl");
const text = example(recipe.file);

/** A file of examples/proxies. */
function example(file) {
    return readFileSync(new URL(`../../examples/proxies/${file}`, import.meta.url), "utf8");
}

/** The version of the proxy: the first two numbers. */
export function version() {
    const { stdout, stderr } = spawnSync(path, [recipe.version], { encoding: "utf8" });

    return /\d+\.\d+/.exec(stdout + stderr)[0];
}

/** A folder with the certificate that the README tells the reader to make. */
function certificate() {
    const place = folder();
    const [, command] = /```sh\n(openssl [^]*?)```/.exec(example("README.md"));
    const { status, stderr } = spawnSync("sh", ["-c", command], { cwd: place, encoding: "utf8" });

    assert.equal(status, 0, stderr);
    return join(place, "events.pem");
}

const pem = certificate();

/** What clients trust. */
export const ca = readFileSync(pem, "utf8");

/** What tests replace: the timeout of a silent stream, and the answer for a server that is away. */
export const TIMEOUT = /\b60(?=s?\b)/g;
export const AWAY = /^[ \t]*# away: [^]*?# end of away$|^.*# away$/gm;

/** Start the recipe in front of a server, with replacements; wait until it has found the server. */
export async function proxy(server, ...replacements) {
    const place = folder();
    const file = join(place, recipe.file);
    const [plain, secure] = [await freePort(), await freePort()];
    const ports = [["8080", server.port], ["8000", plain], ["8443", secure]].map(([from, to]) =>
        [new RegExp(`\\b127\\.0\\.0\\.1:${from}\\b`, "g"), `127.0.0.1:${to}`]);
    let config = text;

    for (const [what, by] of [...ports, ...replacements]) {
        assert.match(config, what);
        config = config.replaceAll(what, by);
    }
    writeFileSync(file, config);
    copyFileSync(pem, join(place, "events.pem"));
    const env = { ...process.env, XDG_CONFIG_HOME: place, XDG_DATA_HOME: place };
    const one = await start(path, recipe.args(place, file), plain, { cwd: place, env });
    one.ways = [["HTTP/1.1", one.url], ["HTTP/2", `https://127.0.0.1:${secure}/`]];
    await found(one);
    return one;
}

/** Wait until a proxy has found its server. */
export function found(one) {
    return until("the proxy finds the server", async () => {
        one.alive();
        const answer = await fetch(one.url + "healthz").catch(() => {}); // it may listen anew
        return answer?.ok;
    });
}
