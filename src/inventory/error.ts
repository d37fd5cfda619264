/**
 * - `record-invalid`: a record doesn't have its kind's schema; the message names the record and the field
 * - `query-invalid`: a check doesn't compile; the message names the check, the place and what was expected
 * - `query-deadline`, `query-memory`: the query was stopped
 * - `query-failed`: SQLite refused while running
 */
export type InventoryErrorCode =
  | 'record-invalid'
  | 'query-invalid'
  | 'query-deadline'
  | 'query-memory'
  | 'query-failed';

export class InventoryError extends Error {
  override readonly name = 'InventoryError';
  readonly code: InventoryErrorCode;

  constructor(code: InventoryErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
