/* fetch of a browser, and its reader, which gives eventsource-parser what has come. The loop is that of
 * an application which does what the standard says of EventSource. */
import { onPage } from "./page.mjs";

export default await onPage({
    name: "fetch",
    async listen(url, { farewell, credentials }, see) {
        const { createParser } = await import("/eventsource-parser/dist/index.js");
        const headers = { accept: "text/event-stream" };
        let retry = 3000, over = false;
        const onEvent = ({ event: type = "message", data, id }) => {
            if (id !== undefined)
                headers["last-event-id"] = id;
            see(type, data, headers["last-event-id"]);
            over ||= type === farewell;
        };

        while (!over) {
            const response = await fetch(url, { headers,
                credentials: credentials ? "include" : "same-origin" }).catch(() => undefined);
            if (response && response.status !== 200)
                return;
            const parser = createParser({ onEvent, onRetry: (ms) => (retry = ms) });
            const decoder = new TextDecoder(), reader = response?.body.getReader();
            const read = () => reader?.read().catch(() => undefined); // the connection is lost
            for (let part = await read(); part && !part.done && !over; part = await read())
                parser.feed(decoder.decode(part.value, { stream: true }));
            await new Promise((resolve) => setTimeout(resolve, retry));
        }
    },
});
