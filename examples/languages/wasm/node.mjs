/* SPDX-License-Identifier: MIT */
/** sse.mjs, loaded from a file: Node.js does not fetch files. SSE_WASM: where the module is. */
import { readFile } from "node:fs/promises";

import { load } from "./sse.mjs";

await load(readFile(process.env.SSE_WASM ?? new URL("sse.wasm", import.meta.url)));

export * from "./sse.mjs";
