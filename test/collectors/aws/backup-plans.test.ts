import { describe, expect, test } from 'vitest';
import {
  backup,
  before,
  collected,
  DAY,
  fields,
  HERE,
  HOUR,
  malformed,
  NOW,
  now,
  refusal,
} from './backup-harness.ts';
import { planOf, vaultOf } from './estate/backup.ts';
import { type Handlers, refuse } from './stub.ts';

describe('backup-plans', () => {
  test('tells plans with their rules and how many selections they are applied to', async () => {
    const { records, calls } = await collected('backup-plans', {
      plans: [
        planOf(HERE, now, 'p1', {
          selections: ['a', 'b', 'c'],
          document: {
            BackupPlanName: 'nightly',
            Rules: [
              {
                RuleName: 'rolling',
                TargetBackupVaultName: 'main',
                EnableContinuousBackup: true,
                Lifecycle: { DeleteAfterDays: -1 },
                CopyActions: [
                  { DestinationBackupVaultArn: backup('backup-vault:near') },
                  { DestinationBackupVaultArn: 'arn:aws:backup:eu-central-1:123456789012:backup-vault:far' },
                  { DestinationBackupVaultArn: 'arn:aws:backup:eu-west-1:999999999999:backup-vault:off' },
                ],
              },
              {
                RuleName: 'sealed',
                TargetBackupVaultName: 'main',
                TargetLogicallyAirGappedBackupVaultArn: backup('backup-vault:sealed'),
                Lifecycle: { DeleteAfterEvent: 'DELETE_AFTER_COPY' },
              },
            ],
          },
        }),
        planOf(HERE, now, 'p2', { LastExecutionDate: undefined, selections: [] }),
        planOf(HERE, now, 'p3'),
      ],
    });
    expect([...records.keys()]).toEqual(['plan/p1', 'plan/p2', 'plan/p3']);
    expect(records.get('plan/p1')).toMatchObject({
      resource: backup('backup-plan:p1'),
      name: 'nightly',
      selections: 3,
      created_at: NOW - 400 * DAY,
      last_run_at: NOW - 30 * HOUR,
      rules: [
        { name: 'rolling', retention_days: 0, copies: 3, copies_elsewhere: 2, continuous: true },
        { name: 'sealed', retention_days: 1, copies: 1, copies_elsewhere: 0, continuous: false },
      ],
    });
    expect(records.get('plan/p2')).toMatchObject({ last_run_at: null, selections: 0 });
    expect(records.get('plan/p3')).toMatchObject({
      rules: [{ retention_days: 35, schedule: 'cron(0 5 ? * * *)' }],
    });
    expect(calls.filter((call) => call === 'backup:GetBackupPlan')).toHaveLength(3);
  });

  test('tells vaults with their locks; a lock is final when its day has come, or the vault is air-gapped', async () => {
    const { records } = await collected('backup-plans', {
      vaults: [
        vaultOf(HERE, 'open', { Locked: undefined, MinRetentionDays: undefined }),
        vaultOf(HERE, 'soft', { LockDate: new Date(now + DAY * 1000), MaxRetentionDays: 400 }),
        vaultOf(HERE, 'hard', { LockDate: before(DAY) }),
        vaultOf(HERE, 'gapped', { VaultType: 'LOGICALLY_AIR_GAPPED_BACKUP_VAULT' }),
        vaultOf(HERE, 'gapped-open', { VaultType: 'LOGICALLY_AIR_GAPPED_BACKUP_VAULT', Locked: false }),
      ],
    });
    const locks = [...records.values()].map((record) => {
      const { name, locked, lock_final: final } = fields(record);
      return [name, locked, final];
    });
    expect(locks).toEqual([
      ['open', false, false],
      ['soft', true, false],
      ['hard', true, true],
      ['gapped', true, true],
      ['gapped-open', false, false],
    ]);
    expect(records.get('vault/open')).toMatchObject({ min_retention_days: null, max_retention_days: null });
    expect(records.get('vault/soft')).toMatchObject({ min_retention_days: 14, max_retention_days: 400 });
  });

  test('leaves out a plan that was deleted since it was listed, and nothing that was only refused', async () => {
    const plans = [planOf(HERE, now, 'p1'), planOf(HERE, now, 'p2')];
    const gone = (operation: string, code: string, status?: number): Handlers => ({
      [operation]: () => {
        throw refuse(code, status);
      },
    });
    for (const operation of ['backup:GetBackupPlan', 'backup:ListBackupSelections']) {
      expect(await refusal('backup-plans', { plans }, gone(operation, 'ResourceNotFoundException'))).toEqual(
        [],
      );
      expect(
        await refusal('backup-plans', { plans }, gone(operation, 'AccessDeniedException', 403)),
      ).toMatchObject({
        code: 'denied',
      });
    }
  });

  test('refuses a plan without its document, a rule kept for no days, and a vault that counts nothing', async () => {
    const plans = [planOf(HERE, now, 'p1')];
    expect(await refusal('backup-plans', { plans }, { 'backup:GetBackupPlan': () => ({}) })).toEqual(
      malformed('backup-plan:p1'),
    );
    const [rule] = plans[0]!.document.Rules ?? [];
    const document = { BackupPlanName: 'p', Rules: [{ ...rule!, Lifecycle: { DeleteAfterDays: 0 } }] };
    expect(await refusal('backup-plans', { plans: [planOf(HERE, now, 'p1', { document })] })).toEqual(
      malformed('DeleteAfterDays'),
    );
    const vaults = [vaultOf(HERE, 'v', { NumberOfRecoveryPoints: undefined })];
    expect(await refusal('backup-plans', { vaults })).toEqual(malformed('NumberOfRecoveryPoints'));
  });
});
