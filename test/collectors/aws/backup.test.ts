import { describe, expect, test } from 'vitest';
import { aws } from '../../../src/collectors/aws/index.ts';
import { contextOf, credentials } from '../aws-harness.ts';
import { HERE, NOW, now, SCOPE } from './backup-harness.ts';
import { backupEstate, backupHandlers, healthyBackups } from './estate/backup.ts';
import { startStub } from './stub.ts';

describe('calls', () => {
  test('grow with pages alone, but for two a plan and one a vault', async () => {
    const count = async (dataset: string, size: number) => {
      const holding = healthyBackups(HERE, { now, size });
      await using stub = await startStub(backupHandlers(() => holding, { now, pageSize: 1000 }));
      const { context } = contextOf(() => NOW);
      const config = aws.config.parse({
        endpoint: stub.endpoint,
        credentials,
        accounts: [{ id: HERE.account }],
      });
      await using collector = aws.connect(config, context);
      for await (const _ of collector.collect(dataset, { id: SCOPE }, new AbortController().signal));
      return stub.calls.filter(({ operation }) => !operation.startsWith('sts:')).length;
    };
    // Three plans and three vaults; 8 of each resource a number.
    expect(await count('backup-plans', 10)).toBe(2 + 2 * 3);
    expect(await count('backup-jobs', 250)).toBe(2);
    expect(await count('restore-jobs', 250)).toBe(2);
    expect(await count('recovery-points', 250)).toBe(1 + 4 + 2 + 1);
    expect(await count('protected-resources', 10)).toBe(6);
  });

  test('the healthy estate is collected whole by every dataset', async () => {
    await using stub = await startStub(backupEstate({ now, size: 5, pageSize: 2 }));
    const { context } = contextOf(() => NOW);
    const config = aws.config.parse({
      endpoint: stub.endpoint,
      credentials,
      accounts: [{ id: HERE.account }],
    });
    await using collector = aws.connect(config, context);
    const counts: Record<string, number> = {};
    for (const dataset of [
      'backup-plans',
      'backup-jobs',
      'restore-jobs',
      'recovery-points',
      'protected-resources',
    ])
      for await (const record of collector.collect(dataset, { id: SCOPE }, new AbortController().signal))
        counts[record.kind] = (counts[record.kind] ?? 0) + 1;
    expect(counts).toEqual({
      backup_plan: 3,
      backup_vault: 3,
      backup_job: 40,
      restore_job: 40,
      recovery_point: 2 * 40 + 40,
      protected_resource: 25,
    });
  });
});
