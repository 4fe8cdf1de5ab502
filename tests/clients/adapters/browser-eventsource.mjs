/* EventSource of a browser. */
import { onPage } from "./page.mjs";

export default await onPage({
    name: "EventSource",
    listen(url, { types, farewell, credentials }, see) {
        const source = new EventSource(url, { withCredentials: credentials });

        for (const type of ["message", ...types]) {
            source.addEventListener(type, (event) =>
                see(event.type, event.data, event.lastEventId));
        }
        if (farewell)
            source.addEventListener(farewell, () => source.close());
    },
});
