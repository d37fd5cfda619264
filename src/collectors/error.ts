import { type NetworkTrouble, networkTrouble } from '../network/trouble.ts';

/**
 * Why a collection failed. The engine's table maps each code to retry, back-off or stall:
 * - `denied`: credentials or permissions are missing or expired
 * - `throttled`: the source asked to slow down, and the SDK's own retries were used up
 * - `unavailable`: the source did not answer, or answered with a fault of its own
 * - `timeout`: the deadline passed
 * - `malformed`: an answer or a row was not what its schema says; the message names the record
 * - `incomplete`: a page was missing, or the total that the source states differs from what came
 * - `as-of`: the source's own time is missing, unreadable or in the future
 * - `configuration`: what was configured can't be used (a column that is not there, a file that is not there)
 * - `implausible`: fewer records than `minRecords`, or shrunk by more than `maxShrink`
 * - `stopped`: the agent was stopped before the collection had ended
 * - `internal`: a defect of the collector itself
 */
export type CollectorErrorCode =
  | 'denied'
  | 'throttled'
  | 'unavailable'
  | 'timeout'
  | 'malformed'
  | 'incomplete'
  | 'as-of'
  | 'configuration'
  | 'implausible'
  | 'stopped'
  | 'internal';

/** Every code, for metrics that start at zero. */
export const collectorErrorCodes: readonly CollectorErrorCode[] = [
  'denied',
  'throttled',
  'unavailable',
  'timeout',
  'malformed',
  'incomplete',
  'as-of',
  'configuration',
  'implausible',
  'stopped',
  'internal',
];

interface Options extends ErrorOptions {
  /** Where the cause may not be passed on; else it tells. */
  readonly network?: NetworkTrouble['kind'] | undefined;
}

export class CollectorError extends Error {
  override readonly name = 'CollectorError';
  readonly code: CollectorErrorCode;
  /** What lay between us and the source, where that is why. */
  readonly network: NetworkTrouble['kind'] | undefined;

  constructor(code: CollectorErrorCode, message: string, options?: Options) {
    super(message, options);
    this.code = code;
    this.network = options?.network ?? networkTrouble(options?.cause)?.kind;
  }
}
