// Notices that a websocket has gone silent, or that what it brings is old. A browser does not say so when the server hangs, when
// the network swallows everything, or when the machine slept: the socket stays open, and what is on the page grows old. On a
// slow line messages come without a pause and each of them is old: they waited for those before.

export const SILENT = 4000; // the close code that the page gives to a socket that it takes for dead
export const LONGEST_SILENCE = 4_500; // the server sends a beat every 1.5 s
const SET_BACK = -1_000; // the page's clock was set back: by so much, nobody knows how long the silence was
const LOOK_EVERY = 500;

/**
 * Watches a socket from its first beat on. When it is silent for too long, its `onclose` is called with SILENT at once, for a
 * closing handshake with a dead server takes minutes. A beat says how long before the server had opened the socket (`at`), so
 * the page knows how long the beat was on its way.
 * @param {WebSocket} socket
 * @param {(late: boolean) => void} [tell] called when the newest beat is too old, and when it is not any more
 * @returns {(message: { type: string, at?: number }) => boolean} to be called with every message; true when it is a beat, which
 *   says no more
 */
export function watchSilence(socket, tell = () => {}) {
  let heard = Date.now();
  let opened = performance.now(); // does not jump when the page's clock is set
  let newest = 0; // what the newest beat said, in ms
  let late = false;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let timer;
  socket.addEventListener("open", () => {
    opened = performance.now();
  });

  function look() {
    const open = socket.readyState === WebSocket.OPEN;
    const silence = Date.now() - heard;
    if (open && silence > SET_BACK && silence <= LONGEST_SILENCE) return weigh();
    clearInterval(timer);
    if (!open) return undefined;
    const closed = socket.onclose;
    socket.onclose = null;
    socket.onmessage = null;
    socket.close();
    return closed?.call(socket, /** @type {CloseEvent} */ ({ code: SILENT }));
  }

  function weigh() {
    const now = performance.now() - opened - newest > LONGEST_SILENCE;
    if (now === late) return;
    late = now;
    tell(late);
  }

  return (message) => {
    heard = Date.now();
    if (message.type !== "beat") return false;
    newest = 1_000 * (message.at ?? 0);
    timer ??= setInterval(look, LOOK_EVERY);
    weigh();
    return true;
  };
}
