/* Turbo's element turbo-stream-source, on a page: the EventSource of the browser, whose messages are
 * pieces of HTML that say where they belong. Each stream has a frame. What is seen is what it shows. */
import { onPage } from "./page.mjs";

export default await onPage({
    name: "Turbo streams",
    of: "@hotwired/turbo",
    scripts: `<script type=module>import { connectStreamSource } from
        "/@hotwired/turbo/dist/turbo.es2017-esm.js";
        window.connectStreamSource = connectStreamSource;</script>`,
    wrap: (text) => '<turbo-stream action="append" target="log"><template><p>' + text +
        "</p></template></turbo-stream>",
    listen(url, { types, farewell, credentials }, see) {
        const frame = document.createElement("iframe");

        frame.src = "/";
        frame.onload = ({ target: { contentDocument: page, contentWindow: { connectStreamSource } } }) => {
            const log = page.createElement("div");
            const element = page.createElement("turbo-stream-source");
            log.id = "log";
            page.body.append(log);
            new MutationObserver((all) => all.forEach(({ addedNodes }) => addedNodes.forEach((node) =>
                see("message", node.innerText)))).observe(log, { childList: true });
            if (credentials) // the element has no attribute for it
                return connectStreamSource(new EventSource(url, { withCredentials: true }));
            element.setAttribute("src", url);
            page.body.append(element);
            for (const type of types) // Turbo itself reads messages only
                element.streamSource.addEventListener(type, (e) => see(type, e.data, e.lastEventId));
            if (farewell)
                element.streamSource.addEventListener(farewell, () => element.remove());
        };
        document.body.append(frame);
    },
});
