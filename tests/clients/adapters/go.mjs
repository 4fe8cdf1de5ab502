/* donovanhide/eventsource, the client of Go that Debian has. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { listenTo } from "./sources.mjs";
import { folder, skip } from "../serving.mjs";

const GOPATH = "/usr/share/gocode";
const DEBIAN = "golang-github-donovanhide-eventsource-dev";
const program = join(folder(), "go");

function version() {
    if (!existsSync(join(GOPATH, "src/github.com/donovanhide/eventsource")))
        return skip(`there is no donovanhide/eventsource (Debian: ${DEBIAN})`);
    const { stdout } = spawnSync("dpkg-query", ["-W", "-f", "${Version}", DEBIAN],
        { encoding: "utf8" });
    return stdout || "unknown";
}

export default {
    name: "Go donovanhide/eventsource",
    version: version(),
    start() {
        const { error, status } = spawnSync("go",
            ["build", "-o", program, fileURLToPath(new URL("go.go", import.meta.url))],
            { env: { ...process.env, GOPATH, GO111MODULE: "off", GOFLAGS: "" }, stdio: "inherit" });
        if (error?.code === "ENOENT")
            skip("there is no go (Debian: golang-go)");
        if (status !== 0)
            throw new Error("it does not compile");
    },
    open: (url, { farewell = [] }) => listenTo(program, url, ...[farewell].flat()),
};
