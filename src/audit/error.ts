/**
 * - `question`: what was asked for can't be asked
 * - `invalid`: sealed content that this version can't make sense of
 * - `incomplete`: a body that is not among the evidence, or was erased
 * - `io`: a file can't be read or written
 */
export type AuditErrorCode = 'question' | 'invalid' | 'incomplete' | 'io';

export class AuditError extends Error {
  override readonly name = 'AuditError';
  readonly code: AuditErrorCode;

  constructor(code: AuditErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
