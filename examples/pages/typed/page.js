// Listens to the events of the table. tsc checks each name and field against events.d.ts.
/** @import {Events} from "./events" */
const source = new EventSource("/events");

/** Listen to the events of one type.
 * @template {keyof Events} Name
 * @param {Name} name
 * @param {(event: Events[Name]) => void} listener */
function on(name, listener) {
    source.addEventListener(name, (message) => listener(JSON.parse(message.data)));
}

/** @param {string} id @param {string} text */
function show(id, text) {
    document.querySelectorAll("#" + id).forEach((cell) => cell.textContent = text);
}

on("price", (event) => show(event.symbol, `${event.bid.toFixed(2)} / ${event.ask.toFixed(2)}`));
on("trade", (event) => show("trade",
    `${event.size} ${event.symbol} ${event.bought ? "bought" : "sold"}`));
