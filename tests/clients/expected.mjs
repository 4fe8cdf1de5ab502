/* What clients do that the standard does not say of EventSource, and why: { CLIENT: { SCENE: [result,
 * reason] } }. A client is a file of adapters/; all are here, and so in the table of README.md. Where a
 * client does more, or less, than this, its test fails. */
const COOKIES = "it always sends cookies, which an answer for any origin does not allow";
const FIELD = "Last-Event-ID is a field of the page, about which a browser asks first";
const FINAL = "once it has had a stream, no answer is final for it";
const HANDLER = "no answer is final for it unless a handler throws";
const NEW = "where an EventSource has given up it makes a new one";
const RECONNECT = "with autoReconnect no answer is final for it";
const RETRIES = "--retry asks again after 408, 429, 500, 502, 503 and 504";
const STATUS = "an empty answer is a success for curl: the shell must ask for the status (--write-out)";

const BLANK = "it calls onmessage at each blank line, also after a comment or a retry alone";
const EMPTY = "it dispatches a block without data, with empty data";
const TYPED = "it triggers an event for a block with a type, even without data";
const EARLY = "it keeps an id as soon as it has read its line, before the event";
const RETRY = "it reads a retry only in a block with data or a type";
const KEPT = "where a connection fails, and does not just end, it keeps what has come of an event and its " +
    "id, and takes the next stream for the rest";
const TORN = "where a connection ends it dispatches what has come of an event, and keeps its id";

/* Fields are bytes: fetch and XMLHttpRequest refuse characters above U+00FF, and send one below as one
 * byte, which is not UTF-8: the server answers 400. */
const FAR = ["\u00e4: does not return; \u65e5\u672c: does not return; \u{1F680}: does not return",
    "it gives the id to fetch or XMLHttpRequest, which cannot send it as UTF-8"];

const fetchEventSource = {
    "between": ["16 empty", BLANK],
    "inside": ["31 of 360 lost, 63 empty", `${EARLY}; and ${BLANK}`],
    "chunk": ["some lost, some empty", `${EARLY}; and ${BLANK}`],
    "beat": ['message ""', BLANK],
    "comment": ['message "", message ""', BLANK],
    "retry": ['obeyed, message ""', BLANK],
    "retry type": ['obeyed, retry ""', BLANK],
    "204": ["comes back", HANDLER],
    "503": ["comes back", HANDLER],
    "refused": ["comes back", HANDLER],
    "far ids": FAR,
    "across": ["2 empty, asks first", `${FIELD}; and ${BLANK}`],
    "cookies": ["2 empty, asks first", `${FIELD}; and ${BLANK}`],
};

const htmx2 = {
    "204": ["comes back without the id", NEW],
    "503": ["comes back without the id", NEW],
    "refused": ["comes back", NEW],
    "across": ["50 of 50 lost, with cookies", COOKIES],
};

const htmx4 = {
    "retry": ["ignored", RETRY],
    "retry type": ['obeyed, retry ""', TYPED],
    "204": ["comes back", FINAL],
    "503": ["comes back", FINAL],
    "far ids": FAR,
    "across": ["exact, asks first", FIELD],
    "cookies": ["exact, asks first", FIELD],
};

const byFetch = {
    "far ids": FAR,
    "across": ["exact, asks first", FIELD],
    "cookies": ["exact, asks first", FIELD],
};

export const expected = {
    "browser-eventsource@chromium": {},
    "browser-eventsource@firefox": {},
    "browser-eventsource@webkit": { "chunk": ["broken events", KEPT] },
    "browser-fetch@chromium": byFetch,
    "browser-fetch@firefox": byFetch,
    "browser-fetch@webkit": {
        ...byFetch,
        "far ids": ["\u65e5\u672c: does not return; \u{1F680}: does not return",
            "it sends characters up to U+00FF as UTF-8, and cannot send others"],
    },
    "eventsource": { "far ids": FAR },
    "undici": { "far ids": FAR },
    "eventsource-parser": { "far ids": FAR },
    "event-source-polyfill": {},
    "fetch-event-source": fetchEventSource,
    "fetch-event-source@firefox": fetchEventSource,
    "sse.js": {
        "inside": ["broken events", TORN],
        "204": ["comes back", RECONNECT],
        "503": ["comes back", RECONNECT],
        "refused": ["comes back", RECONNECT],
        "far ids": FAR,
        "across": ["exact, asks first", FIELD],
        "cookies": ["exact, asks first", FIELD],
    },
    "htmx-2": htmx2,
    "htmx-2@firefox": htmx2,
    "htmx-4": htmx4,
    "htmx-4@firefox": htmx4,
    "turbo": {},
    "curl": {
        "204": ["comes back", STATUS],
        "503": ["comes back", RETRIES],
        "refused": ["comes back after 429,503", RETRIES],
    },
    "go": {
        "between": ["16 empty", EMPTY],
        "inside": ["63 empty", EMPTY],
        "chunk": ["some empty", EMPTY],
        "retry": ['obeyed, message ""', EMPTY],
        "retry type": ['obeyed, retry ""', EMPTY],
        "204": ["comes back", FINAL],
        "503": ["comes back", FINAL],
    },
};
