// The bytes of a terminal in websocket messages: first the offset of the first byte (8 bytes, big-endian), then the bytes.
// Pure.

/** Send an acknowledgement at the latest after this many drawn bytes. */
export const ACK_EVERY = 32 * 1024;
/** Typed bytes in one frame; the server refuses more than 16 KiB. */
export const TYPED_FRAME = 8_000;
/** Typed bytes that may be sent before the server says that they were taken. */
export const TYPED_AHEAD = 32 * 1024;
/** Typed bytes that wait in the page. */
export const TYPED_KEPT = 1024 * 1024;

/**
 * @param {ArrayBuffer} frame
 * @returns {{ offset: number, bytes: Uint8Array }}
 */
export function readFrame(frame) {
  if (frame.byteLength < 8) throw new RangeError("a terminal frame has at least its 8-byte offset");
  return { offset: Number(new DataView(frame).getBigUint64(0)), bytes: new Uint8Array(frame, 8) };
}

/** Keeps the position of a terminal in its stream of bytes. */
export class Position {
  constructor() {
    this.next = 0; // offset of the first byte not yet received
    this.drawn = 0;
    this.acknowledged = 0;
  }

  /**
   * The bytes of this frame not seen before, and whether some before them are lost.
   * @param {number} offset
   * @param {Uint8Array} bytes
   */
  take(offset, bytes) {
    const end = offset + bytes.length;
    if (end <= this.next) return { fresh: bytes.subarray(0, 0), lost: false };
    const lost = offset > this.next;
    const fresh = lost ? bytes : bytes.subarray(this.next - offset);
    this.next = end;
    return { fresh, lost };
  }

  /** @param {number} offset */
  skip(offset) {
    this.next = Math.max(this.next, offset);
    this.drawn = this.next;
  }

  /**
   * @param {number} offset
   * @returns {boolean} whether an acknowledgement is due
   */
  draw(offset) {
    this.drawn = Math.max(this.drawn, offset);
    return this.drawn - this.acknowledged >= ACK_EVERY;
  }

  acknowledge() {
    this.acknowledged = this.drawn;
    return this.drawn;
  }
}

/** Typed bytes that wait until the shell has taken earlier ones. */
export class Typing {
  constructor() {
    /** @type {Uint8Array[]} */
    this.kept = [];
    this.waiting = 0; // bytes in `kept`
    this.sent = 0; // bytes on this connection
    this.taken = 0; // of those, as the server said last
  }

  /**
   * @param {Uint8Array} bytes
   * @returns {boolean} false when so much waits already that none of it is kept
   */
  add(bytes) {
    if (this.waiting + bytes.length > TYPED_KEPT) return false;
    if (bytes.length) this.kept.push(bytes);
    this.waiting += bytes.length;
    return true;
  }

  /** The next message, which then counts as sent; undefined when there is none or it may not be sent yet. */
  next() {
    const [first] = this.kept;
    const room = Math.min(TYPED_FRAME, TYPED_AHEAD - (this.sent - this.taken));
    if (!first || room <= 0) return undefined;
    const frame = first.subarray(0, room);
    if (frame.length === first.length) this.kept.shift();
    else this.kept[0] = first.subarray(room);
    this.waiting -= frame.length;
    this.sent += frame.length;
    return frame;
  }

  /** @param {number} bytes taken since the connection was opened */
  take(bytes) {
    this.taken = Math.max(this.taken, bytes);
  }

  /** A new connection counts from 0. What was sent on the old one is not sent again, because it may have arrived. */
  startOver() {
    this.sent = this.taken = 0;
  }
}

/** xterm gives a mouse report as a string in which each character's code is one byte. @param {string} report */
export function bytesOf(report) {
  return Uint8Array.from(report, (letter) => letter.charCodeAt(0));
}

/**
 * What to type for a lesson's command: line ends become Enter; the last Enter only when it should run.
 * @param {string} command
 * @param {boolean} run
 */
export function keystrokes(command, run) {
  const lines = command.replace(/\s+$/, "").split(/\r?\n/);
  return lines.join("\r") + (run ? "\r" : "");
}
