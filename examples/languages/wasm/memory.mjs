/* SPDX-License-Identifier: MIT */
/* memory.mjs - loads sse.wasm, and moves texts and numbers in and out of it. For sse.mjs alone.
 *
 *     0       __heap_base                       end              bytes.length
 *     | stack, constants | blocks: used, freed | not used yet |
 *
 * The module has no heap of its own and never makes its memory grow: take() alone does. */

const encoder = new TextEncoder();
const decoder = new TextDecoder();
/** The addresses of freed blocks, by size. @type {Map<number, number[]>} */
const freed = new Map();
/** @type {Promise<void> | undefined} */
let loading;
let end = 0;

/** The exports of the instance. @type {Record<string, any>} */
export let wasm;
/** Its memory: these two are new whenever that has grown. @type {Uint8Array} */
export let bytes;
/** @type {DataView} */
export let view;
/** Where the library writes two lengths. */
export let out = 0;

/**
 * Load the module, once. Where it cannot be fetched, as in Cloudflare's Workers, import it and pass it.
 * @typedef {string | URL | Response | BufferSource | WebAssembly.Module} Source
 * @param {Source | Promise<Source>} [source]
 */
export function load(source = new URL("sse.wasm", import.meta.url)) {
    loading ??= instantiate(source).catch((error) => {
        loading = undefined;
        throw error;
    });
    return loading;
}

/** @param {Source | Promise<Source>} given */
async function instantiate(given) {
    let source = await given;

    if (typeof source === "string" || source instanceof URL)
        source = await fetch(source);
    if (source instanceof Response) {
        if (!source.ok)
            throw new Error(`${source.url}: status ${source.status}`);
        source = await source.arrayBuffer();
    }
    if (!(source instanceof WebAssembly.Module))
        source = await WebAssembly.compile(source);
    wasm = (await WebAssembly.instantiate(source)).exports;
    look();
    end = rounded(wasm.__heap_base.value);
    out = take(8);
}

function look() {
    bytes = new Uint8Array(wasm.memory.buffer);
    view = new DataView(wasm.memory.buffer);
}

/** There are eight sizes of blocks from one power of two to the next. A freed block is for the next one
 * of its size. @param {number} size */
function rounded(size) {
    const step = Math.max(16, 2 ** (28 - Math.clz32(size)));

    return Math.ceil(size / step) * step;
}

/** Take a block, whose contents are anything. @param {number} size @throws {RangeError} no memory */
export function take(size) {
    const whole = rounded(size);
    const again = freed.get(whole)?.pop();

    if (again !== undefined)
        return again;
    if (end + whole > bytes.length) {
        wasm.memory.grow(Math.ceil((end + whole - bytes.length) / 65536));
        look();
    }
    end += whole;
    return end - whole;
}

/** @param {number} at @param {number} size */
function give(at, size) {
    const whole = rounded(size);
    const others = freed.get(whole) ?? [];

    others.push(at);
    freed.set(whole, others);
}

/* A runtime without one keeps the blocks that are not freed by hand. */
const registry = globalThis.FinalizationRegistry &&
    new FinalizationRegistry((block) => give(block.at, block.size));

/** The memory of an object. It is freed when the object is collected, unless free() was called. */
export class Block {
    /** @param {object} owner @param {number} size */
    constructor(owner, size) {
        this.at = take(size);
        this.size = size;
        registry?.register(owner, this, this);
    }

    free() {
        registry?.unregister(this);
        give(this.at, this.size);
    }
}

/** Memory for the time of a call, as large as the largest call has needed. */
export class Scratch {
    at = 0;
    size = 0;

    /** Returns its address. If it has to grow, its contents are lost. @param {number} size */
    fit(size) {
        if (size > this.size) {
            const at = take(Math.max(size, 16384));

            if (this.size > 0)
                give(this.at, this.size);
            this.at = at;
            this.size = Math.max(size, 16384);
        }
        return this.at;
    }
}

const input = new Scratch();

/**
 * Copy texts into the module, until the next call.
 * @param {(string | Uint8Array | null | undefined)[]} texts
 * @returns {number[]}  the address and the length of each; 0, 0: it is absent
 */
export function put(...texts) {
    const ranges = [];
    let most = 1;

    for (const text of texts)
        most += typeof text === "string" ? 3 * text.length : text?.byteLength ?? 0;
    let at = input.fit(most);
    for (const text of texts) {
        const size = copy(text, at);

        ranges.push(size === undefined ? 0 : at, size ?? 0);
        at += size ?? 0;
    }
    return ranges;
}

/** @param {string | Uint8Array | null | undefined} text @param {number} at */
function copy(text, at) {
    if (text === undefined || text === null)
        return undefined;
    if (typeof text === "string")
        return encoder.encodeInto(text, bytes.subarray(at, at + 3 * text.length)).written;
    if (!(text instanceof Uint8Array))
        throw new TypeError("a text is a string or a Uint8Array");
    bytes.set(text, at);
    return text.length;
}

/** A length that the library has written: 0: the first, 1: the second. */
export function length(index = 0) {
    return view.getUint32(out + 4 * index, true);
}

/** Decode text of the module. @param {number} at @param {number} [size]  absent: it ends in NUL */
export function decode(at, size = bytes.indexOf(0, at) - at) {
    return decoder.decode(bytes.subarray(at, at + size));
}

/** @param {number} number */
export function u32(number) {
    if (number >>> 0 !== number)
        throw new RangeError(`${number} is no whole number of 32 bits`);
    return number;
}

/** BigInt("") is 0, as BigInt(false) is: a tag for everybody. @param {number | bigint} number */
export function u64(number) {
    if ((typeof number !== "bigint" && !Number.isInteger(number)) || number < 0 || number >= 2 ** 64)
        throw new RangeError(`${number} is no whole number of 64 bits`);
    return BigInt(number);
}
