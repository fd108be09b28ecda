// Puts the page's nonce on the <style> elements that xterm makes, as the content security policy requires.

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
