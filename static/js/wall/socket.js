// The websocket of the wall: hands on each message, and connects again after a loss. The first message then is a whole
// picture.

import { openSocket } from "../embed/pass.js";
import { readPlain } from "../page/plain.js";
import { watchSilence } from "../stream/heartbeat.js";
import { FINAL_CODES, waitBefore } from "../stream/stream.js";

/** @import { WallMessage } from "./words.js" */

export class WallSocket {
  /**
   * @param {string} path
   * @param {(message: WallMessage) => void} hear
   * @param {(trouble: string) => void} link what stands in the way, empty when nothing does
   */
  constructor(path, hear, link) {
    this.path = path;
    this.hear = hear;
    this.link = link;
    this.attempt = 0;
    this.stopped = false;
    this.connect();
  }

  connect() {
    const socket = openSocket(this.path);
    this.socket = socket;
    const isBeat = watchSilence(socket, (late) => this.link(late ? "Your connection is slow … what you see may be old." : ""));
    socket.onmessage = ({ data }) => {
      const message = readPlain(String(data));
      if (!isBeat(message)) this.#read(message);
    };
    socket.onclose = ({ code }) => {
      if (this.stopped || this.socket !== socket) return;
      if (code === 4404) return this.link("This class is over. This is how it ended.");
      if (FINAL_CODES.has(code)) return this.link("This is not yours to see any more. Log in again.");
      const crowded = code === 4409;
      this.link(crowded ? "Too many tabs of yours show this. Close one." : "Reconnecting … what you see may be old.");
      this.timer = setTimeout(() => this.connect(), waitBefore(this.attempt, Math.random()));
      this.attempt += 1;
      return undefined;
    };
  }

  /** @param {WallMessage | { type: "fresh", ok: boolean }} message */
  #read(message) {
    if (message.type === "fresh")
      return this.link(message.ok ? "" : "The server cannot read the class just now. It tries again.");
    this.attempt = 0;
    if (message.whole) this.link("");
    return this.hear(message);
  }

  stop() {
    this.stopped = true;
    clearTimeout(this.timer);
    this.socket?.close();
  }

  /** @type {WebSocket | undefined} */
  socket = undefined;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  timer = undefined;
}
