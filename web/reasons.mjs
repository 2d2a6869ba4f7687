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

/** @param {unknown} error one that says its reason, or any @returns {Reason} */
export function reasonOf(error) {
  const { reason, code, message } = /** @type {{reason?: Reason, code?: unknown, message?: unknown}} */ (error ?? {});
  if (reason?.code) {
    return reason;
  }
  return code === 'cancelled' ? { code } : { code: 'other', message: String(message ?? error) };
}
