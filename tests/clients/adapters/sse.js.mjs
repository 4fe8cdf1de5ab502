/* sse.js, on a page: XMLHttpRequest, with a body and fields of one's own. */
import { onPage } from "./page.mjs";

export default await onPage({
    name: "sse.js",
    of: "sse.js",
    scripts: '<script type=module>import { SSE } from "/sse.js/lib/sse.js"; window.SSE = SSE;</script>',
    listen(url, { types, farewell, credentials }, see) {
        const source = new SSE(url, { autoReconnect: true, withCredentials: credentials });

        for (const type of ["message", ...types])
            source.addEventListener(type, (e) => see(e.type, e.data, e.lastEventId));
        if (farewell)
            source.addEventListener(farewell, () => source.close());
    },
});
