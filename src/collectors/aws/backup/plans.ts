import {
  GetBackupPlanCommand,
  ListBackupPlansCommand,
  ListBackupSelectionsCommand,
  type BackupPlansListMember,
  type BackupVaultListMember,
  type ListBackupPlansOutput,
  type ListBackupSelectionsOutput,
} from '@aws-sdk/client-backup';
import { z } from 'zod';
import type { InventoryRecord } from '../../../inventory/kind.ts';
import type { BackupPlanRecord } from '../../../inventory/kinds/backup-plan.ts';
import type { BackupVaultRecord } from '../../../inventory/kinds/backup-vault.ts';
import { ahead } from '../../ahead.ts';
import { common, type Work } from '../dataset.ts';
import { pages } from '../../pages.ts';
import { listed, moment, read } from '../../read.ts';
import { backupOf, PAGE, unlessGone, vaultsOf } from './client.ts';

const GET = 'backup:GetBackupPlan';
const VAULTS = 'backup:ListBackupVaults';

const days = z.int().positive();

const planEntry = z.object({
  BackupPlanId: z.string().min(1),
  BackupPlanArn: z.string().min(1),
  CreationDate: moment,
  LastExecutionDate: moment.nullish(),
});
type PlanEntry = z.output<typeof planEntry>;

const rule = z.object({
  RuleName: z.string().min(1),
  TargetBackupVaultName: z.string().min(1),
  TargetLogicallyAirGappedBackupVaultArn: z.string().nullish(),
  ScheduleExpression: z.string().nullish(),
  Lifecycle: z
    .object({
      /** -1: kept without end. */
      DeleteAfterDays: z.union([days, z.literal(-1)]).nullish(),
      DeleteAfterEvent: z.string().nullish(),
    })
    .nullish(),
  CopyActions: z.array(z.object({ DestinationBackupVaultArn: z.string().min(1) })).nullish(),
  EnableContinuousBackup: z.boolean().nullish(),
});
type Rule = z.output<typeof rule>;

const plan = z.object({ BackupPlanName: z.string(), Rules: z.array(rule) });

const vault = z.object({
  BackupVaultName: z.string().min(1),
  BackupVaultArn: z.string().min(1),
  VaultType: z.string().nullish(),
  NumberOfRecoveryPoints: z.int().nonnegative(),
  Locked: z.boolean().nullish(),
  LockDate: moment.nullish(),
  MinRetentionDays: days.nullish(),
  MaxRetentionDays: days.nullish(),
  EncryptionKeyArn: z.string().nullish(),
});

/** Plans with their rules, and the vaults that they store into. */
export async function* collectPlans(work: Work): AsyncGenerator<InventoryRecord, void, undefined> {
  for await (const entry of vaultsOf(work.session)) yield vaultRecord(work, entry);
  for await (const record of ahead(planEntries(work), 8, (entry) => planRecord(work, entry)))
    if (record !== undefined) yield record;
}

async function* planEntries({ session }: Work): AsyncGenerator<BackupPlansListMember, void, undefined> {
  const operation = 'backup:ListBackupPlans';
  const fetch = (NextToken: string | undefined) =>
    session.call(operation, (options) =>
      backupOf(session).send(new ListBackupPlansCommand({ MaxResults: PAGE, NextToken }), options),
    );
  for await (const page of pages<ListBackupPlansOutput>(operation, fetch, (page) => page.NextToken))
    yield* listed(operation, 'BackupPlansList', page.BackupPlansList);
}

/** Undefined: deleted since it was listed. */
async function planRecord(work: Work, listedEntry: BackupPlansListMember) {
  const what = listedEntry.BackupPlanArn ?? 'a plan';
  const entry = read('backup:ListBackupPlans', what, planEntry, listedEntry);
  const { session } = work;
  const answer = await session.call(GET, (options) =>
    unlessGone(() =>
      backupOf(session).send(new GetBackupPlanCommand({ BackupPlanId: entry.BackupPlanId }), options),
    ),
  );
  if (answer === undefined) return undefined;
  const { BackupPlanName, Rules } = read(GET, what, plan, answer.BackupPlan);
  const selections = await countSelections(work, entry);
  if (selections === undefined) return undefined;
  return {
    ...common(work, 'backup_plan', `plan/${entry.BackupPlanId}`),
    resource: entry.BackupPlanArn,
    name: BackupPlanName,
    region: work.region,
    created_at: entry.CreationDate,
    last_run_at: entry.LastExecutionDate ?? null,
    selections,
    rules: Rules.map((one) => ruleOf(work, one)),
  } satisfies BackupPlanRecord;
}

async function countSelections({ session }: Work, { BackupPlanId }: PlanEntry): Promise<number | undefined> {
  const operation = 'backup:ListBackupSelections';
  const fetch = (NextToken: string | undefined) =>
    session.call(operation, (options) =>
      unlessGone(() =>
        backupOf(session).send(
          new ListBackupSelectionsCommand({ BackupPlanId, MaxResults: PAGE, NextToken }),
          options,
        ),
      ),
    );
  let count = 0;
  for await (const page of pages<ListBackupSelectionsOutput | undefined>(
    operation,
    fetch,
    (page) => page?.NextToken,
  )) {
    if (page === undefined) return undefined;
    count += listed(operation, 'BackupSelectionsList', page.BackupSelectionsList).length;
  }
  return count;
}

function ruleOf({ scope }: Work, one: Rule): BackupPlanRecord['rules'][number] {
  const airGapped = one.TargetLogicallyAirGappedBackupVaultArn;
  const copies = (one.CopyActions ?? []).map((copy) => copy.DestinationBackupVaultArn);
  return {
    name: one.RuleName,
    vault: one.TargetBackupVaultName,
    schedule: one.ScheduleExpression ?? '',
    retention_days: retentionOf(one.Lifecycle),
    copies: copies.length + (airGapped ? 1 : 0),
    copies_elsewhere: copies.filter((arn) => placeOf(arn) !== scope).length,
    continuous: one.EnableContinuousBackup ?? false,
  };
}

/** What goes as soon as it has been copied counts as kept for a day, the least that can be said. */
function retentionOf(lifecycle: Rule['Lifecycle']): number {
  const kept = lifecycle?.DeleteAfterDays ?? -1;
  if (kept > 0) return kept;
  return lifecycle?.DeleteAfterEvent ? 1 : 0;
}

/** `arn:aws:backup:<region>:<account>:...` lies in the scope `<account>:<region>`. */
function placeOf(arn: string): string {
  const [, , , region, account] = arn.split(':');
  return `${account}:${region}`;
}

function vaultRecord(work: Work, entry: BackupVaultListMember): BackupVaultRecord {
  const told = read(VAULTS, entry.BackupVaultArn ?? 'a vault', vault, entry);
  const locked = told.Locked ?? false;
  // The lock of a logically air-gapped vault can never be taken away.
  const final =
    told.VaultType === 'LOGICALLY_AIR_GAPPED_BACKUP_VAULT' ||
    (told.LockDate ?? Infinity) <= work.context.now();
  return {
    ...common(work, 'backup_vault', `vault/${told.BackupVaultName}`),
    resource: told.BackupVaultArn,
    name: told.BackupVaultName,
    region: work.region,
    locked,
    lock_final: locked && final,
    min_retention_days: told.MinRetentionDays ?? null,
    max_retention_days: told.MaxRetentionDays ?? null,
    recovery_points: told.NumberOfRecoveryPoints,
    encryption_key: told.EncryptionKeyArn ?? '',
  };
}
