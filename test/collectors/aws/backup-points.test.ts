import { describe, expect, test } from 'vitest';
import { backup, before, collected, DAY, fields, HERE, HOUR, NOW, now, refusal } from './backup-harness.ts';
import { arnOf, pointOf, vaultOf } from './estate/backup.ts';
import { type Handlers, refuse } from './stub.ts';

describe('recovery-points', () => {
  const RESOURCE = arnOf(HERE, 'ec2', 'volume/vol-1');
  const vaults = [vaultOf(HERE, 'main'), vaultOf(HERE, 'other'), vaultOf(HERE, 'empty')];
  const one = async (own: Parameters<typeof pointOf>[5]) => {
    const points = [pointOf(HERE, now, 'main', 'p', RESOURCE, own)];
    const { records } = await collected('recovery-points', { vaults, points });
    expect(records.size).toBe(1);
    return fields([...records.values()][0]!);
  };

  test.each([
    ['COMPLETED', 'completed', true],
    ['AVAILABLE', 'completed', true],
    ['PARTIAL', 'partial', false],
    ['CREATING', 'creating', false],
    ['EXPIRED', 'expired', false],
    ['DELETING', 'deleting', false],
    ['STOPPED', 'other', false],
  ] as const)('%s is %s, usable: %s', async (Status, status, usable) => {
    expect(await one({ Status })).toMatchObject({ status, usable });
  });

  test('a state that is not known is of no use', async () => {
    const answer = { ...pointOf(HERE, now, 'main', 'p', RESOURCE), Status: 'SHINY' };
    const handlers: Handlers = {
      'backup:ListRecoveryPointsByBackupVault': () => ({ RecoveryPoints: [answer] }),
    };
    const { records } = await collected('recovery-points', { vaults: vaults.slice(0, 1) }, { handlers });
    expect([...records.values()]).toEqual([expect.objectContaining({ status: 'other', usable: false })]);
  });

  test('every vault is listed to its end, and a point is told under its vault', async () => {
    const points = ['a', 'b', 'c'].map((id) => pointOf(HERE, now, 'main', id, RESOURCE));
    const snapshot = { RecoveryPointArn: 'arn:aws:ec2:eu-west-1::snapshot/snap-1' };
    points.push(pointOf(HERE, now, 'other', 'd', RESOURCE, snapshot));
    const { records, calls, notes } = await collected('recovery-points', { vaults, points });
    expect([...records.keys()]).toEqual([
      'main/backup:recovery-point:a',
      'main/backup:recovery-point:b',
      'main/backup:recovery-point:c',
      'other/ec2:snapshot/snap-1',
    ]);
    expect(records.get('other/ec2:snapshot/snap-1')).toMatchObject({
      resource: RESOURCE,
      point: snapshot.RecoveryPointArn,
      type: 'snapshot',
      vault: backup('backup-vault:other'),
      encrypted: true,
      public: null,
    });
    expect(calls.filter((call) => call === 'backup:ListRecoveryPointsByBackupVault')).toHaveLength(4);
    expect(notes.get('vaults')).toBe(3);
  });

  test('a copy is as old as its original, and what should have been deleted by now is of no use', async () => {
    expect(await one({ InitiationDate: before(5 * DAY) })).toMatchObject({ taken_at: NOW - 5 * DAY });
    expect(await one({ InitiationDate: before(-DAY) })).toMatchObject({ taken_at: NOW - 6 * HOUR });
    expect(await one({ CalculatedLifecycle: { DeleteAt: before(-DAY) } })).toMatchObject({
      usable: true,
      expires_at: NOW + DAY,
    });
    expect(await one({ CalculatedLifecycle: { DeleteAt: before(1) } })).toMatchObject({ usable: false });
    expect(await one({ IsEncrypted: undefined })).toMatchObject({ encrypted: null });
  });

  test('what rolls on is continuous: by its name, by being stopped, or by outliving its own lifecycle', async () => {
    const arn = (RecoveryPointArn: string) => one({ RecoveryPointArn });
    expect(await arn('arn:aws:rds:eu-west-1:123456789012:auto-backup:ab-1')).toMatchObject({
      type: 'continuous',
    });
    expect(await arn(backup('recovery-point:continuous:bucket'))).toMatchObject({ type: 'continuous' });
    expect(await one({ Status: 'STOPPED' })).toMatchObject({ type: 'continuous' });
    const aged = { CreationDate: before(60 * DAY), Lifecycle: { DeleteAfterDays: 35 } };
    expect(await one(aged)).toMatchObject({ type: 'continuous' });
    expect(await one({ ...aged, Status: 'EXPIRED' })).toMatchObject({ type: 'backup' });
    expect(await one({ ...aged, Lifecycle: { DeleteAfterDays: 90 } })).toMatchObject({ type: 'backup' });
    expect(await one({ ...aged, Lifecycle: { DeleteAfterDays: -1 } })).toMatchObject({ type: 'backup' });
  });

  test('a vault deleted since it was listed holds nothing; one that refuses fails the dataset', async () => {
    const answers = (code: string, status?: number): Handlers => ({
      'backup:ListRecoveryPointsByBackupVault': () => {
        throw refuse(code, status);
      },
    });
    expect(await refusal('recovery-points', { vaults }, answers('ResourceNotFoundException'))).toEqual([]);
    expect(await refusal('recovery-points', { vaults }, answers('AccessDeniedException', 403))).toMatchObject(
      {
        code: 'denied',
      },
    );
  });
});
