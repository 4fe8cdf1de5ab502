/* examples/pages/typed:  node typed.mjs SERVER_PATH chromium|firefox FOLDER_OF_GENERATED_HEADERS
 *
 * A name or a field that is not in the table compiles on neither side; the page shows what is sent. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { leave, open } from "../clients/browsers.mjs";
import { folder, need, start, until } from "../clients/serving.mjs";

const { default: ts } = await need("typescript");
const examples = fileURLToPath(new URL("../../examples/", import.meta.url));
const generated = process.argv[4];

/** A copy of the example, with one text in place of another in one file. */
function copy(file, from, to) {
    const place = folder();

    cpSync(join(examples, "pages/typed"), place, { recursive: true });
    if (file) {
        const text = readFileSync(join(place, file), "utf8");
        assert.ok(text.includes(from), `${file} has ${from}`);
        writeFileSync(join(place, file), text.replaceAll(from, to));
    }
    return place;
}

/** What the C compiler says of the server. */
function compileServer(place) {
    const include = [place, generated, join(examples, "serve"), join(examples, "../include")];
    const ran = spawnSync(process.env.CC ?? "cc", ["-std=c99", "-fsyntax-only", "-Wall", "-Wextra", "-Werror",
        ...include.map((one) => "-I" + one), join(place, "typed.c")],
        { encoding: "utf8", env: { ...process.env, LC_ALL: "C" } });

    assert.equal(ran.error, undefined);
    return ran.stderr;
}

/** What the compiler of TypeScript says of the page, with the types of the table. */
function compilePage(place) {
    const main = join(place, "types.c");
    const program = join(place, "types");

    writeFileSync(main, '#include "events.h"\n#include "typed.h"\n#include <stdio.h>\n' +
        "int main(void) { return fputs(typed_declarations, stdout) < 0; }\n");
    const built = spawnSync(process.env.CC ?? "cc", ["-std=c99", `-I${join(examples, "../include")}`, main,
        "-o", program, "-Wl,--unresolved-symbols=ignore-all"], { encoding: "utf8" });
    assert.equal(built.status, 0, built.stderr);
    const types = spawnSync(program, { encoding: "utf8" });
    assert.equal(types.status, 0, types.stderr);
    writeFileSync(join(place, "events.d.ts"), types.stdout);
    const compiled = ts.createProgram([join(place, "page.js")],
        { noEmit: true, strict: true, allowJs: true, checkJs: true, types: [],
            target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ES2022,
            moduleResolution: ts.ModuleResolutionKind.Bundler });
    return ts.getPreEmitDiagnostics(compiled)
        .map((one) => ts.flattenDiagnosticMessageText(one.messageText, "\n")).join("\n");
}

test("it compiles on both sides, and has 150 lines at most", () => {
    const place = copy();
    const lines = ["events.h", "typed.h", "typed.c", "page.js", "page.html"]
        .map((file) => readFileSync(join(place, file), "utf8").split("\n").length - 1);

    assert.equal(compileServer(place), "");
    assert.equal(compilePage(place), "");
    assert.ok(lines.reduce((sum, n) => sum + n) <= 150, `${lines}`);
});

for (const [what, file, from, to, expected] of [
    ["an event that is not in the table", "typed.c", "send_trade(", "send_deal(", /send_deal/],
    ["a field that is not in the table", "typed.c", ".ask =", ".offer =", /member named 'offer'|designator 'offer'/],
    ["a field of another type", "typed.c", ".symbol = symbol", ".symbol = bid", /incompatible type/],
]) {
    test(`the server does not compile with ${what}`, () => {
        assert.match(compileServer(copy(file, from, to)), expected);
    });
}

for (const [what, from, to, expected] of [
    ["an event that is not in the table", 'on("trade"', 'on("deal"', /'"deal"' is not assignable/],
    ["a field that is not in the table", "event.ask", "event.offer", /'offer' does not exist/],
    ["a field of another type", "event.bid.toFixed(2)", "event.bid.trim()", /'trim' does not exist/],
]) {
    test(`the page does not compile with ${what}`, () => {
        assert.match(compilePage(copy("page.js", from, to)), expected);
    });
}

test("a name that is changed in the table has to be changed on both sides", () => {
    const place = copy("events.h", "bid", "buy");

    assert.match(compileServer(place), /member named 'bid'|designator 'bid'/);
    assert.match(compilePage(place), /'bid' does not exist/);
});

test("the page shows what is sent", async () => {
    const page = await open((await start("0")).url);
    const text = (id) => page.$eval("#" + id, (cell) => cell.textContent);

    for (const symbol of ["ACME", "INIT", "VIM"])
        assert.match(await until("a price", () => text(symbol)), /^1[01][0-9]\.[0-9]{2} \/ 1[01][0-9]\.[0-9]{2}$/);
    await until("a trade", async () => /^100 (ACME|INIT|VIM) bought$/.test(await text("trade")));
    await leave(); // before its server ends
});
