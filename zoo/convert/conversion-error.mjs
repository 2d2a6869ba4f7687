/** The one error of the converter: a file from outside that cannot be converted, and why. */
export class ConversionError extends Error {
  /**
   * @param {string} file the source file, as the recipe names it
   * @param {string} reason one sentence, with the offending value
   * @param {{cause?: unknown}} [options]
   */
  constructor(file, reason, options) {
    super(`${file}: ${reason}`, options);
    this.name = 'ConversionError';
    this.file = file;
    this.reason = reason;
  }
}

/**
 * Runs a conversion step and turns whatever it throws into a ConversionError of this file, so that
 * a reader may let a bounds check of DataView or JSON.parse speak for itself.
 *
 * @template T
 * @param {string} file
 * @param {() => T} step
 * @returns {T}
 */
export function naming(file, step) {
  try {
    return step();
  } catch (error) {
    if (error instanceof ConversionError) {
      throw error;
    }
    throw new ConversionError(file, error instanceof Error ? error.message : String(error), {
      cause: error,
    });
  }
}
