// Makes elements. Text goes in as text nodes only, so no name of a file can become markup.

const svgNamespace = 'http://www.w3.org/2000/svg';

/** @typedef {Node | string | number | null | undefined | false} Child what is no node and no text is left out */

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, any>} [attributes] `class`, `data-…`, `aria-…` and other attributes; `on…`
 *   listeners; true is an attribute without a value; false and undefined are left out
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function el(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/**
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, any>} [attributes]
 * @param {...Child} children
 * @returns {SVGElementTagNameMap[Tag]}
 */
export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(svgNamespace, tag), attributes, children);
}

/**
 * @template {Element} T
 * @param {T} element
 * @param {Record<string, any>} attributes
 * @param {Child[]} children
 * @returns {T}
 */
function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) {
      element.addEventListener(name.slice(2), value);
    } else if (value === true) {
      element.setAttribute(name, '');
    } else if (value !== false && value !== undefined && value !== null) {
      element.setAttribute(name, String(value));
    }
  }
  element.append(...nodes(children));
  return element;
}

/** @param {Child[]} children @returns {(Node | string)[]} */
const nodes = (children) => children
  .filter((child) => child !== null && child !== undefined && child !== false)
  .map((child) => (typeof child === 'number' ? String(child) : /** @type {Node | string} */ (child)));

/** @param {Element} element @param {...Child} children */
export function replace(element, ...children) {
  element.replaceChildren(...nodes(children));
}

/** A symbol of index.html. @param {string} name @param {string} [className] */
export function icon(name, className = 'icon') {
  const box = name === 'spider' ? '0 0 32 32' : '0 0 16 16';
  return svg('svg', { class: className, viewBox: box, 'aria-hidden': 'true', focusable: 'false' },
    svg('use', { href: `#${name === 'spider' ? name : `icon-${name}`}` }));
}

/** An element that index.html has. @param {string} id @returns {HTMLElement} */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) {
    throw new Error(`index.html has no element ${id}`);
  }
  return element;
}

/** Gives the focus back to the same control after its region was drawn anew. */
export class FocusKeeper {
  /** @param {Element} region */
  constructor(region) {
    this.region = region;
    const active = document.activeElement;
    this.key = active && region.contains(active) ? active.getAttribute('data-focus') : null;
  }

  restore() {
    if (this.key !== null) {
      const again = this.region.querySelector(`[data-focus="${CSS.escape(this.key)}"]`);
      /** @type {HTMLElement | null} */ (again)?.focus();
    }
  }
}
