// Converts a moment into the form of a date field.

/**
 * From UTC to the reader's own clock, both as "2031-05-24T16:30"; what is no moment stays as it is.
 * @param {string} utc
 */
export function asLocal(utc) {
  const at = new Date(`${utc}Z`);
  if (Number.isNaN(at.getTime())) return utc;
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
