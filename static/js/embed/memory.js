// What an embedded page remembers. It uses the tab's storage, which browsers separate by the site around the frame. Where a
// browser blocks that together with third-party cookies, it uses a cookie that is separated in the same way. The server does
// not read this cookie: it removes all cookies from an embedded page's requests.

/** @param {string} key @param {string} value @returns {boolean} whether it will be there after a reload */
export function keep(key, value) {
  try {
    sessionStorage.setItem(key, value);
    return true;
  } catch {
    // biome-ignore lint/suspicious/noDocumentCookie: the newer API answers later, and the result is needed at once
    document.cookie = `${name(key)}=${encodeURIComponent(value)}; Path=/embed/; SameSite=None; Secure; Partitioned`;
    return recall(key) === value;
  }
}

/** @param {string} key @returns {string} empty when nothing is kept */
export function recall(key) {
  try {
    return sessionStorage.getItem(key) ?? "";
  } catch {
    const start = `${name(key)}=`;
    const found = document.cookie.split("; ").find((one) => one.startsWith(start));
    return decodeURIComponent(found?.slice(start.length) ?? "");
  }
}

/** @param {string} key */
function name(key) {
  return encodeURIComponent(key);
}
