import type { Dispatcher } from 'undici';
import { openCosignatures, type WitnessKey } from '../cosignature.ts';
import { EvidenceError } from '../error.ts';
import { openDispatcher } from '../../network/proxy.ts';
import { parseCheckpoint, parseNote } from '../note.ts';
import { unanswered, wordsOf } from '../unanswered.ts';

/** Whom to ask to cosign, and where: https://c2sp.org/tlog-witness. */
export interface Witness {
  /** Prefix of `/add-checkpoint`. */
  readonly url: string;
  readonly key: WitnessKey;
  /** Seconds that all of its answers may take together. */
  readonly timeout: number;
}

export interface Submission {
  /** The signed note. */
  readonly note: string;
  /** What the witness is thought to have cosigned last; 0 when nothing is known. */
  readonly old: number;
  /** RFC 6962 consistency proof from a size up to the note's. */
  readonly prove: (from: number) => Promise<readonly Uint8Array[]>;
}

/**
 * `refused`: the witness has seen what this checkpoint does not follow from: history was changed, or there are two. Anything else that
 * prevents a cosignature is an EvidenceError.
 */
export type Answer =
  | { readonly kind: 'cosigned'; readonly lines: string; readonly time: number }
  | { readonly kind: 'refused'; readonly why: string };

const SIZE_TYPE = 'text/x.tlog.size';
/** Cosignature lines are some hundred bytes each. */
const MOST_ANSWER_BYTES = 1 << 16;
/** Another writer may submit at the same time: so often the witness may name another size. */
const ATTEMPTS = 3;

/**
 * Submits a checkpoint to a witness, and verifies its cosignature. Rejects with `io` when it can't be reached, doesn't answer in time or serves
 * an error, `foreign-key` when it doesn't know the log or its key, `corrupt` when what it answers is not to be believed.
 */
export async function submitCheckpoint(
  witness: Witness,
  { note, old, prove }: Submission,
  signal: AbortSignal,
): Promise<Answer> {
  const { text } = parseNote(Buffer.from(note));
  const { size } = parseCheckpoint(text);
  return connected(witness, signal, async (post) => {
    let from = Math.min(old, size);
    for (let attempt = 1; ; attempt += 1) {
      const proof = from === 0 ? [] : await prove(from);
      const answer = await post(requestBody(from, proof, note));
      if (answer.status === 200) return cosigned(witness.key, text, answer.body);
      if (answer.status === 422)
        return {
          kind: 'refused',
          why: `it can't see that ${size} entries follow from the ${from} that it cosigned`,
        };
      const known = knownSize(answer);
      if (known > size) {
        const why = `it cosigned a checkpoint of ${known} entries, and the newest here has ${size}`;
        return { kind: 'refused', why };
      }
      if (known === from)
        return { kind: 'refused', why: `it cosigned another checkpoint of ${known} entries` };
      if (attempt === ATTEMPTS)
        throw new EvidenceError(
          'io',
          `names another size each time, ${known} at last: who else submits to it?`,
        );
      from = known;
    }
  });
}

/** `old <size>`, proof lines, an empty line, the note. */
function requestBody(old: number, proof: readonly Uint8Array[], note: string): string {
  const lines = proof.map((hash) => `${Buffer.from(hash).toString('base64')}\n`).join('');
  return `old ${old}\n${lines}\n${note}`;
}

interface Reply {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** The size that a conflict names; throws for any other answer. */
function knownSize({ status, type, body }: Reply): number {
  if (status === 404)
    throw new EvidenceError('foreign-key', 'does not know this log: register its origin there');
  if (status === 403)
    throw new EvidenceError('foreign-key', "does not know the log's checkpoint key: register it there");
  if (status !== 409) throw unanswered(status);
  if (type !== SIZE_TYPE || !/^(0|[1-9]\d{0,15})\n$/.test(body))
    throw new EvidenceError(
      'corrupt',
      `answers a conflict without a size (${JSON.stringify(body.slice(0, 50))})`,
    );
  return Number(body);
}

/** Keeps the lines of the witness's key alone. */
function cosigned(key: WitnessKey, text: string, body: string): Answer {
  const kept = body
    .split(/(?<=\n)/)
    .filter((line) => openCosignatures(text, line, [key]).verified.length > 0);
  const [cosignature] = openCosignatures(text, kept.join(''), [key]).verified;
  if (cosignature === undefined)
    throw new EvidenceError('corrupt', `answers without a cosignature of the key ${key.text}`);
  return { kind: 'cosigned', lines: kept.join(''), time: cosignature.time };
}

async function connected<T>(
  { url, timeout }: Witness,
  signal: AbortSignal,
  work: (post: (body: string) => Promise<Reply>) => Promise<T>,
): Promise<T> {
  const { request } = await import('../../network/undici.ts');
  const late = AbortSignal.timeout(timeout * 1000);
  const dispatcher = await openDispatcher({ connect: timeout * 1000 });
  try {
    return await work(async (body) => {
      const response = await request(`${url.replace(/\/+$/, '')}/add-checkpoint`, {
        dispatcher,
        method: 'POST',
        headers: { 'content-type': 'text/plain; charset=utf-8', 'user-agent': 'annexa' },
        body,
        signal: AbortSignal.any([signal, late]),
      });
      return reply(response);
    });
  } catch (cause) {
    if (cause instanceof EvidenceError) throw cause;
    if (late.aborted) throw new EvidenceError('io', `no answer within ${timeout} s`, { cause });
    throw new EvidenceError('io', `can't be reached: ${wordsOf(cause)}`, { cause });
  } finally {
    await dispatcher.destroy();
  }
}

async function reply({ statusCode, headers, body }: Dispatcher.ResponseData): Promise<Reply> {
  const [type = ''] = [headers['content-type']].flat();
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of body as AsyncIterable<Uint8Array>) {
    pieces.push(piece);
    length += piece.length;
    if (length > MOST_ANSWER_BYTES)
      throw new EvidenceError('corrupt', `answers with more than ${MOST_ANSWER_BYTES} bytes`);
  }
  return {
    status: statusCode,
    type: type.split(';')[0]?.trim().toLowerCase() ?? '',
    body: Buffer.concat(pieces).toString(),
  };
}
