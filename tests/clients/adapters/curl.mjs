/* curl, in a loop of the shell that keeps the last id. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

import { listenTo } from "./sources.mjs";
import { skip } from "../serving.mjs";

const script = fileURLToPath(new URL("curl.sh", import.meta.url));

function version() {
    try {
        return execFileSync("curl", ["--version"], { encoding: "utf8" }).split(" ")[1];
    } catch {
        return skip("there is no curl (Debian: curl)");
    }
}

export default {
    name: "curl in a shell",
    version: version(),
    open: (url, { farewell = "" }) => listenTo("bash", script, url, farewell),
};
