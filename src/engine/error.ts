/**
 * - `state`: the state file can't be used
 * - `stopping`: the agent is stopping and takes no more work
 * - `configuration`: a reload was refused
 * - `cursor`: a page's cursor is not one that this view gave
 * - `clock`: a timestamp's time is too far from ours, or behind an earlier one
 */
export type EngineErrorCode = 'state' | 'stopping' | 'configuration' | 'cursor' | 'clock';

export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly code: EngineErrorCode;

  constructor(code: EngineErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
