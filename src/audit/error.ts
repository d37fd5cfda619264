/**
 * - `question`: what was asked for can't be asked
 * - `invalid`: sealed content that this version can't make sense of
 * - `incomplete`: a body that is not among the evidence, or was erased
 * - `io`: a file can't be read or written
 * - `busy`: too much is asked for at once
 * - `conflict`: not as things are now
 */
export type AuditErrorCode = 'question' | 'invalid' | 'incomplete' | 'io' | 'busy' | 'conflict';

export class AuditError extends Error {
  override readonly name = 'AuditError';
  readonly code: AuditErrorCode;
  /** Of a question: what of it. */
  readonly field: string | undefined;

  constructor(code: AuditErrorCode, message: string, options?: ErrorOptions & { readonly field?: string }) {
    super(message, options);
    this.code = code;
    this.field = options?.field;
  }
}
