// The signed pass of an embedded page. On another site no cookie of ours can be relied on, so the page sends the pass with its
// own requests and websockets. On other pages there is no pass, and requests are sent as usual.

import { keep, recall } from "./memory.js";

export const HEADER = "X-Explorer-Frame";
const KEY = "explorer-frame"; // in the storage of pages that are open now: another word would make their readers strangers
const MARK = "#frame="; // where nothing can be kept, the pass outlives a reload of the frame in its own address
let pass = "";

/** Goes on with the pass of an earlier visit, else begins with `fresh`. @param {string} fresh @returns whether it goes on */
export function adopt(fresh) {
  const kept = read();
  keepPass(kept || fresh);
  return kept !== "";
}

/** @param {string | null | undefined} value a younger pass, if the server gave one */
export function keepPass(value) {
  if (!value) return;
  pass = value;
  if (!keep(KEY, value)) history.replaceState(null, "", MARK + value);
}

/** @returns {Record<string, string>} */
export function headers() {
  return pass ? { [HEADER]: pass } : {};
}

/**
 * Like `fetch`, for an address of our own site: sends the pass.
 * @param {string} url
 * @param {RequestInit} [more]
 */
export async function ask(url, more = {}) {
  const answer = await fetch(url, { ...more, headers: { ...more.headers, ...headers() } });
  keepPass(answer.headers.get(HEADER));
  return answer;
}

/**
 * @param {string} path and query
 * @param {string} [ticket] with which a terminal's socket opens once; it is not in the address, which proxies write down
 */
export function openSocket(path, ticket) {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const shown = [ticket ? `ticket.${ticket}` : "", pass ? `frame.${pass}` : ""].filter(Boolean);
  return new WebSocket(`${scheme}://${location.host}${path}`, shown.length ? ["explorer", ...shown] : []);
}

function read() {
  return recall(KEY) || (location.hash.startsWith(MARK) ? location.hash.slice(MARK.length) : "");
}
