// Why a file or image cannot be used, as a code that every language has a sentence for.

/**
 * @typedef {{code: string, values?: any[], message?: string}} Reason message: a sentence from
 *   elsewhere, where there is no code for it
 */

/** A failure that concerns one file. */
export class FileError extends Error {
  /** @param {Reason} reason */
  constructor(reason) {
    super(reason.message ?? reason.code);
    this.reason = reason;
  }
}

/** @param {unknown} error @returns {Reason} */
export function reasonOf(error) {
  if (error instanceof FileError) {
    return error.reason;
  }
  if (/** @type {{code?: unknown} | undefined} */ (error)?.code === 'cancelled') {
    return { code: 'cancelled' };
  }
  return { code: 'other', message: error instanceof Error ? error.message : String(error) };
}
