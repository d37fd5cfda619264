import { z } from 'zod';
import { EvidenceError } from './error.ts';
import { jcs, parseJcs } from './jcs.ts';

/**
 * What comes after `from` leaves: whoever creates it at that size has won. Nothing in it is its own: all follows from the log, so
 * that `verify` finds a change. Signatures being random, no two writers ask for the same leaves.
 */
export interface Intent {
  readonly from: number;
  readonly size: number;
  /** The root at `from`, hex. */
  readonly previousRoot: string;
  /** The exact entries [from, size). */
  readonly leaves: readonly Uint8Array[];
}

const schema = z.strictObject({
  from: z.int().nonnegative(),
  size: z.int().positive(),
  previousRoot: z.string().regex(/^[0-9a-f]{64}$/),
  leaves: z.array(z.base64().min(1)).min(1),
});

export function intentKey(from: number): string {
  return `log/intents/${from}`;
}

export function encodeIntent(intent: Intent): Uint8Array {
  const leaves = intent.leaves.map((leaf) => Buffer.from(leaf).toString('base64'));
  return Buffer.from(jcs({ ...intent, leaves }, 'intent'));
}

/** Throws `corrupt`, beginning with its key, for anything that encodeIntent could not have written for `from`. */
export function parseIntent(bytes: Uint8Array, from: number): Intent {
  const where = intentKey(from);
  const parsed = schema.safeParse(parseJcs(bytes, where));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new EvidenceError('corrupt', `${where}: ${issue?.path.join('.')}: ${issue?.message}`);
  }
  const leaves = parsed.data.leaves.map((leaf) => Buffer.from(leaf, 'base64'));
  const intent = { ...parsed.data, leaves };
  if (
    intent.from !== from ||
    intent.size !== from + leaves.length ||
    Buffer.compare(encodeIntent(intent), bytes) !== 0
  ) {
    throw new EvidenceError('corrupt', `${where}: its sizes or leaves don't fit together`);
  }
  return intent;
}

/** The numbers that the names of objects below a folder are; other names (`<size>.sigs`) are left out. */
export function numbersOf(keys: readonly string[], folder: string): number[] {
  return keys
    .map((key) => key.slice(folder.length))
    .filter((name) => /^(0|[1-9]\d{0,15})$/.test(name))
    .map(Number);
}
