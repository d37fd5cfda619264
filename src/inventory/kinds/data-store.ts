import { z } from 'zod';
import { identifier, instant, text } from '../define-kind.ts';
import { tableKind, tags } from '../table-kind.ts';

const table = tableKind(
  'data_store',
  {
    /** The vendor's own name of it that is like no other, such as an ARN: what other records refer to it by. */
    resource: identifier,
    name: text,
    type: z.enum(['bucket', 'volume', 'database', 'database_cluster', 'table', 'file_system']),
    /** Empty where it lies in no one region. */
    region: text,
    /** Null, here and below: the source can't say, or was not asked. */
    encrypted: z.boolean().nullable(),
    /** The `resource` of the key; empty: none, or one that the vendor keeps to itself. */
    encryption_key: text,
    /** Whether a key encrypts it that the organisation manages. */
    customer_key: z.boolean().nullable(),
    /** Whether everybody may read or reach it. */
    public: z.boolean().nullable(),
    /** Whether a setting keeps it from ever being made public, its own or one above it. */
    public_access_blocked: z.boolean().nullable(),
    /** Whether it refuses what comes unencrypted. */
    transport_encrypted: z.boolean().nullable(),
    /** Whether it keeps what was overwritten or deleted. */
    versioned: z.boolean().nullable(),
    /** Whether what is written can't be altered or deleted for a time (write once, read many). */
    immutable: z.boolean().nullable(),
    /** Whether its own log of accesses is kept. */
    access_logged: z.boolean().nullable(),
    deletion_protected: z.boolean().nullable(),
    /** Whether it lives on when one zone fails. */
    multi_zone: z.boolean().nullable(),
    created_at: instant.nullable(),
    tags,
  },
  { indexes: ['resource', 'name'] },
);

/** Something that keeps data: a bucket, a volume, a database, a table, a file system. */
export type DataStoreRecord = z.infer<typeof table.schema>;

export const dataStore = table.kind;
