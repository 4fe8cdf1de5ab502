/* htmx 2 with its extension sse, on a page: EventSource, always with cookies. What is seen is what the
 * page shows. */
import { onPage } from "./page.mjs";

export default await onPage({
    name: "htmx 2, htmx-ext-sse",
    of: "htmx-ext-sse",
    scripts: `<script src=/htmx-2/dist/htmx.js></script>
        <script src=/htmx-ext-sse/dist/sse.js></script>`,
    listen(url, { types, farewell }, see) {
        const element = document.createElement("p");

        element.setAttribute("hx-ext", "sse");
        element.setAttribute("sse-connect", url);
        element.setAttribute("sse-swap", ["message", ...types].join());
        if (farewell)
            element.setAttribute("sse-close", farewell);
        element.addEventListener("htmx:sseMessage", ({ detail }) =>
            see(detail.type, element.innerText, detail.lastEventId));
        document.body.append(element);
        htmx.process(element);
    },
});
