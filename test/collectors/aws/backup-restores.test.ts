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
import { arnOf, restoreOf, vaultOf } from './estate/backup.ts';

describe('restore-jobs', () => {
  const RESOURCE = arnOf(HERE, 'rds', 'db:orders');

  test.each([
    ['COMPLETED', 'SUCCESSFUL', ['completed', 'successful', true, true]],
    ['COMPLETED', undefined, ['completed', 'none', true, true]],
    ['COMPLETED', 'FAILED', ['completed', 'failed', false, true]],
    ['COMPLETED', 'TIMED_OUT', ['completed', 'timed_out', false, true]],
    ['COMPLETED', 'VALIDATING', ['completed', 'running', false, false]],
    ['FAILED', undefined, ['failed', 'none', false, true]],
    ['ABORTED', undefined, ['aborted', 'none', false, true]],
    ['RUNNING', undefined, ['running', 'none', false, false]],
    ['PENDING', undefined, ['pending', 'none', false, false]],
  ] as const)(
    '%s with validation %s is %j: status, validation, succeeded, ended',
    async (Status, ValidationStatus, expected) => {
      const restores = [restoreOf(HERE, now, 'r', RESOURCE, { Status, ValidationStatus })];
      const { records } = await collected('restore-jobs', { restores });
      const { status, validation, succeeded, ended } = fields(records.get('r')!);
      expect([status, validation, succeeded, ended]).toEqual(expected);
    },
  );

  test('tells what was restored, from which point, how long it took, and whether a testing plan did it', async () => {
    const { records } = await collected('restore-jobs', {
      restores: [
        restoreOf(HERE, now, 'tested', RESOURCE, { CreatedResourceArn: arnOf(HERE, 'rds', 'db:copy') }),
        restoreOf(HERE, now, 'by-hand', RESOURCE, { CreatedBy: undefined, SourceResourceArn: undefined }),
        restoreOf(HERE, now, 'endless', RESOURCE, { CompletionDate: undefined }),
      ],
    });
    expect(records.get('tested')).toMatchObject({
      resource: RESOURCE,
      point: backup('recovery-point:of-tested'),
      tested: true,
      started_at: NOW - 20 * DAY,
      duration_seconds: HOUR,
      created: arnOf(HERE, 'rds', 'db:copy'),
    });
    expect(records.get('by-hand')).toMatchObject({ resource: '', tested: false, created: '' });
    expect(records.get('endless')).toMatchObject({ ended_at: null, duration_seconds: null });
  });

  test('remembers what AWS has forgotten for 400 days, as it was told last; what it still tells wins', async () => {
    const first = await collected('restore-jobs', {
      restores: [
        restoreOf(HERE, now, 'forgotten', RESOURCE, {
          CreationDate: before(399 * DAY),
          CompletionDate: before(398 * DAY),
        }),
        restoreOf(HERE, now, 'too-old', RESOURCE, {
          CreationDate: before(401 * DAY),
          CompletionDate: before(400 * DAY),
        }),
        restoreOf(HERE, now, 'ended-since', RESOURCE, { Status: 'RUNNING', ValidationStatus: undefined }),
      ],
    });
    const second = await collected(
      'restore-jobs',
      {
        restores: [
          restoreOf(HERE, now, 'ended-since', RESOURCE, { Status: 'FAILED', ValidationStatus: undefined }),
        ],
      },
      { previous: [...first.records.values()] },
    );
    expect([...second.records.keys()]).toEqual(['ended-since', 'forgotten']);
    expect(second.records.get('forgotten')).toEqual(first.records.get('forgotten'));
    expect(second.records.get('ended-since')).toMatchObject({ status: 'failed', succeeded: false });
    expect(Object.fromEntries(second.notes)).toMatchObject({ listed: 1, remembered: 1 });
  });

  test('refuses a snapshot before that holds something else', async () => {
    const [vault] = (await collected('backup-plans', { vaults: [vaultOf(HERE, 'v')] })).records.values();
    await expect(collected('restore-jobs', {}, { previous: [vault!] })).rejects.toMatchObject({
      code: 'internal',
    });
  });

  test('refuses an outcome or a validation that it does not know', async () => {
    const odd = (own: object) =>
      refusal(
        'restore-jobs',
        {},
        {
          'backup:ListRestoreJobs': () => ({
            RestoreJobs: [{ ...restoreOf(HERE, now, 'r', RESOURCE), ...own }],
          }),
        },
      );
    expect(await odd({ Status: 'GOOD_ENOUGH' })).toEqual(malformed('r: Status'));
    expect(await odd({ ValidationStatus: 'PROBABLY' })).toEqual(malformed('r: ValidationStatus'));
    expect(await odd({ RecoveryPointArn: undefined })).toEqual(malformed('r: RecoveryPointArn'));
  });
});
