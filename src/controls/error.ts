/**
 * - `check-invalid`: a built-in check can't be read; the message names the file and the field
 * - `case-invalid`: a case of a check can't be run; the message names the check, the case and what was expected
 */
export type ControlsErrorCode = 'check-invalid' | 'case-invalid';

export class ControlsError extends Error {
  override readonly name = 'ControlsError';
  readonly code: ControlsErrorCode;

  constructor(code: ControlsErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
