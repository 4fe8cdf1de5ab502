/* Opens pages in WebKitGTK: its MiniBrowser, on a display of its own, driven over WebDriver. A page
 * has the methods of puppeteer's that the tests call, so that they need not know. */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

import { folder, need, skip, until } from "./serving.mjs";

const { default: selenium } = await need("selenium-webdriver");
const { default: remote } = await need("selenium-webdriver/remote/index.js");
const { Builder, By, Key } = selenium;

const DRIVER = "/usr/bin/WebKitWebDriver";
const LIMIT_MS = 20000;
const SCREEN = "1400x1000x24";
const KEYS = { Backspace: Key.BACK_SPACE, Tab: Key.TAB };

/* WebDriver may wait for ever: for a frame, or for a browser that has no display. */
function within(what, promise) {
    return Promise.race([promise, sleep(LIMIT_MS, null, { ref: false }).then(() => {
        throw new Error(`not within ${LIMIT_MS} ms: ${what}`);
    })]);
}

/* Errors and warnings of a page from when it is there: WebKit prints none of those of a private
 * session, and all sessions that are driven are private. */
function listen() {
    window.complaints = [];
    const note = (...all) => window.complaints.push(all.map(String).join(" "));

    console.error = console.warn = note;
    addEventListener("error", (event) => event.message && note(event.message));
    addEventListener("unhandledrejection", (event) => note(event.reason));
}

/* WebKit takes the picture at the next frame, and a still page has none. */
function move(on) {
    if (!on)
        return document.querySelector("#moving").remove();
    const point = document.createElement("i");
    point.id = "moving";
    point.style = "position: fixed; right: 0; bottom: 0; width: 1px; height: 1px; opacity: .01";
    document.documentElement.append(point);
    (function frame(n) {
        point.style.background = n % 2 ? "#000" : "#fff";
        if (point.isConnected)
            requestAnimationFrame(() => frame(n + 1));
    })(0);
}

function paste() {
    const place = document.createElement("textarea");

    place.onpaste = (event) => {
        window.pasted = event.clipboardData.getData("text/plain");
        event.preventDefault();
        place.remove();
    };
    document.body.append(place);
    place.focus();
}

class Page {
    constructor(driver) {
        this.driver = driver;
        this.keyboard = { press: (key) => driver.actions().sendKeys(KEYS[key]).perform() };
    }

    /** Call a function in the page, or find out what an expression is. */
    evaluate(what, ...args) {
        return this.driver.executeScript(typeof what === "string" ? `return ${what}` : what, ...args);
    }

    async goto(url) {
        await this.driver.get(url);
        await this.evaluate(listen);
    }

    title() {
        return this.driver.getTitle();
    }

    click(selector) {
        return this.driver.findElement(By.css(selector)).click();
    }

    type(selector, text) {
        return text && this.driver.findElement(By.css(selector)).sendKeys(text);
    }

    async setViewport({ width, height }) {
        await this.driver.manage().window().setRect({ x: 0, y: 0, width, height });
        await until("the page has its width", () => this.evaluate((w) => innerWidth === w, width));
    }

    async screenshot() {
        await this.evaluate(move, true);
        const shot = await within("a screenshot", this.driver.takeScreenshot());
        await this.evaluate(move, false);
        return shot;
    }

    /** What is in the clipboard, as text. A page may have it when its user pastes it only. */
    async clipboard() {
        await this.evaluate(paste);
        await this.driver.actions().keyDown(Key.CONTROL).sendKeys("v").keyUp(Key.CONTROL).perform();
        return this.evaluate(() => window.pasted);
    }

    /** What was loaded; a stream is not among it while it is open. */
    requests() {
        return this.evaluate(() => [location.href,
            ...performance.getEntriesByType("resource").map((entry) => entry.name)]);
    }

    /** Errors and warnings since the last call. */
    complaints() {
        return this.evaluate(() => window.complaints.splice(0));
    }
}

/* Where GTK looks for its style: a window can be as narrow as a phone, without a frame of its own. */
function style() {
    const home = folder();

    mkdirSync(join(home, "gtk-3.0"));
    writeFileSync(join(home, "gtk-3.0", "gtk.css"), "* { min-width: 0; margin: 0; padding: 0; }\n");
    return home;
}

/* Start a display. Two that start at once may want the same number; then one ends. */
async function display(tries = 5) {
    const server = spawn("Xvfb", ["-displayfd", "3", "-screen", "0", SCREEN, "-nolisten", "tcp"],
        { stdio: ["ignore", "ignore", "ignore", "pipe"] });

    server.on("error", () => skip("there is no Xvfb (Debian: xvfb)"));
    process.on("exit", () => server.kill());
    server.unref();
    for await (const number of createInterface({ input: server.stdio[3] }))
        return ":" + number;
    if (tries === 1)
        throw new Error("Xvfb does not start");
    return display(tries - 1);
}

const idle = { light: [], dark: [] };
let environment, latest;

async function prepare() {
    return { ...process.env, DISPLAY: await display(), XDG_CONFIG_HOME: style(), GDK_BACKEND: "x11",
        WEBKIT_DISABLE_DMABUF_RENDERER: "1" };
}

function miniBrowser() {
    const libraries = "/usr/lib";
    const path = readdirSync(libraries)
        .map((name) => join(libraries, name, "webkit2gtk-4.1", "MiniBrowser")).find(existsSync);

    if (!path || !existsSync(DRIVER))
        skip("there is no WebKitGTK to drive (Debian: webkit2gtk-driver)");
    return path;
}

/* Start a browser for one page, since no session of WebDriver has two that are visible. */
async function start(scheme) {
    const binary = miniBrowser();
    const args = ["--automation", "--full-screen", ...(scheme === "dark" ? ["--dark-mode"] : [])];

    environment ??= prepare();
    const service = new remote.DriverService.Builder(DRIVER).setLoopback(true)
        .setEnvironment(await environment).build();
    const session = new Builder().usingServer(await service.start()).withCapabilities({
        "browserName": "MiniBrowser", "acceptInsecureCerts": true,
        "webkitgtk:browserOptions": { binary, args } }).build();
    const page = new Page(await within("MiniBrowser", session));
    latest = (await page.driver.getCapabilities()).get("browserVersion");
    page.end = () => page.driver.quit().finally(() => service.kill());
    page.leave = () => page.goto("about:blank").then(() => idle[scheme].push(page));
    return page;
}

/** Open a page, in a browser that has none any more if there is one. */
export async function open(_, scheme) {
    return idle[scheme].pop() ?? start(scheme);
}

/** The version of what was opened last. */
export function version() {
    return latest;
}

/** End the browsers. */
export function close() {
    return Promise.all(Object.values(idle).flat().map((page) => page.end()));
}
