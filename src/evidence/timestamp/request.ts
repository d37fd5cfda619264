import { createHash, randomBytes } from 'node:crypto';
import type { Dispatcher } from 'undici';
import { EvidenceError } from '../error.ts';
import { openDispatcher } from '../../network/proxy.ts';
import { unanswered, wordsOf } from '../unanswered.ts';
import { encodeDer, encodeUnsigned, TAG } from './der.ts';
import { MOST_TOKEN_BYTES, openToken, parseAuthorities, type TokenInfo } from './token.ts';

/** Where to ask, and whom to believe. */
export interface TimestampAuthority {
  readonly name: string;
  readonly url: string;
  /** Certificates in PEM; see parseAuthorities. */
  readonly ca: string;
  /** Seconds that an answer may take, all of it. */
  readonly timeout: number;
}

const NONCE_BYTES = 8;
const QUERY = 'application/timestamp-query';
const REPLY = 'application/timestamp-reply';

/**
 * Asks an RFC 3161 authority to timestamp the data (RFC 3161, 3.4: over HTTP) and verifies what it answers, twice. Rejects with `io` when it can't be
 * reached or doesn't answer in time, `corrupt` when the answer isn't a token to be believed, `invalid` when its certificates aren't.
 * Whether its clock is right is the caller's to judge.
 */
export async function requestToken(
  authority: TimestampAuthority,
  data: Uint8Array,
  signal: AbortSignal,
): Promise<{ readonly response: Uint8Array; readonly info: TokenInfo }> {
  const trusted = parseAuthorities(authority.ca);
  const nonce = randomBytes(NONCE_BYTES);
  const response = await post(authority, timestampQuery(data, nonce), signal);
  const info = await openToken(response, data, trusted, { nonce });
  const { confirmToken } = await import('./confirm.ts');
  await confirmToken(response, data, trusted);
  return { response, info };
}

const VERSION_1 = encodeDer(TAG.integer, Uint8Array.of(1));
const TRUE = encodeDer(TAG.boolean, Uint8Array.of(0xff));
/** AlgorithmIdentifier of SHA-256, with the NULL that some authorities insist on. */
const SHA256 = Buffer.from('300d06096086480165030402010500', 'hex');

/** TimeStampReq: SHA-256 of the data, the nonce (big-endian), and the wish for the signer's certificate. */
export function timestampQuery(data: Uint8Array, nonce: Uint8Array): Uint8Array {
  const digest = createHash('sha256').update(data).digest();
  const imprint = encodeDer(TAG.sequence, SHA256, encodeDer(TAG.octetString, digest));
  return encodeDer(TAG.sequence, VERSION_1, imprint, encodeUnsigned(nonce), TRUE);
}

async function post(
  { url, timeout }: TimestampAuthority,
  query: Uint8Array,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { request } = await import('../../network/undici.ts');
  const milliseconds = timeout * 1000;
  const late = AbortSignal.timeout(milliseconds);
  const dispatcher = await openDispatcher({ connect: milliseconds });
  try {
    const response = await request(url, {
      dispatcher,
      method: 'POST',
      headers: { 'content-type': QUERY, accept: REPLY, 'user-agent': 'annexa' },
      body: query,
      signal: AbortSignal.any([signal, late]),
    });
    assertReply(response);
    return await readAll(response.body);
  } catch (cause) {
    if (cause instanceof EvidenceError) throw cause;
    if (late.aborted) throw new EvidenceError('io', `no answer within ${timeout} s`, { cause });
    throw new EvidenceError('io', `can't be reached: ${wordsOf(cause)}`, { cause });
  } finally {
    await dispatcher.destroy();
  }
}

/** Redirects are not followed: 200, or 201 as some answer. */
function assertReply({ statusCode, headers }: Dispatcher.ResponseData): void {
  if (statusCode !== 200 && statusCode !== 201) throw unanswered(statusCode);
  const [type = ''] = [headers['content-type']].flat();
  if (type.split(';')[0]?.trim().toLowerCase() !== REPLY) {
    throw new EvidenceError(
      'corrupt',
      `answers with ${JSON.stringify(type.slice(0, 100))}: expected ${REPLY}`,
    );
  }
}

async function readAll(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of body) {
    pieces.push(piece);
    length += piece.length;
    if (length > MOST_TOKEN_BYTES) {
      throw new EvidenceError('corrupt', `answers with more than ${MOST_TOKEN_BYTES} bytes`);
    }
  }
  return Buffer.concat(pieces);
}
