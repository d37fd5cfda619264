import { createHash } from 'node:crypto';
import type { CheckQuery, CompiledQuery } from '../query-contract.ts';
import { typed } from '../typed.ts';
import { keyOf } from './key.ts';
import type { KindTables } from './protocol.ts';

/** Compiled queries by the digest of all that compiling depends on. */
export type CompiledByDigest = Readonly<Record<string, CompiledQuery>>;

/** JSON: `npm run build` writes in what it compiled of the product's own checks; from source there is nothing. */
declare const ANNEXA_COMPILED: string | undefined;

export const shipped: CompiledByDigest =
  typeof ANNEXA_COMPILED === 'undefined' ? {} : typed<CompiledByDigest>(JSON.parse(ANNEXA_COMPILED));

/**
 * Names what compiling a query depends on beside this very code: its text, how its parameters are bound, every kind's tables, and the SQLite
 * that prepares and plans it. A query of which one byte differs has another digest, and is compiled.
 */
export function compileDigest(kinds: readonly KindTables[]): (query: CheckQuery) => string {
  const ground = sha256(JSON.stringify([process.versions.sqlite, kinds]));
  return (query) => sha256(`${ground}\n${keyOf(query)}`);
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
