/**
 * - `not-a-store`: the directory holds something else
 * - `no-store`: there is nothing yet
 * - `locked`: another process writes; the message names it
 * - `rolled-back`: less than was acknowledged, or other than an intent allows
 * - `corrupt`: bytes that don't have their digest, don't parse or don't follow from a signed checkpoint
 * - `erased`: a body of which records, or all, were erased on request
 * - `foreign-key`: a key that isn't in force
 * - `key`: a key file can't be read or is of another type
 * - `invalid`: a record or a statement that may not be sealed
 * - `io`: the file system refused
 */
export type EvidenceErrorCode =
  | 'not-a-store'
  | 'no-store'
  | 'locked'
  | 'rolled-back'
  | 'corrupt'
  | 'erased'
  | 'foreign-key'
  | 'key'
  | 'invalid'
  | 'io';

export class EvidenceError extends Error {
  override readonly name = 'EvidenceError';
  readonly code: EvidenceErrorCode;

  constructor(code: EvidenceErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
