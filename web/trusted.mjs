// The page's policy for Trusted Types: no markup from strings at all, and scripts (workers) only
// from its own origin. Browsers without Trusted Types rely on the rest of the security policy.

/** @typedef {{createPolicy(name: string, rules: Record<string, (value: string) => string>): unknown}} TrustedTypes */

const trustedTypes = /** @type {{trustedTypes?: TrustedTypes}} */ (globalThis).trustedTypes;

trustedTypes?.createPolicy('default', {
  createScriptURL(address) {
    const url = new URL(address, document.baseURI);
    if (url.origin !== location.origin) {
      throw new TypeError(`a script from ${url.origin} is not allowed here`);
    }
    return url.href;
  },
});
