// Tickets: each time a shell connects, it needs one, which the server gives over the websocket of the sandbox.

/** @import { Stream } from "../stream/stream.js" */
/** @import { EdgeMessage } from "../stream/types.js" */
/** @import { LabTerminal } from "./lab-terminal.js" */

/**
 * Asks for the tickets that shells want, and hands them out.
 * @param {HTMLElement} dock around the shells
 * @param {Map<string, LabTerminal>} shells
 * @param {Stream} stream
 */
export function handOutTickets(dock, shells, stream) {
  const ask = (/** @type {LabTerminal} */ shell) => stream.send({ type: "ask_ticket", terminal: shell.terminal });
  dock.addEventListener("ticket-wanted", (event) => ask(/** @type {LabTerminal} */ (event.target)));
  stream.addEventListener("link", (event) => {
    if (/** @type {CustomEvent} */ (event).detail !== "open") return;
    // what was asked without a connection was not sent, and over a connection that broke it is not answered
    for (const shell of shells.values()) if (shell.wanting) ask(shell);
  });
  stream.addEventListener("edge", (event) => {
    const message = /** @type {EdgeMessage} */ (/** @type {CustomEvent} */ (event).detail);
    if (message.type === "ticket_given") shells.get(message.terminal)?.admit(message.ticket);
    if (message.type === "no_ticket") shells.get(message.terminal)?.end("this terminal is gone");
  });
}
