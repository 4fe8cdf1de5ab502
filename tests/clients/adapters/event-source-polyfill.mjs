/* event-source-polyfill, on a page. It sends the last id in the query, so that no origin has to allow
 * a field. */
import { onPage } from "./page.mjs";

export default await onPage({
    name: "event-source-polyfill",
    of: "event-source-polyfill",
    scripts: "<script src=/event-source-polyfill/src/eventsource.js></script>",
    listen(url, { types, farewell, credentials }, see) {
        const source = new EventSourcePolyfill(url, { withCredentials: credentials });

        for (const type of ["message", ...types])
            source.addEventListener(type, (e) => see(e.type, e.data, e.lastEventId));
        if (farewell)
            source.addEventListener(farewell, () => source.close());
    },
});
