/* What a stream does to a client, and how the client takes it: the columns of the table in README.md.
 *
 * A scene is { name, about, right, run(client, peer) }; run returns a short result, which is `right`
 * where the client does what the HTML standard says of EventSource. `across`: only for pages, which
 * are of another origin. `timed`: it measures a time, and runs when those that are `busy` are done.
 *
 * A client, the default export of adapters/NAME.mjs, is
 *
 *     { name, version, origin, wrap(text), start(), open(url, { types, farewell, credentials }) }
 *
 *   name, version   as in the table
 *   origin          of the page in which it runs, where that is not the server's; the page has a
 *                   cookie "visitor=1"
 *   wrap            what the server writes so that the client shows this text; absent: the text
 *   start           called once, before all; may be absent
 *   open            starts a stream. types: further types of events that the application listens to;
 *                   farewell: after an event of this type the application wants no more of the stream,
 *                   and tells the client so in the client's way; credentials: cookies are to be sent
 *
 * and open() returns, or promises, { events() }, where events() returns, or promises, what has been
 * dispatched so far: [{ type, data, lastEventId }]; lastEventId may be absent. The adapter closes its
 * streams at the end of the run. */
import { published, until } from "./serving.mjs";
import {
    IDLE_MS, finish, form, lasting, lines, messages, open, over, say, send, tally, third, within,
} from "./streams.mjs";

const LANES = 9; // streams at a time, each cut at other bytes
const RETRY_MS = 50; // some clients wait a second at least
const BACK_MS = 4500; // one that comes back by a time of its own has come by then
const TOLD_MS = 2000; // a time that is no client's own: so far from 500, 1000, 3000 and 5000
const PAUSES = 3; // at most, and two at least, are measured
const TOLD = [1300, 2900]; // that one comes back after it: some spread it by 30 %
const AWAY_MS = 5500; // a farewell says to come back within 5 seconds

const FRAME = 6; // bytes of a chunk around its event: 2 digits, and two line ends

const IDS = ["--", "0", "a b", "a,b;c=\"d\" (e) {f}", "%20+&?#", "x".repeat(200)];
const FAR_IDS = ["\u00e4", "\u65e5\u672c", "\u{1F680}"];
const REFUSALS = [401, 403, 404, 406, 429, 503];

async function between(client) {
    const expected = lines(400);
    const server = await send(client, expected, "--retry", RETRY_MS);
    const opened = await open(client, server, { cut: 25 });

    return tally([await finish(opened, expected.at(-1))], expected) + over(opened, 16);
}

/** Cut streams of lines after each byte of an event, and of what frames it. */
async function torn(client, server, path, expected, frame) {
    const bytes = frame + await third(server.url + path + form(client));
    const cuts = Math.ceil(bytes / LANES);
    const seen = await Promise.all(Array.from({ length: LANES }, async (_, lane) => {
        const cut = (n) => n < cuts && { events: 1, bytes: lane * cuts + n };
        const opened = await open(client, server, { cut, path });
        const events = await finish(opened, expected.at(-1));
        return { events, note: over(opened, cuts + 1) };
    }));

    // A browser drops what it has read of a connection that fails, or not: that is up to its timing.
    return tally(seen.map(({ events }) => events), expected, frame === 0) +
        seen.map(({ note }) => note).join("");
}

async function inside(client) {
    const expected = lines(40);
    const server = await send(client, expected, "--retry", RETRY_MS);

    return torn(client, server, "events", expected, 0);
}

async function gap(client) {
    const all = lines(500).map((line) => line + "-".repeat(1000));
    const server = await send(client, all.slice(0, 1), "--retry", RETRY_MS, "--history", 131072,
        "--patience", 0);
    const opened = await open(client, server, { types: ["gap"] });

    await until("the first line", async () => lasting(await opened.stream.events()).length > 0);
    opened.network.fail();
    say(client, server, all.slice(1));
    await published(server, all.length);
    opened.network.recover();
    await finish(opened, all.at(-1));
    const events = (await opened.stream.events()).filter((event) => event.data !== "");
    const at = events.findIndex((event) => event.type === "gap");
    const rest = lasting(events).slice(1).map((event) => event.data);
    const missing = all.length - 1 - rest.length;
    if (rest.length === 0 || rest.some((text, n) => text !== all[1 + missing + n]))
        return "the rest is wrong";
    if (at < 0)
        return "no gap";
    return JSON.parse(events[at].data).count === missing && events[at - 1].data === all[0]
        ? "exact" : "a wrong gap";
}

/** What a client dispatches for a heartbeat, which looks so on its way. */
async function heartbeat(client, shape, types, ...args) {
    const server = await send(client, lines(1), "--heartbeat", 1, "--retry", RETRY_MS, ...args);
    const opened = await open(client, server, { types });

    await until("a heartbeat", () => shape.test(opened.network.passed));
    say(client, server, ["line 2"]);
    await finish(opened, "line 2");
    const events = await opened.stream.events();
    const at = (data) => events.findIndex((event) => event.data === data);
    const beats = events.slice(at(lines(1)[0]) + 1, at("line 2"));
    return [...new Set(beats.map((event) => `${event.type} "${event.data}"`))].join(", ") ||
        "nothing";
}

async function comments(client, peer) {
    const opened = await open(client, peer, { path: "comments" });

    await finish(opened, "after");
    const events = await opened.stream.events();
    const before = events.slice(0, events.findIndex((event) => event.data === "after"));
    return before.map((event) => `${event.type} "${event.data}"`).join(", ") || "nothing";
}

/** Whether a client comes back after the time that it was told, and what it has dispatched for it. A
 * busy machine makes pauses longer, never shorter. */
async function retry(client, ...args) {
    const expected = lines(PAUSES + 1);
    const server = await send(client, expected, "--retry", TOLD_MS, ...args);
    const { network, stream } = await open(client, server, {
        cut: (n) => n < PAUSES && { events: 1 },
        types: ["retry"],
    });
    const pauses = () => network.gets().slice(1).map(({ at }, n) => at - network.cuts[n]);
    const early = () => pauses().some((pause) => pause < TOLD[0]);
    const timely = () => !early() && pauses().some((pause) => pause < TOLD[1]);

    if (!await within(IDLE_MS, () => pauses().length > 0))
        return "stays away";
    await within(IDLE_MS, () => early() || pauses().length === PAUSES ||
        (timely() && pauses().length > 1));
    const events = await stream.events();
    const odd = events.find(({ type, data }) =>
        type === "retry" || (type === "message" && data === ""));
    return (timely() ? "obeyed" : "ignored") + (odd ? `, ${odd.type} "${odd.data}"` : "");
}

async function farewell(client) {
    const expected = lines(3);
    const server = await send(client, expected, "--retry", RETRY_MS);
    const opened = await open(client, server, { farewell: "farewell" });

    await finish(opened, expected.at(-1));
    await server.end();
    await until("the farewell", () => opened.network.passed.includes("\nevent: farewell\n"));
    return await within(AWAY_MS, () => opened.network.gets().length > 1)
        ? "comes back" : "stays away";
}

async function refusal(client, peer) {
    const opened = await Promise.all(REFUSALS.map((status) =>
        open(client, peer, { path: `status/${status}` })));
    const back = ({ network }) => network.gets().length > 1;

    await within(BACK_MS, () => opened.every(back));
    const returned = REFUSALS.filter((_, n) => back(opened[n]));
    return returned.length === 0 ? "stays away"
        : returned.length === REFUSALS.length ? "comes back" : `comes back after ${returned}`;
}

/** What a client does that has had a stream, and whose return is answered with a status. */
async function then(client, peer, status) {
    const { network } = await open(client, peer, { path: `then/${status}` });

    if (!await within(IDLE_MS, () => network.gets().length > 1))
        return "does not return";
    if (!await within(BACK_MS, () => network.gets().length > 2))
        return "stays away";
    return /last-?event-?id[:=]/i.test(network.gets()[2].head)
        ? "comes back" : "comes back without the id";
}

/** Which ids a client sends back as they are. */
async function ids(client, peer, all) {
    const wrong = await Promise.all(all.map(async (id) => {
        const { stream } = await open(client, peer, { path: `ids/${Buffer.from(id).toString("hex")}` });
        let second;

        await within(IDLE_MS, async () => (second = lasting(await stream.events())[1]));
        return second?.data !== "exact" && `${id.slice(0, 20)}: ${second?.data ?? "does not return"}`;
    }));

    return wrong.filter(Boolean).join("; ") || "exact";
}

async function across(client, credentials, ...args) {
    const expected = lines(50);
    const server = await send(client, expected, "--retry", RETRY_MS, ...args);
    const opened = await open(client, server, { cut: 25, credentials });
    const result = tally([await finish(opened, expected.at(-1))], expected);
    const { requests } = opened.network;
    const cookies = opened.network.gets().every(({ head }) => /^cookie:.*visitor=1/im.test(head));

    return result + (cookies !== credentials ? `, ${credentials ? "no " : "with "}cookies` : "") +
        (requests.some(({ head }) => head.startsWith("OPTIONS")) ? ", asks first" : "");
}

export const scenes = [
    { name: "between", right: "exact", busy: true, run: between,
        about: "400 events, over a connection that is cut after every 25" },
    { name: "inside", right: "exact", busy: true, run: inside,
        about: "360 events, over connections that are cut after each byte of an event in turn" },
    { name: "chunk", right: "exact", busy: true,
        run: (client, peer) => torn(client, peer, "lines", lines(40), FRAME),
        about: "the same, where the stream is chunks: the client sees that it was cut" },
    { name: "gap", right: "exact", busy: true, run: gap,
        about: "the server has dropped what the client missed: an event of type gap, then the rest" },
    { name: "beat", right: "nothing", run: (client) => heartbeat(client, /\n\n:\n\n/, []),
        about: "a heartbeat that is a block of its own, `:` and a blank line: what is dispatched" },
    { name: "beat line", right: "nothing",
        run: (client) => heartbeat(client, /\n\n:\n/, [], "--first", "line"),
        about: "a heartbeat that is a line of the next event (`--first line`)" },
    { name: "beat type", right: 'ping ""',
        run: (client) => heartbeat(client, /\nevent: ping\n/, ["ping"], "--ping", "ping"),
        about: "a heartbeat that is an event (`--ping ping`), of a type that is listened to" },
    { name: "comment", right: "nothing", run: comments,
        about: "comments with text, of one line and of two: what is dispatched" },
    { name: "retry", right: "obeyed", timed: true, run: (client) => retry(client),
        about: "a reconnection time in a block of its own" },
    { name: "retry line", right: "obeyed", timed: true,
        run: (client) => retry(client, "--first", "line"),
        about: "a reconnection time that is a line of the first event (`--first line`)" },
    { name: "retry type", right: "obeyed", timed: true,
        run: (client) => retry(client, "--first", "typed"),
        about: "a reconnection time in an event without data (`--first typed`)" },
    { name: "end", right: "stays away", run: farewell,
        about: "the farewell, at which the application ends the stream in the client's way" },
    { name: "204", right: "stays away", run: (client, peer) => then(client, peer, 204),
        about: "204 when the client comes back" },
    { name: "503", right: "stays away", run: (client, peer) => then(client, peer, 503),
        about: "503 when the client comes back" },
    { name: "refused", right: "stays away", run: refusal,
        about: `${REFUSALS.join(", ")} at first` },
    { name: "ids", right: "exact", run: (client, peer) => ids(client, peer, IDS),
        about: "ids with blanks, quotes, commas, brackets, percent signs, and of 200 bytes" },
    { name: "far ids", right: "exact", run: (client, peer) => ids(client, peer, FAR_IDS),
        about: "ids that are not ASCII" },
    { name: "across", right: "exact", busy: true, across: true,
        run: (client) => across(client, false, "--cors", "*"),
        about: "a page of another origin, which all may read (`--cors '*'`)" },
    { name: "cookies", right: "exact", busy: true, across: true,
        run: (client) => across(client, true),
        about: "a page of another origin, with cookies (`--cors-credentials`)" },
];
