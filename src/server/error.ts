/**
 * - `not-loopback`: the address is reachable from elsewhere, and there is no authentication yet
 * - `port-taken`: another process listens there; the message names the address and what to set
 * - `listen`: the address isn't one, or the system refused it
 */
export type ServerErrorCode = 'not-loopback' | 'port-taken' | 'listen';

export class ServerError extends Error {
  override readonly name = 'ServerError';
  readonly code: ServerErrorCode;

  constructor(code: ServerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
