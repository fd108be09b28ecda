/** Text of others without the characters that turn the text around them: each is shown by its number instead. */

const TURNING = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const MAYBE = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]|\\u(?:061|200|202|206)/i;

/** @param {string} text */
export function plain(text) {
  return text.replace(TURNING, (sign) => `‹U+${sign.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}›`);
}

/**
 * A message of the server. Names in it come from a learner's host.
 * @param {string} text
 */
export function readPlain(text) {
  return MAYBE.test(text)
    ? JSON.parse(text, (_, value) => (typeof value === "string" ? plain(value) : value))
    : JSON.parse(text);
}
