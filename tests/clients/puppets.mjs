/* Opens pages in Chromium and in Firefox, driven by puppeteer. */
import { existsSync } from "node:fs";

import { need, skip } from "./serving.mjs";

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

const launched = {};

/** The browser, in a color scheme: Firefox knows only one. */
function launch(name, scheme) {
    const { paths, debian, options } = BROWSERS[name];
    const executablePath = paths.find((path) => path && existsSync(path));
    const key = name === "firefox" ? scheme : "any";

    if (!executablePath)
        skip(`there is no ${name} (Debian: ${debian})`);
    return launched[key] ??= puppeteer.launch({ executablePath, acceptInsecureCerts: true,
        ...options(scheme) });
}

/** The version of what was launched. */
export async function version() {
    const [browser] = await Promise.all(Object.values(launched));

    return (await browser.version()).split("/")[1];
}

/** End what was launched. */
export async function close() {
    for (const browser of await Promise.all(Object.values(launched)))
        await browser.close();
}

/** Open a page that is to load a URL, alone in the browser. */
export async function open(name, scheme, url) {
    const context = await (await launch(name, scheme)).createBrowserContext();
    const requests = new Set(), complaints = [];

    if (name === "chromium")
        await context.overridePermissions(new URL(url).origin, ["clipboard-read"]);
    const page = await context.newPage();
    page.on("request", (request) => requests.add(request.url()));
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => ["error", "warn"].includes(message.type()) &&
        complaints.push(message.text()));
    if (name === "chromium")
        await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    return Object.assign(page, {
        clipboard: () => page.evaluate(() => navigator.clipboard.readText()),
        requests: () => [...requests],
        complaints: () => complaints.splice(0),
        leave: () => context.close(),
    });
}
