/* The table of README.md:  node table.mjs FOLDER [--write]
 *
 * Compares it with what the clients did, which matrix.mjs has written to FOLDER; or writes it. Dates and
 * versions are not compared: they say when, and with what, it was written. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { expected } from "./expected.mjs";
import { scenes } from "./scenes.mjs";

const SKIPPED = 77;
const [BEGIN, END] = ["<!-- table: node tests/clients/table.mjs build/clients --write -->\n", "\n<!-- end -->"];

const [, , folder, write] = process.argv;
const readme = new URL("README.md", import.meta.url);
const read = (path) => JSON.parse(readFileSync(path));
const escape = (text) => text.replaceAll("|", "\\|");

/** What each client did; ends the program where one was not run. */
function load() {
    const clients = Object.keys(expected).map((id) => {
        const path = join(folder, `${id}.json`);
        return existsSync(path) ? { id, ...read(path) } : { id };
    });
    const missing = clients.filter(({ scenes, skipped }) => !scenes && !skipped);
    const skipped = clients.filter((client) => client.skipped);

    if (missing.length > 0) {
        console.error(`Not run: ${missing.map(({ id }) => id).join(", ")}: ctest -L clients`);
        process.exit(1);
    }
    if (skipped.length > 0) {
        console.log(`Skipped: ${skipped.map((one) => `${one.id}: ${one.skipped}`).join("; ")}`);
        process.exit(SKIPPED);
    }
    return clients;
}

/** The table and its notes: one for each result and reason. */
function draw(clients) {
    const notes = [];
    const cell = (client, { name, right }) => {
        const result = client.scenes[name];
        if (result === undefined)
            return "";
        if (result === right)
            return "\u2713";
        const [, because = "?"] = expected[client.id][name] ?? [];
        const note = `\`${name}\`: ${escape(result)}, since ${because}`;
        if (!notes.includes(note))
            notes.push(note);
        return String(notes.indexOf(note) + 1);
    };
    const rows = [
        ["client", "version", ...scenes.map(({ name }) => name)],
        ["---", "---", ...scenes.map(() => "---")],
        ...clients.map((client) => [client.name, client.version,
            ...scenes.map((scene) => cell(client, scene))]),
    ];

    return [
        `Run on ${clients.map(({ date }) => date).sort().at(-1)}.`,
        "",
        ...rows.map((row) => `| ${row.join(" | ")} |`),
        "",
        ...notes.map((note, n) => `${n + 1}. ${note}`),
        "",
        "| column | what happens | \u2713 |",
        "|---|---|---|",
        ...scenes.map(({ name, about, right }) => `| \`${name}\` | ${escape(about)} | ${right} |`),
    ].join("\n");
}

/** The text without the date, and without the versions in the table that comes next. */
function timeless(text) {
    const [, table, ...rest] = text.split("\n\n");

    return [table.replace(/^(\| [^|]* \|) [^|]* \|/gm, "$1"), ...rest].join("\n\n");
}

const text = readFileSync(readme, "utf8");
const [before, rest] = text.split(BEGIN);
const [found, after] = rest?.split(END) ?? [];
const drawn = draw(load());

if (after === undefined) {
    console.error("README.md has no place for the table");
    process.exit(1);
} else if (write === "--write") {
    writeFileSync(readme, before + BEGIN + drawn + END + after);
} else if (timeless(found) !== timeless(drawn)) {
    const lines = new Set(timeless(found).split("\n"));
    console.error("README.md has another table than what was found:");
    console.error(timeless(drawn).split("\n").filter((line) => !lines.has(line)).join("\n"));
    console.error("Write it: node tests/clients/table.mjs build/clients --write");
    process.exit(1);
}
