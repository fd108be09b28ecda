// Notices that a websocket has gone silent. A browser does not say so when the server hangs, when the network swallows
// everything, or when the machine slept: the socket stays open, and what is on the page grows old.

export const SILENT = 4000; // the close code that the page gives to a socket that it takes for dead
export const LONGEST_SILENCE = 4_500; // the server sends a beat every 1.5 s
const LOOK_EVERY = 500;

/**
 * Watches a socket from its first beat on. When it is silent for too long, its `onclose` is called with SILENT at once, for a
 * closing handshake with a dead server takes minutes.
 * @param {WebSocket} socket
 * @returns {(message: { type: string }) => boolean} to be called with every message; true when it is a beat, which says no more
 */
export function watchSilence(socket) {
  let heard = Date.now();
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let timer;

  function look() {
    const open = socket.readyState === WebSocket.OPEN;
    if (open && Date.now() - heard <= LONGEST_SILENCE) return;
    clearInterval(timer);
    if (!open) return;
    const closed = socket.onclose;
    socket.onclose = null;
    socket.onmessage = null;
    socket.close();
    closed?.call(socket, /** @type {CloseEvent} */ ({ code: SILENT }));
  }

  return (message) => {
    heard = Date.now();
    if (message.type !== "beat") return false;
    timer ??= setInterval(look, LOOK_EVERY);
    return true;
  };
}
