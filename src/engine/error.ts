/**
 * - `state`: the state file can't be used
 * - `stopping`: the agent is stopping and takes no more work
 * - `configuration`: a reload was refused
 * - `cursor`: a page's cursor is not one that this view gave
 * - `clock`: a timestamp's time is too far from ours, or behind an earlier one
 * - `store`: nothing can be stored at the moment
 * - `invalid`: what was sent is not as expected; `field` names the field
 * - `conflict`: what stands already doesn't allow it
 */
export type EngineErrorCode =
  | 'state'
  | 'stopping'
  | 'configuration'
  | 'cursor'
  | 'clock'
  | 'store'
  | 'invalid'
  | 'conflict';

export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly code: EngineErrorCode;
  readonly field: string | undefined;

  constructor(
    code: EngineErrorCode,
    message: string,
    { field, ...options }: ErrorOptions & { readonly field?: string } = {},
  ) {
    super(message, options);
    this.code = code;
    this.field = field;
  }
}
