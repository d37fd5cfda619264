import { describe, expect, test } from 'vitest';
import { backupDatasets } from '../../../src/collectors/aws/backup/datasets.ts';
import { AWAY, HOME, JUDGES, PLANTED, resourceOf } from './backup-planted.ts';
import { plantedHandlers } from './backup-planted-estate.ts';
import { verdictsOf } from './backup-verdicts.ts';
import { arnOf, backupEstate, jobOf, planOf, pointOf, restoreOf, vaultOf } from './estate/backup.ts';
import { databaseEstate } from './estate/database.ts';
import { type Asked, type Handlers, startStub } from './stub.ts';

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
    const found = await verdictsOf(place, DATASETS, checks, { now: Math.floor(now / 1000) });
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

describe('a healthy estate', () => {
  const place = { account: HOME.account, regions: [HOME.region, AWAY.region] };
  const checks = [...Object.values(JUDGES), ...Object.keys(EVENTS)];
  const estate = { now, size: 3, pageSize: 2 };
  const healthy = () => ({ ...databaseEstate(estate), ...backupEstate(estate) });
  const outcomes = (found: Awaited<ReturnType<typeof verdictsOf>>) =>
    Object.fromEntries(Object.entries(found).map(([check, { outcome }]) => [check, outcome]));
  const passing = {
    ...Object.fromEntries(checks.map((check) => [check, 'pass'])),
    // Nothing is under way.
    'backup-jobs-end': 'not_applicable',
  };

  test('passes every check that has a population', async () => {
    await using stub = await startStub(healthy());
    const found = await verdictsOf({ ...place, endpoint: stub.endpoint }, DATASETS, checks);
    expect(outcomes(found)).toEqual(passing);
  });

  test('passes still when AWS has forgotten the restores, which earlier evidence remembers', async () => {
    let forgotten = false;
    const listed = healthy()['backup:ListRestoreJobs']!;
    const handlers: Handlers = {
      ...healthy(),
      'backup:ListRestoreJobs': (input: object, asked: Asked) =>
        forgotten ? { RestoreJobs: [] } : listed(input, asked),
    };
    await using stub = await startStub(handlers);
    const at = { ...place, endpoint: stub.endpoint };
    const again = () => void (forgotten = true);
    const tested = ['backup-restore-tested', 'backup-recovery-time', 'backup-restore-jobs-succeed'];
    expect(new Set(Object.values(outcomes(await verdictsOf(at, DATASETS, tested, { again }))))).toEqual(
      new Set(['pass']),
    );
    // Without that evidence there is nothing.
    expect(outcomes(await verdictsOf(at, DATASETS, tested))).toEqual({
      'backup-restore-tested': 'fail',
      'backup-recovery-time': 'unknown',
      'backup-restore-jobs-succeed': 'not_applicable',
    });
  });

  test.each(backupDatasets)(
    'without $name in one of two regions, no check passes that rests on it',
    async (dataset) => {
      const faults = { [dataset.operations.at(-1)!]: { kind: 'denied', region: AWAY.region } } as const;
      await using stub = await startStub(healthy(), { faults });
      const found = await verdictsOf({ ...place, endpoint: stub.endpoint }, DATASETS, checks);
      const resting = Object.entries(READS)
        .filter(([, kinds]) => kinds.some((kind) => dataset.kinds.includes(kind)))
        .map(([check]) => check);
      expect(resting.map((check) => [check, found[check]?.outcome])).toEqual(
        resting.map((check) => [check, 'unknown']),
      );
      expect(resting).not.toEqual([]);
    },
  );
});

/** The kinds that each check reads. */
const READS: Readonly<Record<string, readonly string[]>> = {
  'backup-coverage': ['protected_resource', 'recovery_point'],
  'backup-recovery-point': ['protected_resource', 'recovery_point', 'backup_job'],
  'backup-history': ['protected_resource', 'recovery_point'],
  'backup-kept-elsewhere': ['protected_resource', 'recovery_point'],
  'backup-restore-tested': ['protected_resource', 'recovery_point', 'restore_job'],
  'backup-point-in-time': ['protected_resource'],
  'backup-plans-run': ['backup_plan', 'backup_job'],
  'backup-vault-lock': ['backup_vault'],
  'backup-jobs-succeed': ['backup_job'],
  'backup-jobs-end': ['backup_job'],
  'backup-restore-jobs-succeed': ['restore_job'],
  'backup-recovery-time': ['restore_job'],
  'backup-points-encrypted': ['recovery_point'],
};
