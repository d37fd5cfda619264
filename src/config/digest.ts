import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { ConfigDocument } from './contract.ts';

/** SHA-256, hex, of the value's JCS (RFC 8785). */
export function jcsDigest(value: unknown): string {
  return createHash('sha256')
    .update(canonicalize(value) ?? '')
    .digest('hex');
}

/** The digest of a configuration: of its documents by id, without the files they are in and their approvals. Changes exactly when the meaning may have. */
export function configDigest(documents: readonly ConfigDocument[]): string {
  return jcsDigest(documents.map(({ id, kind, name, manifest }) => ({ id, kind, name, manifest })));
}

/** Freezes the value with everything plain that is in it. */
export function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (Array.isArray(value) || prototype === Object.prototype || prototype === null) {
      Object.freeze(value);
      Object.values(value).forEach(freeze);
    }
  }
  return value;
}
