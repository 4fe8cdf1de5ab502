/* The rows of a proxy in the table of README.md: written, or compared with what was seen. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";

const README = new URL("README.md", import.meta.url);
const COLUMNS = ["p50, p99", "gzip asked for", "a client closes", "plain, ssecat away",
    "of ten streams of a page, open"];

export class Rows {
    constructor(proxy, ways) {
        this.proxy = proxy;
        this.rows = new Map(ways.map((way) => [way, {}]));
    }

    set(way, column, value) {
        assert.ok(COLUMNS.includes(column));
        this.rows.get(way)[column] = value;
    }

    /** One line for each way; each cell must have been seen. */
    lines() {
        const date = new Date().toISOString().slice(0, 10);

        return [...this.rows].map(([way, row]) => {
            const cells = COLUMNS.map((column) => row[column]);
            assert.ok(cells.every((cell) => cell !== undefined), `${way}: a test has not run`);
            return `| ${[this.proxy, way, ...cells, date].join(" | ")} |`;
        });
    }

    /** Put the rows into the table, where they or others of this proxy are. */
    write() {
        const kept = readFileSync(README, "utf8").split("\n");
        for (const line of this.lines()) {
            const at = kept.findIndex((one) => key(one) === key(line));
            assert.notEqual(at, -1, `README.md has no row for: ${line}`);
            kept[at] = line;
        }
        writeFileSync(README, kept.join("\n"));
    }

    /** The table has these rows, apart from the version, times and dates. */
    compare() {
        const kept = readFileSync(README, "utf8").split("\n").map(lasting);
        for (const line of this.lines())
            assert.ok(kept.includes(lasting(line)), `README.md does not say, write it: ${line}`);
    }
}

const key = (line) => line.split(" | ").slice(0, 2).join().replace(/[\d.]+(?=,)/, "");
const lasting = (line) => line.replace(/^(\| \S+) [\d.]+/, "$1").replace(/[\d.]+(?= ms)/g, "N")
    .replace(/\d{4}-\d\d-\d\d/g, "DATE");
