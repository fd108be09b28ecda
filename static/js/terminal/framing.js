// Terminal bytes on the wire: an 8-byte big-endian offset of the first byte, then the bytes. Pure.

/** Send an acknowledgement at the latest after this many drawn bytes. */
export const ACK_EVERY = 32 * 1024;

/**
 * @param {ArrayBuffer} frame
 * @returns {{ offset: number, bytes: Uint8Array }}
 */
export function readFrame(frame) {
  if (frame.byteLength < 8) throw new RangeError("a terminal frame has at least its 8-byte offset");
  return { offset: Number(new DataView(frame).getBigUint64(0)), bytes: new Uint8Array(frame, 8) };
}

/** Where a terminal stands in its byte stream. */
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

/**
 * What to type for a lesson's command: line ends become Enter; the last Enter only when it should run.
 * @param {string} command
 * @param {boolean} run
 */
export function keystrokes(command, run) {
  const lines = command.replace(/\s+$/, "").split(/\r?\n/);
  return lines.join("\r") + (run ? "\r" : "");
}
