import { z } from 'zod';
import { text } from '../define-kind.ts';
import { tableKind } from '../table-kind.ts';

const table = tableKind('storage_default', {
  type: z.enum(['bucket', 'volume']),
  /** Empty where it lies in no one region. */
  region: text,
  /** Whether new storage is encrypted without being asked for. */
  encrypted: z.boolean().nullable(),
  /** Whether a setting above all storage keeps it from being made public. */
  public_access_blocked: z.boolean().nullable(),
  /** The `resource` of the key; empty: the vendor's own. */
  encryption_key: text,
});

/** What an account or region does with new storage unless told otherwise. */
export type StorageDefaultRecord = z.infer<typeof table.schema>;

export const storageDefault = table.kind;
