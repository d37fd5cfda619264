import { describe, expect, test } from 'vitest';
import {
  backup,
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
import { arnOf, jobOf } from './estate/backup.ts';
import { type Handlers } from './stub.ts';

describe('backup-jobs', () => {
  const RESOURCE = arnOf(HERE, 'ec2', 'volume/vol-1');
  const states = {
    CREATED: ['pending', false, false],
    PENDING: ['pending', false, false],
    RUNNING: ['running', false, false],
    ABORTING: ['running', false, false],
    COMPLETED: ['completed', true, true],
    PARTIAL: ['partial', false, true],
    FAILED: ['failed', false, true],
    ABORTED: ['aborted', false, true],
    EXPIRED: ['expired', false, true],
  } as const;

  test.each(Object.entries(states))('%s is %j: status, succeeded, ended', async (state, expected) => {
    const State = Object.keys(states).find((name): name is keyof typeof states => name === state);
    const { records } = await collected('backup-jobs', {
      jobs: [jobOf(HERE, now, 'j', RESOURCE, { State })],
    });
    const { status, succeeded, ended } = fields(records.get('j')!);
    expect([status, succeeded, ended]).toEqual(expected);
  });

  test('what was completed with a word of warning did not succeed, and the word is told, but no message', async () => {
    const { records } = await collected('backup-jobs', {
      jobs: [
        jobOf(HERE, now, 'warned', RESOURCE, {
          MessageCategory: 'VSS_ISSUE',
          StatusMessage: 'user secret in text',
        }),
        jobOf(HERE, now, 'untold', RESOURCE, { MessageCategory: undefined }),
        jobOf(HERE, now, 'by-plan', RESOURCE, {
          CreatedBy: { BackupPlanArn: backup('backup-plan:p') },
          RecoveryPointArn: backup('recovery-point:r'),
          CompletionDate: undefined,
          BackupSizeInBytes: undefined,
        }),
      ],
    });
    expect(records.get('warned')).toMatchObject({
      status: 'completed',
      succeeded: false,
      cause: 'VSS_ISSUE',
    });
    expect(JSON.stringify([...records.values()])).not.toContain('secret in text');
    expect(records.get('untold')).toMatchObject({ succeeded: true, cause: '', plan: '', point: '' });
    expect(records.get('by-plan')).toMatchObject({
      resource: RESOURCE,
      plan: backup('backup-plan:p'),
      point: backup('recovery-point:r'),
      vault: backup('backup-vault:main'),
      started_at: NOW - 6 * HOUR,
      ended_at: null,
      bytes: null,
    });
  });

  test('asks for the days that are configured, eight unless told, and tells a job of many parts once', async () => {
    const asked: unknown[] = [];
    const handlers: Handlers = {
      'backup:ListBackupJobs': (input: { readonly ByCreatedAfter?: Date; readonly MaxResults?: number }) => {
        asked.push([input.ByCreatedAfter?.getTime(), input.MaxResults]);
        const part = { ParentJobId: 'whole', State: 'FAILED' } as const;
        return {
          BackupJobs: [
            jobOf(HERE, now, 'whole', RESOURCE, { IsParent: true, State: 'PARTIAL' }),
            jobOf(HERE, now, 'part-1', RESOURCE, part),
            jobOf(HERE, now, 'part-2', RESOURCE, part),
          ],
        };
      },
    };
    const { records, notes } = await collected('backup-jobs', {}, { handlers });
    expect([...records.keys()]).toEqual(['whole']);
    expect(notes.get('parts')).toBe(2);
    await collected('backup-jobs', {}, { handlers, jobDays: 30 });
    expect(asked).toEqual([
      [(NOW - 8 * DAY) * 1000, 1000],
      [(NOW - 30 * DAY) * 1000, 1000],
    ]);
  });

  test('refuses an outcome that it does not know, and a job without its resource or its date', async () => {
    const { State: _, ...stateless } = jobOf(HERE, now, 'j', RESOURCE);
    const odd = (job: object) =>
      refusal('backup-jobs', {}, { 'backup:ListBackupJobs': () => ({ BackupJobs: [job] }) });
    expect(await odd({ ...stateless, State: 'MOSTLY_DONE' })).toEqual(malformed('j: State'));
    expect(await odd(stateless)).toEqual(malformed('j: State'));
    expect(await odd(jobOf(HERE, now, 'j', RESOURCE, { ResourceArn: undefined }))).toEqual(
      malformed('ResourceArn'),
    );
    expect(await odd(jobOf(HERE, now, 'j', RESOURCE, { CreationDate: undefined }))).toEqual(
      malformed('CreationDate'),
    );
  });
});
