import { describe, expect, test } from 'vitest';
import { AWAY, HOME, JUDGES, PLANTED, resourceOf } from './backup-planted.ts';
import { plantedHandlers } from './backup-planted-estate.ts';
import { verdictsOf } from './backup-verdicts.ts';
import { arnOf, jobOf, planOf, pointOf, restoreOf, vaultOf } from './estate/backup.ts';
import { startStub } from './stub.ts';

const now = Date.now();
const HOUR = 3_600_000;
const ago = (hours: number): Date => new Date(now - hours * HOUR);
const DATASETS = [
  'backup-plans',
  'backup-jobs',
  'restore-jobs',
  'recovery-points',
  'protected-resources',
  'rds-databases',
  'dynamodb-tables',
];

const planted = (name: string) => resourceOf(PLANTED.find((one) => `${one.service}-${one.name}` === name)!);
const job = (id: string, hours: number, own: Parameters<typeof jobOf>[4] = {}) =>
  jobOf(HOME, now, id, planted('fs-good'), { CreationDate: ago(hours), ...own });
const restore = (id: string, hours: number, own: Parameters<typeof restoreOf>[4] = {}) =>
  restoreOf(HOME, now, id, `arn:aws:fsx:eu-west-1:${HOME.account}:file-system/${id}`, {
    CreationDate: ago(hours),
    CompletionDate: ago(hours - 1),
    ...own,
  });
const of = (name: string) => ({ ResourceArn: arnOf(HOME, 'fsx', `file-system/${name}`) });
const by = (plan: string) => ({ CreatedBy: { BackupPlanArn: arnOf(HOME, 'backup', `backup-plan:${plan}`) } });

const own = {
  plans: [
    planOf(HOME, now, 'nightly'),
    planOf(HOME, now, 'bare', { selections: [] }),
    planOf(HOME, now, 'never', { LastExecutionDate: undefined }),
    planOf(HOME, now, 'idle', { LastExecutionDate: ago(9 * 24) }),
    planOf(HOME, now, 'finds-nothing'),
    planOf(HOME, now, 'made-today', { CreationDate: ago(2), LastExecutionDate: undefined, selections: [] }),
  ],
  vaults: [
    vaultOf(HOME, 'main'),
    vaultOf(HOME, 'open', { Locked: false }),
    vaultOf(HOME, 'brief', { MinRetentionDays: 1 }),
    vaultOf(HOME, 'any', { MinRetentionDays: undefined }),
    vaultOf(HOME, 'unused', { Locked: false, NumberOfRecoveryPoints: 0 }),
  ],
  jobs: [
    job('ok', 30, by('nightly')),
    job('failed', 31, { ...of('a'), State: 'FAILED', MessageCategory: 'AccessDenied' }),
    job('partial', 31, { ...of('b'), State: 'PARTIAL' }),
    job('aborted', 31, { ...of('c'), State: 'ABORTED' }),
    job('expired', 31, { ...of('d'), State: 'EXPIRED', BackupVaultArn: undefined }),
    job('with-issues', 31, { ...of('e'), MessageCategory: 'COMPLETED_WITH_ISSUES' }),
    job('made-good', 31, { ...of('f'), State: 'FAILED' }),
    job('made-good-by', 30, of('f')),
    job('failed-again', 30, { ...of('g'), State: 'FAILED' }),
    job('good-before', 31, of('g')),
    job('aborting', 30, { ...of('h'), State: 'ABORTING' }),
    job('running', 2, { ...of('h'), State: 'RUNNING', CompletionDate: undefined }),
    job('waiting', 30, { ...of('h'), State: 'CREATED', CompletionDate: undefined }),
    job('part', 30, { ...of('i'), State: 'FAILED', ParentJobId: 'partial' }),
    job('too-long-ago', 9 * 24, { ...of('j'), State: 'FAILED' }),
  ],
  restores: [
    restore('slow', 50, { CompletionDate: ago(41) }),
    restore('slow-once', 50, { ...source('twice'), CompletionDate: ago(41) }),
    restore('then-fast', 30, source('twice')),
    restore('endless', 50, { CompletionDate: undefined }),
    restore('failed-once', 50, { ...source('thrice'), Status: 'FAILED' }),
    restore('then-good', 30, source('thrice')),
  ],
  points: [
    pointOf(HOME, now, 'main', 'in-the-clear', of('k').ResourceArn, { IsEncrypted: false }),
    pointOf(HOME, now, 'main', 'not-told', of('k').ResourceArn, { IsEncrypted: undefined }),
  ],
};
function source(name: string) {
  return { SourceResourceArn: of(name).ResourceArn };
}
const home = (...natives: string[]) => natives.map((native) => `${HOME.region}:${native}`).sort();

const EVENTS = {
  'backup-plans-run': { failing: home('plan/bare', 'plan/never', 'plan/idle', 'plan/finds-nothing') },
  'backup-vault-lock': { failing: home('vault/open', 'vault/brief', 'vault/any') },
  'backup-jobs-succeed': {
    failing: home(
      'failed',
      'partial',
      'aborted',
      'expired',
      'with-issues',
      'failed-again',
      'fs-failed-only-0',
      'bucket-rolling-failed-0',
    ),
  },
  'backup-jobs-end': { failing: home('aborting', 'waiting') },
  'backup-restore-jobs-succeed': {
    failing: home(
      'fs-restore-invalid-0',
      'fs-restore-timed-out-0',
      'fs-restore-failed-0',
      'fs-restore-aborted-0',
    ),
  },
  'backup-recovery-time': { failing: home('slow'), unknown: home('endless') },
  'backup-points-encrypted': {
    failing: home('main/backup:recovery-point:in-the-clear'),
    unknown: home('main/backup:recovery-point:not-told'),
  },
};

describe('an estate with a resource in every state', () => {
  test('every check finds what was planted for it, and nothing else', async () => {
    await using stub = await startStub(plantedHandlers(now, own));
    const place = { endpoint: stub.endpoint, account: HOME.account, regions: [HOME.region, AWAY.region] };
    const checks = [...Object.values(JUDGES), ...Object.keys(EVENTS)];
    const found = await verdictsOf(place, DATASETS, checks, Math.floor(now / 1000));
    const expected = {
      ...Object.fromEntries(
        Object.entries(JUDGES).map(([letter, check]) => {
          const failing = PLANTED.filter(({ fails }) => fails.includes(letter))
            .map(resourceOf)
            .sort();
          return [check, { failing, unknown: [] }];
        }),
      ),
      ...Object.fromEntries(Object.entries(EVENTS).map(([check, of]) => [check, { unknown: [], ...of }])),
    };
    expect(
      Object.fromEntries(
        Object.entries(found).map(([check, { failing, unknown }]) => [check, { failing, unknown }]),
      ),
    ).toEqual(expected);
    expect(new Set(Object.values(found).map(({ outcome }) => outcome))).toEqual(new Set(['fail']));
  });
});
