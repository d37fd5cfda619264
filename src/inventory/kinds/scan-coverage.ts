import { z } from 'zod';
import { identifier, instant, text } from '../define-kind.ts';
import { tableKind } from '../table-kind.ts';

const table = tableKind(
  'scan_coverage',
  {
    resource: identifier,
    name: text,
    resource_type: text,
    /** Empty where it lies in no one region. */
    region: text,
    /** `dependency`: held against what becomes known, rather than scanned from time to time. */
    scan_type: z.enum(['package', 'network', 'code', 'dependency', 'other']),
    active: z.boolean(),
    /** Whether it isn't scanned since it doesn't run now. */
    stopped: z.boolean(),
    /** The source's own word for why it is not; empty: it is. */
    cause: text,
    last_scanned_at: instant.nullable(),
  },
  { indexes: ['resource'] },
);

/** Whether a resource is scanned for weaknesses. */
export type ScanCoverageRecord = z.infer<typeof table.schema>;

export const scanCoverage = table.kind;
