// How the binding, and all that stands on it, says that something failed.

/**
 * @typedef {'argument' | 'memory' | 'format' | 'unsupported' | 'limit' | 'data' | 'internal'} ErrorCode
 */

/** A failure in one sentence, and its kind. */
export class ModelSpiderError extends Error {
  /** @param {string} code an ErrorCode, or 'cancelled' @param {string} message */
  constructor(code, message) {
    super(message);
    this.name = 'ModelSpiderError';
    this.code = code;
  }
}
