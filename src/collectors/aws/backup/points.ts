import {
  ListRecoveryPointsByBackupVaultCommand,
  type ListRecoveryPointsByBackupVaultOutput,
  type RecoveryPointByBackupVault,
} from '@aws-sdk/client-backup';
import { z } from 'zod';
import type { InventoryRecord } from '../../../inventory/kind.ts';
import type { RecoveryPointRecord } from '../../../inventory/kinds/recovery-point.ts';
import { common, type Work } from '../dataset.ts';
import { pages } from '../../pages.ts';
import { listed, moment, read } from '../../read.ts';
import { backupOf, PAGE, unlessGone, vaultsOf } from './client.ts';

const OPERATION = 'backup:ListRecoveryPointsByBackupVault';

const DAY = 86_400;

const STATUS: Readonly<Record<string, RecoveryPointRecord['status']>> = {
  COMPLETED: 'completed',
  AVAILABLE: 'completed',
  PARTIAL: 'partial',
  CREATING: 'creating',
  EXPIRED: 'expired',
  DELETING: 'deleting',
};

const vaultEntry = z.object({ BackupVaultName: z.string().min(1), BackupVaultArn: z.string().min(1) });
type Vault = z.output<typeof vaultEntry>;

const point = z.object({
  RecoveryPointArn: z.string().min(1),
  ResourceArn: z.string().min(1),
  Status: z.string().min(1),
  CreationDate: moment,
  InitiationDate: moment.nullish(),
  Lifecycle: z.object({ DeleteAfterDays: z.int().nullish() }).nullish(),
  CalculatedLifecycle: z.object({ DeleteAt: moment.nullish() }).nullish(),
  IsEncrypted: z.boolean().nullish(),
  EncryptionKeyArn: z.string().nullish(),
});

/** Every recovery point of every vault, whether or not it can be restored from. */
export async function* collectPoints(work: Work): AsyncGenerator<InventoryRecord, void, undefined> {
  let vaults = 0;
  for await (const entry of vaultsOf(work.session)) {
    vaults += 1;
    const told = read('backup:ListBackupVaults', entry.BackupVaultArn ?? 'a vault', vaultEntry, entry);
    yield* pointsOf(work, told);
  }
  work.provenance.note('vaults', vaults);
}

/** None of a vault that was deleted since it was listed: only an empty one can be. */
async function* pointsOf(work: Work, vault: Vault): AsyncGenerator<InventoryRecord, void, undefined> {
  const { session } = work;
  const { BackupVaultName } = vault;
  const fetch = (NextToken: string | undefined) =>
    session.call(OPERATION, (options) =>
      unlessGone(() =>
        backupOf(session).send(
          new ListRecoveryPointsByBackupVaultCommand({ BackupVaultName, MaxResults: PAGE, NextToken }),
          options,
        ),
      ),
    );
  for await (const page of pages<ListRecoveryPointsByBackupVaultOutput | undefined>(
    OPERATION,
    fetch,
    (page) => page?.NextToken,
  )) {
    if (page === undefined) return;
    for (const entry of listed(OPERATION, 'RecoveryPoints', page.RecoveryPoints))
      yield pointRecord(work, vault, entry);
  }
}

function pointRecord(work: Work, vault: Vault, entry: RecoveryPointByBackupVault): RecoveryPointRecord {
  const told = read(OPERATION, entry.RecoveryPointArn ?? 'a recovery point', point, entry);
  const expires = told.CalculatedLifecycle?.DeleteAt ?? null;
  const status = STATUS[told.Status] ?? 'other';
  return {
    // Snapshots are listed by their own services, too: the vault keeps the ids apart.
    ...common(work, 'recovery_point', `${vault.BackupVaultName}/${tailOf(told.RecoveryPointArn)}`),
    resource: told.ResourceArn,
    point: told.RecoveryPointArn,
    region: work.region,
    type: typeOf(told, work.context.now()),
    vault: vault.BackupVaultArn,
    status,
    usable: status === 'completed' && (expires === null || expires > work.context.now()),
    // A copy is dated by what it is a copy of.
    taken_at: Math.min(told.CreationDate, told.InitiationDate ?? told.CreationDate),
    expires_at: expires,
    encrypted: told.IsEncrypted ?? null,
    encryption_key: told.EncryptionKeyArn ?? '',
    public: null,
    shares: [],
    shares_told: false,
  };
}

/** An ARN without its partition, region and account, but with its service: `rds:snapshot:awsbackup:job-...`. */
function tailOf(arn: string): string {
  const [, , service, , , ...rest] = arn.split(':');
  return [service, ...rest].join(':');
}

/**
 * The listing doesn't say what is continuous, but its name does, or that it was stopped, or that it is older than it may become: what rolls on
 * is not deleted when its days are over.
 */
function typeOf(told: z.output<typeof point>, now: number): RecoveryPointRecord['type'] {
  const tail = tailOf(told.RecoveryPointArn);
  const kept = told.Lifecycle?.DeleteAfterDays ?? -1;
  const outlived = told.Status !== 'EXPIRED' && kept > 0 && told.CreationDate + (kept + 2) * DAY < now;
  if (outlived || told.Status === 'STOPPED' || /^rds:(cluster-)?auto-backup:|continuous/.test(tail))
    return 'continuous';
  return tail.startsWith('backup:') ? 'backup' : 'snapshot';
}
