// Asks the server what a sandbox was like before this page was opened.

import { ask } from "../embed/pass.js";

/** @import { Past } from "./history.js" */

/**
 * Null when nothing from before is kept. Throws when the server does not answer or refuses.
 * @param {string} sandbox
 * @param {number} before
 * @returns {Promise<Past | null>}
 */
export async function fetchPast(sandbox, before) {
  const answer = await ask(`/sandboxes/${encodeURIComponent(sandbox)}/past/${before}/`);
  if (answer.status === 404) return null;
  if (!answer.ok) throw new Error(`the past: ${answer.status}`);
  return await answer.json();
}
