import { z } from 'zod';
import { identifier, instant, text } from '../define-kind.ts';
import { tableKind } from '../table-kind.ts';

const table = tableKind(
  'backup_plan',
  {
    /** The vendor's own name of it that is like no other, such as an ARN: what other records refer to it by. */
    resource: identifier,
    name: text,
    /** Empty where it lies in no one region. */
    region: text,
    created_at: instant,
    /** When it last ran; null: never, or not told. */
    last_run_at: instant.nullable(),
    /** How many sets of resources it is applied to. */
    selections: z.int().nonnegative(),
    rules: z.array(
      z.strictObject({
        name: identifier,
        /** The name of the vault that it stores into. */
        vault: z.string(),
        /** The source's own words; empty: none. */
        schedule: z.string(),
        /** 0: kept without end. */
        retention_days: z.int().nonnegative(),
        /** How many copies go to other vaults. */
        copies: z.int().nonnegative(),
        /** How many of those leave the account or the region. */
        copies_elsewhere: z.int().nonnegative(),
        continuous: z.boolean(),
      }),
    ),
  },
  { indexes: ['resource'] },
);

/** A plan by which backups are made. */
export type BackupPlanRecord = z.infer<typeof table.schema>;

export const backupPlan = table.kind;
