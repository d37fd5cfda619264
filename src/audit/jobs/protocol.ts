import { z } from 'zod';
import type { S3Place } from '../../evidence/s3/client.ts';
import type { Question } from '../contract.ts';
import type { Manifest } from '../layout.ts';

/** Where the store is. */
export type StorePlace = { readonly directory: string } | { readonly s3: S3Place };

/** What the process that makes a bundle is told. */
export interface Task {
  readonly place: StorePlace;
  readonly question: Question;
  /** Of the log. */
  readonly origin: string;
  readonly agent: Manifest['agent'];
  /** DER of the public key that signs checkpoints. The private one stays with who asks. */
  readonly spki: Uint8Array;
  /** Where the ZIP goes. */
  readonly file: string;
}

export type Request =
  | { readonly type: 'make'; readonly task: Task }
  | { readonly type: 'signed'; readonly signature: Uint8Array };

const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array);
const count = z.int().min(0);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const made = z.strictObject({ bytes: count, sha256, manifest: sha256, entries: count, bodies: count });

const progress = z.strictObject({
  stage: z.enum(['entries', 'proofs', 'bodies', 'derived', 'writing']),
  done: count,
  total: count,
});

/** Any number of progresses, one question for a signature, then `done` or `failed`. */
export const reply = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('progress'), progress }),
  z.strictObject({ type: z.literal('sign'), message: bytes }),
  z.strictObject({ type: z.literal('done'), made }),
  z.strictObject({ type: z.literal('failed'), why: z.string() }),
]);

export type Reply = z.output<typeof reply>;
