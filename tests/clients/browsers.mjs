/* Opens pages in Chromium or Firefox, driven alike. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, afterEach } from "node:test";

import { need, skip, until } from "./serving.mjs";

const { default: puppeteer } = await need("puppeteer-core");

const BROWSERS = {
    chromium: {
        paths: [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser",
            "/usr/bin/google-chrome"],
        debian: "chromium",
        options: () => ({
            browser: "chrome",
            args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-sync", "--disable-background-networking",
                "--disable-component-update"],
        }),
    },
    firefox: {
        paths: [process.env.FIREFOX, "/usr/bin/firefox-esr", "/usr/bin/firefox"],
        debian: "firefox-esr",
        options: (scheme) => ({
            browser: "firefox",
            extraPrefsFirefox: {
                "layout.css.prefers-color-scheme.content-override": scheme === "dark" ? 0 : 1,
                "dom.events.testing.asyncClipboard": true, // may be read without a question
            },
        }),
    },
};
const LOST = /ERR_(CONNECTION_REFUSED|CONNECTION_RESET|EMPTY_RESPONSE)|request did not succeed/;

/* The browser; any other client runs in the first. */
export const name = BROWSERS[process.argv[3]] ? process.argv[3] : "chromium";
const launched = {};
const contexts = [];
const complaints = [];

after(async () => {
    for (const browser of await Promise.all(Object.values(launched)))
        await browser.close();
});

afterEach(async () => {
    await leave();
    assert.deepEqual(complaints.splice(0), [], "the console has no errors");
});

/** The browser, in a color scheme: Firefox knows only one. */
function launch(scheme) {
    const { paths, debian, options } = BROWSERS[name];
    const executablePath = paths.find((path) => path && existsSync(path));
    const key = name === "firefox" ? scheme : "any";

    if (!executablePath)
        skip(`there is no ${name} (Debian: ${debian})`);
    return launched[key] ??= puppeteer.launch({ executablePath, acceptInsecureCerts: true,
        ...options(scheme) });
}

/** Close what was opened. */
export async function leave() {
    await Promise.all(contexts.splice(0).map((context) => context.close()));
}

/** Open a page, alone in the browser. */
export async function open(url, { scheme = "light", expected = LOST, ...viewport } = {}) {
    const browser = await launch(scheme);
    const context = await browser.createBrowserContext();

    contexts.push(context);
    if (name === "chromium")
        await context.overridePermissions(new URL(url).origin, ["clipboard-read"]);
    const page = await context.newPage();
    page.expected = expected;
    page.requests = new Set();
    page.on("request", (request) => page.requests.add(request.url()));
    page.on("pageerror", (error) => page.expected.test(error.message) ||
        complaints.push(error.message));
    page.on("console", (message) => {
        if (["error", "warn"].includes(message.type()) && !page.expected.test(message.text()))
            complaints.push(message.text());
    });
    if (name === "chromium")
        await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    await page.setViewport({ width: 1100, height: 700, ...viewport });
    await page.goto(url);
    return page;
}

/** Open the page of a server; returns once the stream is live. */
export async function visit(server, options) {
    const page = await open(server.url, options);

    await state(page, "live");
    return page;
}

/** Wait until the page says that its connection is in a state. */
export function state(page, is, limit) {
    return until(`the state is ${is}`, async () =>
        await page.evaluate(() => document.documentElement.dataset.state) === is, limit);
}

/** What an element shows; "" where it is hidden. */
export function shown(page, id) {
    return page.$eval("#" + id, (element) =>
        element.checkVisibility({ visibilityProperty: true }) ? element.textContent.trim() : "");
}

/** All lines on the page, notes of its own included, once there are so many. */
export async function rows(page, count, limit) {
    await until(`${count} rows`, () =>
        page.evaluate((n) => document.querySelector("#lines").childElementCount >= n, count), limit);
    return JSON.parse(await page.$$eval("#lines > *", (found) => // one text travels faster than many
        JSON.stringify(found.map((row) => row.textContent))));
}

/** The last of them. */
export function newest(page) {
    return page.evaluate(() => document.querySelector("#lines").lastChild?.textContent);
}
