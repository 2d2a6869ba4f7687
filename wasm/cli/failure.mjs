// How a command ends: which failures are whose, and the exit code of each.
import { ModelSpiderError } from '../modelspider.mjs';

export const exitCodes = { ok: 0, internal: 1, usage: 2, data: 3, asset: 4, interrupted: 130 };

/** A failure that the user can do something about, in one sentence. */
export class Failure extends Error {
  /** @param {keyof typeof exitCodes} kind @param {string} message */
  constructor(kind, message) {
    super(message);
    this.name = 'Failure';
    this.kind = kind;
  }
}

/** @param {unknown} error @returns {keyof typeof exitCodes} */
export function kindOf(error) {
  if (error instanceof Failure) {
    return error.kind;
  }
  if (error instanceof ModelSpiderError) {
    return error.code === 'cancelled' ? 'interrupted' : error.code === 'data' ? 'data' : 'internal';
  }
  const code = /** @type {{code?: string}} */ (error ?? {}).code ?? '';
  return code.startsWith('ERR_PARSE_ARGS') ? 'usage' : 'internal';
}

/**
 * The sentence for an error of the file system.
 *
 * @param {unknown} error
 * @returns {string}
 */
export function reasonOf(error) {
  const { code, message } = /** @type {{code?: string, message?: string}} */ (error ?? {});
  /** @type {Record<string, string>} */
  const known = {
    ENOENT: 'it does not exist',
    EACCES: 'reading it is not permitted',
    EPERM: 'it is not permitted',
    EISDIR: 'it is a folder',
    ENOTDIR: 'it is not a folder',
    ENOSPC: 'the disk is full',
    EROFS: 'the disk is read-only',
    ELOOP: 'its links go in circles',
  };
  return (error instanceof ModelSpiderError ? undefined : known[code ?? '']) ?? message ?? String(error);
}
