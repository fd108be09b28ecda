// xterm writes its own <style> elements; the content security policy wants our nonce on them.

const nonce = /** @type {HTMLScriptElement | null} */ (document.querySelector("script[nonce]"))?.nonce;
if (nonce) {
  const create = document.createElement.bind(document);
  /**
   * @param {string} tag
   * @param {ElementCreationOptions} [options]
   */
  const stamped = (tag, options) => {
    const element = create(tag, options);
    if (tag === "style") element.nonce = nonce;
    return element;
  };
  document.createElement = /** @type {typeof document.createElement} */ (stamped);
}
