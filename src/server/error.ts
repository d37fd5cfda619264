/**
 * - `not-loopback`: the address is reachable from elsewhere, and nothing says who may ask
 * - `port-taken`: another process listens there; the message names the address and what to set
 * - `listen`: the address isn't one, or the system refused it
 * - `tls`: certificate and key can't be read, or don't belong together
 * - `unavailable`: who could tell who a caller is, or what they may do, isn't reached
 * - `json`: the content of a request isn't JSON
 * - `busy`: so much is under way that no more is begun
 * - `media-type`: the route takes no content, or not of this type
 */
export type ServerErrorCode =
  | 'not-loopback'
  | 'port-taken'
  | 'listen'
  | 'tls'
  | 'unavailable'
  | 'json'
  | 'busy'
  | 'media-type';

export class ServerError extends Error {
  override readonly name = 'ServerError';
  readonly code: ServerErrorCode;

  constructor(code: ServerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
