/* @microsoft/fetch-event-source, on a page. It has one handler for events of all types, and ends with
 * the connection unless onclose throws, as its documentation shows. */
import { onPage } from "./page.mjs";

export default await onPage({
    name: "fetch-event-source",
    of: "@microsoft/fetch-event-source",
    scripts: `<script type=module>import { fetchEventSource } from
        "/@microsoft/fetch-event-source/lib/esm/index"; window.fetchEventSource = fetchEventSource;
        </script>`,
    listen(url, { farewell, credentials }, see) {
        const end = new AbortController();

        fetchEventSource(url, {
            signal: end.signal,
            credentials: credentials ? "include" : "same-origin",
            onmessage({ event, data }) {
                see(event || "message", data);
                if (event === farewell)
                    end.abort();
            },
            onclose: () => { throw new Error("it is to come back"); },
        });
    },
});
