// The websocket of the wall: hands on each message, and connects again after a loss. The first message then is a whole
// picture.

import { openSocket } from "../embed/pass.js";
import { readPlain } from "../page/plain.js";
import { watchSilence } from "../stream/heartbeat.js";
import { FINAL_CODES, waitBefore } from "../stream/stream.js";

/** @import { WallMessage } from "./words.js" */

const SLOW = "Your connection is slow … what you see may be old.";

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
    this.late = false;
    const socket = openSocket(this.path);
    this.socket = socket;
    const isBeat = watchSilence(socket, (late) => this.#say(this.trouble, late));
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
      return this.#say(message.ok ? "" : "The server cannot read the class just now. It tries again.", this.late);
    this.attempt = 0;
    if (message.whole) this.#say("", this.late);
    return this.hear(message);
  }

  /** @param {string} trouble @param {boolean} late whether what the socket brings is old */
  #say(trouble, late) {
    this.trouble = trouble;
    this.late = late;
    this.link(late ? SLOW : trouble);
  }

  stop() {
    this.stopped = true;
    clearTimeout(this.timer);
    this.socket?.close();
  }

  trouble = "";
  late = false;
  /** @type {WebSocket | undefined} */
  socket = undefined;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  timer = undefined;
}
