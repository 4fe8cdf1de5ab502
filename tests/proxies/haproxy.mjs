/* ssecat behind haproxy, which asks for its health:  node haproxy.mjs SSECAT_PATH */
import assert from "node:assert/strict";
import { test } from "node:test";

import { haproxy } from "./proxies.mjs";
import { serve, until } from "../clients/serving.mjs";

const CHECKS = [
    ["option httpchk"], // which is OPTIONS / HTTP/1.0
    ["option httpchk HEAD /healthz"],
    ["option httpchk", "http-check send meth HEAD uri /events ver HTTP/1.1 hdr Host localhost"],
    ["option httpchk", "http-check send meth GET uri /healthz", "http-check expect string ok"],
];

for (const checks of CHECKS) {
    test(`ssecat is healthy, and serves, with ${checks.join(", ")}`, async () => {
        const server = await serve();
        const proxy = await haproxy(server, ...checks);

        await until("it is checked", async () => /L7|L4[^O]/.test(await proxy.health()));
        assert.match(await proxy.health(), /^UP L7OK 20[04]$/);

        const stream = await fetch(proxy.url + "events");
        let heard = "";
        server.say("a line");
        for await (const bytes of stream.body) {
            heard += Buffer.from(bytes);
            if (heard.endsWith("data: a line\n\n"))
                break;
        }
        await server.end("SIGKILL");
        await until("it is down", async () => /^DOWN/.test(await proxy.health()));
    });
}
