/* SPDX-License-Identifier: MIT */
/* The application of worker.mjs inside the browser: it answers the pages of this folder, without a
 * server. All tabs of a browser share one stream.
 *
 * A browser may end a Service Worker at any time, and its channel with it. Chromium lets it live while a
 * stream is open; Firefox ends it half a minute after the last request, which index.html therefore makes
 * from time to time. A client that comes back then gets a gap event: its last event ID is of an earlier
 * run. A page that is closed is noticed at once, in Firefox at the next event or heartbeat. */
import { load } from "./sse.mjs";
import { Application } from "./worker.mjs";

const base = new URL(registration.scope).pathname;
const application = load().then(() => new Application({ base, tickMs: 5000 }));
const routes = ["events", "publish", "status"].map((route) => base + route);

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("fetch", (event) => {
    const { origin, pathname } = new URL(event.request.url);

    if (origin === location.origin && routes.includes(pathname))
        event.respondWith(application.then((it) => it.fetch(event.request)));
});
