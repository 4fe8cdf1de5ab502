/* What a picture of a page must contain: text that can be read, where the page says that it is. */
import assert from "node:assert/strict";

import { need } from "./serving.mjs";

const { default: { PNG } } = await need("pngjs");

const CONTRAST = 3; // of the ink that differs most; the edges of letters are blurred
const INK = [0.01, 0.6]; // the share of a text's area that is not background

/* Relative luminance, and the contrast of two: WCAG 2.2. */
function luminance(rgb) {
    const [r, g, b] = rgb.map((c) => c / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);

    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

const contrast = (one, other) => (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);

/** The colors of an area: the most frequent one, and the rest. */
function colors(png, { left, top, right, bottom }) {
    const counts = new Map();

    for (let y = Math.floor(top); y < Math.ceil(bottom); y++)
        for (let x = Math.floor(left); x < Math.ceil(right); x++) {
            const at = (y * png.width + x) * 4;
            const color = png.data.readUIntBE(at, 3);
            counts.set(color, (counts.get(color) ?? 0) + 1);
        }
    const [[paper, most]] = [...counts].sort(([, a], [, b]) => b - a);
    const all = [...counts.values()].reduce((sum, n) => sum + n);
    return { paper, share: 1 - most / all, others: [...counts.keys()] };
}

const lightness = (color) => luminance([color >> 16, color >> 8 & 255, color & 255]);

/** Fails unless the text of each element can be read in the picture, and the edges of the picture are as
 * light as its scheme. Returns how many texts were read. */
export async function readable(page, shot, selectors, scheme) {
    const png = PNG.sync.read(Buffer.from(shot, "base64"));
    const texts = await page.evaluate((found) => found.flatMap((selector) =>
        [...document.querySelectorAll(selector)].filter((one) => one.checkVisibility({ visibilityProperty: true }) && one.textContent.trim()).map((one) => {
            const range = document.createRange();
            range.selectNodeContents(one);
            const { left, top, right, bottom } = range.getBoundingClientRect();
            return { selector, text: one.textContent, left, top, right, bottom };
        })), selectors);

    for (const text of texts) {
        const what = `${text.selector}, ${JSON.stringify(text.text.slice(0, 40))}`;
        assert.ok(text.left >= 0 && text.right <= png.width && text.top >= 0 && text.bottom <= png.height,
            `${what} is inside the picture, from ${text.left}, ${text.top} to ${text.right}, ${text.bottom}`);
        const { paper, share, others } = colors(png, text);
        const best = Math.max(...others.map((color) => contrast(lightness(color), lightness(paper))));
        assert.ok(share > INK[0] && share < INK[1], `${what} has ${(share * 100).toFixed(1)} % of ink`);
        assert.ok(best >= CONTRAST, `${what} has a contrast of ${best.toFixed(1)}`);
    }
    for (const left of [0, png.width - 8]) { // no scroll bar of the other scheme
        const { paper } = colors(png, { left, top: 0, right: left + 8, bottom: png.height });
        assert.equal(lightness(paper) > 0.5, scheme === "light", `the edge at ${left}`);
    }
    return texts.length;
}
