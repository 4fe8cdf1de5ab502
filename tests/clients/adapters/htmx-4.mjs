/* htmx 4 with its extension hx-sse, on a page: fetch, and a reader of its own. What is seen is what the
 * page shows, and of events with a type the event that htmx triggers. */
import { onPage } from "./page.mjs";

export default await onPage({
    name: "htmx 4, hx-sse",
    of: "htmx.org",
    scripts: `<script src=/htmx.org/dist/htmx.js></script>
        <script src=/htmx.org/dist/ext/hx-sse.js></script>`,
    listen(url, { types, farewell, credentials }, see) {
        const element = document.createElement("p");

        element.setAttribute("hx-sse:connect", url);
        if (farewell)
            element.setAttribute("hx-sse:close", farewell);
        if (credentials)
            element.setAttribute("hx-config", "credentials:include");
        for (const type of types)
            element.addEventListener(type, ({ detail }) => see(type, detail.data, detail.id));
        element.addEventListener("htmx:sse:after:message", ({ detail }) =>
            detail.message.event || see("message", element.innerText, detail.message.id));
        document.body.append(element);
        htmx.process(element);
    },
});
