import { S3Client } from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { proxied } from '../../network/proxy.ts';
import { EvidenceError } from '../error.ts';
import { safeKey } from '../store.ts';

/** A bucket of an S3-compatible server, and what is put before every key in it. */
export interface S3Place {
  readonly bucket: string;
  /** Empty, or folders that end with a slash. */
  readonly prefix: string;
  /** Absent: as the SDK finds it (AWS_REGION, the profile). */
  readonly region?: string | undefined;
  /** Absent: AWS, or what AWS_ENDPOINT_URL_S3 says. */
  readonly endpoint?: string | undefined;
  readonly forcePathStyle: boolean;
}

/** Object Lock on what never changes. */
export interface Retention {
  readonly mode: 'COMPLIANCE' | 'GOVERNANCE';
  readonly days: number;
}

/** How long is waited, milliseconds, and how often a request is sent at most. */
export interface Patience {
  readonly connect: number;
  readonly request: number;
  readonly attempts: number;
}

const PATIENCE: Patience = { connect: 5000, request: 60_000, attempts: 5 };

/** A place, and the client that reaches it. Credentials come from the SDK's default chain. */
export interface Access extends S3Place {
  readonly client: S3Client;
  readonly attempts: number;
}

export function connect(place: S3Place, patience: Patience = PATIENCE): Access {
  const { region, endpoint, forcePathStyle } = place;
  const client = new S3Client({
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    forcePathStyle,
    // The adaptive mode would hold a client that sends little to a request in two seconds after one 503.
    retryMode: 'standard',
    maxAttempts: patience.attempts,
    requestHandler: new NodeHttpHandler({
      connectionTimeout: patience.connect,
      requestTimeout: patience.request,
      throwOnRequestTimeout: true,
      httpAgent: proxied(),
      httpsAgent: proxied(),
      socketTimeout: patience.request,
    }),
  });
  return { ...place, client, attempts: patience.attempts };
}

/** What every request about an object says. Throws `io` for what is no key. */
export function objectAt({ bucket, prefix }: S3Place, key: string): { Bucket: string; Key: string } {
  return { Bucket: bucket, Key: `${prefix}${safeKey(key)}` };
}

export function statusOf(error: unknown): number | undefined {
  const metadata = error instanceof Error && '$metadata' in error ? error.$metadata : undefined;
  if (typeof metadata !== 'object' || metadata === null || !('httpStatusCode' in metadata)) return undefined;
  return typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : undefined;
}

/** No such object: of a bucket that isn't there, or isn't ours, nothing is known. */
export function isAbsent(error: unknown): boolean {
  return statusOf(error) === 404 && nameOf(error) !== 'NoSuchBucket';
}

/** 412: a condition did not hold. 409: somebody else is about to write the same object. */
export function isConflict(error: unknown): boolean {
  const status = statusOf(error);
  return status === 412 || (status === 409 && nameOf(error) !== 'NoSuchBucket');
}

/** An `io` error that names bucket and key, and what to look at. */
export function failure(doing: string, place: S3Place, key: string, cause: unknown): EvidenceError {
  if (cause instanceof EvidenceError) return cause;
  const where = `s3://${place.bucket}/${place.prefix}${key}`;
  return new EvidenceError('io', `can't ${doing} ${where}: ${reason(cause)}`, { cause });
}

/** Runs the work; what fails becomes an `io` error. */
export async function wrap<T>(
  doing: string,
  place: S3Place,
  key: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw failure(doing, place, key, cause);
  }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : '';
}

const explained: Readonly<Record<string, string>> = {
  NoSuchBucket: 'there is no such bucket',
  CredentialsProviderError:
    'no credentials were found (environment, profile, web identity, container or instance)',
  InvalidAccessKeyId: 'the credentials are refused',
  SignatureDoesNotMatch: 'the credentials are refused',
  ExpiredToken: 'the credentials have expired',
  AccessDenied: 'the credentials may not do this',
  PermanentRedirect: 'the bucket is in another region',
};

/** The SDK's own words but for the usual mistakes. Answers to HEAD have no words at all. */
function reason(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const status = statusOf(cause);
  const known = explained[cause.name];
  if (known !== undefined) return `${known} (${cause.name})`;
  if (status === 403) return 'the credentials are refused, or may not do this (403)';
  if (status === 301) return 'the bucket is in another region (301)';
  const words = cause.message === '' || cause.message === 'UnknownError' ? '' : `: ${cause.message}`;
  return cause.name === 'Error'
    ? cause.message
    : `${cause.name}${status === undefined ? '' : ` ${status}`}${words}`;
}
