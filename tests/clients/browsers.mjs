/* Opens pages in Chromium, Firefox or WebKitGTK, driven alike. */
import assert from "node:assert/strict";
import { after, afterEach } from "node:test";

import { until } from "./serving.mjs";

const BROWSERS = ["chromium", "firefox", "webkit"];
const LOST = /ERR_(CONNECTION_REFUSED|CONNECTION_RESET|EMPTY_RESPONSE)|request did not succeed/;

/* The browser: "firefox", or that of a client, "htmx-4@firefox"; else the first. */
const asked = process.argv[3]?.split("@").at(-1);
export const name = BROWSERS.includes(asked) ? asked : "chromium";
const driver = await import(name === "webkit" ? "./webkit.mjs" : "./puppets.mjs");
const opened = [];
const complaints = [];

after(() => driver.close());

/** The name of the browser, and its version, once a page is open. */
export const title = { chromium: "Chromium", firefox: "Firefox", webkit: "WebKitGTK" }[name];
export const version = () => driver.version();

afterEach(async () => {
    await leave();
    assert.deepEqual(complaints.splice(0), [], "the console has no errors");
});

/** Close what was opened. */
export async function leave() {
    await Promise.all(opened.splice(0).map(async (page) => {
        complaints.push(...(await page.complaints()).filter((text) => !page.expected.test(text)));
        await page.leave();
    }));
}

/** Open a page, alone in the browser. */
export async function open(url, { scheme = "light", expected = LOST, ...viewport } = {}) {
    const page = await driver.open(name, scheme, url);

    // Those of puppeteer make a handle of each element first, which takes milliseconds each.
    const look = (method) => (selector, what, ...args) => page.evaluate(
        `(${what})(${method(JSON.stringify(selector))}, ...${JSON.stringify(args)})`);

    page.$eval = look((selector) => `document.querySelector(${selector})`);
    page.$$eval = look((selector) => `[...document.querySelectorAll(${selector})]`);
    page.expected = expected;
    opened.push(page);
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
