/* eventsource, the EventSource of npm for Node.js. */
import { listen, version } from "./sources.mjs";
import { need } from "../serving.mjs";

const { EventSource } = await need("eventsource");

export default {
    name: "npm eventsource",
    version: version("eventsource"),
    open: (url, options) => listen(new EventSource(url), options),
};
