/* undici, whose EventSource is that of Node.js. */
import { listen, version } from "./sources.mjs";
import { need } from "../serving.mjs";

const { EventSource } = await need("undici");

export default {
    name: "undici",
    version: version("undici"),
    open: (url, options) => listen(new EventSource(url), options),
};
