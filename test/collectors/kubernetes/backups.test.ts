import { describe, expect, test } from 'vitest';
import { daysOf } from '../../../src/collectors/kubernetes/fields.ts';
import { estate, estateWith, meta } from './estate.ts';
import { collected } from './harness.ts';

const time = '2026-11-01T00:00:00Z';
const later = '2026-11-01T00:10:00Z';
const SECONDS = Date.parse(time) / 1000;
const velero = (plural: string) => `/apis/velero.io/v1/${plural}`;
const of = async (dataset: string, kind: string, planted: Parameters<typeof collected>[1]) =>
  (await collected(dataset, planted)).records.filter((record) => record.kind === kind);

describe('Velero', () => {
  test.each([
    ['New', 'pending', false, false],
    ['InProgress', 'running', false, false],
    ['FinalizingPartiallyFailed', 'running', false, false],
    ['Completed', 'completed', true, true],
    ['PartiallyFailed', 'partial', false, true],
    ['Failed', 'failed', false, true],
    ['FailedValidation', 'failed', false, true],
  ])('a backup that is %s', async (phase, status, succeeded, ended) => {
    const planted = estateWith(velero('backups'), {
      metadata: meta('a'),
      spec: {},
      status: { phase, startTimestamp: time },
    });
    expect(await of('velero', 'backup_job', planted)).toMatchObject([
      { status, succeeded, ended, started_at: SECONDS },
    ]);
  });

  test('a phase that is not known is an error, for backups and for restores', async () => {
    for (const plural of ['backups', 'restores'])
      await expect(
        collected(
          'velero',
          estateWith(velero(plural), { metadata: meta('a'), spec: {}, status: { phase: 'Marvellous' } }),
        ),
      ).rejects.toMatchObject({
        code: 'malformed',
        message: expect.stringContaining(`velero.io/${plural}: shop/a: status.phase`),
      });
  });

  test('a backup that is being deleted is left out, one without a status waits', async () => {
    const planted = estateWith(
      velero('backups'),
      { metadata: meta('a'), spec: {}, status: { phase: 'Deleting' } },
      { metadata: meta('b'), spec: {} },
    );
    expect(await of('velero', 'backup_job', planted)).toMatchObject([{ status: 'pending', plan: '' }]);
  });

  test('a backup belongs to its schedule, and so does a restore of it', async () => {
    const labels = { 'velero.io/schedule-name': 'nightly' };
    const planted = estateWith(velero('backups'), {
      metadata: meta('a', { labels }),
      spec: {},
      status: { phase: 'Completed', startTimestamp: time, completionTimestamp: later },
    });
    planted.set(velero('restores'), {
      apiVersion: 'velero.io/v1',
      kind: 'Restore',
      objects: [
        {
          metadata: meta('r'),
          spec: { backupName: 'a' },
          status: { phase: 'Completed', startTimestamp: time, completionTimestamp: later },
        },
        {
          metadata: meta('s'),
          spec: { backupName: 'gone' },
          status: { phase: 'PartiallyFailed', startTimestamp: time },
        },
      ],
    });
    const plan = 'kubernetes:test:velero.io/schedules/shop/nightly';
    expect(await of('velero', 'backup_job', planted)).toMatchObject([{ plan, resource: plan }]);
    expect(await of('velero', 'restore_job', planted)).toMatchObject([
      {
        resource: plan,
        point: 'kubernetes:test:velero.io/backups/shop/a',
        succeeded: true,
        duration_seconds: 600,
      },
      {
        resource: '',
        point: 'kubernetes:test:velero.io/backups/shop/gone',
        succeeded: false,
        status: 'failed',
        ended: true,
        duration_seconds: null,
      },
    ]);
  });

  test('a schedule that is paused or refused is applied to nothing', async () => {
    const spec = { schedule: '0 1 * * *', template: { ttl: '48h0m0s' } };
    const planted = estateWith(
      velero('schedules'),
      { metadata: meta('a'), spec, status: { phase: 'Enabled', lastBackup: time } },
      { metadata: meta('b'), spec: { ...spec, paused: true }, status: { phase: 'Enabled' } },
      { metadata: meta('c'), spec, status: { phase: 'FailedValidation' } },
    );
    expect(await of('velero', 'backup_plan', planted)).toMatchObject([
      { selections: 1, last_run_at: SECONDS, rules: [{ retention_days: 2, schedule: '0 1 * * *' }] },
      { selections: 0, last_run_at: null },
      { selections: 0 },
    ]);
  });

  test.each([
    ['720h0m0s', 30],
    ['36h', 1],
    ['90m', 0],
    ['', undefined],
    ['forever', undefined],
  ])('a duration of %j is %s days', (text, days) => expect(daysOf(text)).toBe(days));
});

describe('CronJobs', () => {
  const jobs = '/apis/batch/v1/jobs';
  const owned = (uid: string) => ({
    ownerReferences: [{ apiVersion: 'batch/v1', kind: 'CronJob', name: 'a', uid, controller: true }],
  });
  const job = (name: string, uid: string, status: object, spec: object = {}) => ({
    metadata: meta(name, owned(uid)),
    spec,
    status,
  });

  test('jobs of the chosen ones, with their outcomes', async () => {
    const condition = (type: string) => ({ type, status: 'True', lastTransitionTime: later });
    const planted = estateWith(
      jobs,
      job('done', 'uid-shop-a', {
        startTime: time,
        completionTime: later,
        conditions: [condition('Complete')],
      }),
      job('failed', 'uid-shop-a', {
        startTime: time,
        conditions: [condition('FailureTarget'), condition('Failed')],
      }),
      job('running', 'uid-shop-a', { startTime: time }),
      job('waiting', 'uid-shop-a', {}),
      job('others', 'uid-of-another', { startTime: time }),
    );
    expect(await of('backup-cronjobs', 'backup_job', planted)).toMatchObject([
      { status: 'completed', succeeded: true, ended: true, plan: 'kubernetes:test:batch/cronjobs/shop/a' },
      { status: 'failed', succeeded: false, ended: true, ended_at: Date.parse(later) / 1000 },
      { status: 'running', ended: false },
      { status: 'pending', ended: false },
    ]);
  });

  test('others are left out, and one that is suspended is applied to nothing', async () => {
    const planted = estate();
    const spec = { schedule: '0 1 * * *', jobTemplate: {} };
    planted.set('/apis/batch/v1/cronjobs', {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      objects: [
        { metadata: meta('a', { labels: { purpose: 'backup' } }), spec: { ...spec, suspend: true } },
        { metadata: meta('b', { labels: { purpose: 'mail' } }), spec },
      ],
    });
    expect(await of('backup-cronjobs', 'backup_plan', planted)).toMatchObject([
      { name: 'shop/a', selections: 0 },
    ]);
  });
});

describe('volume snapshots', () => {
  const path = '/apis/snapshot.storage.k8s.io/v1/volumesnapshots';
  test.each([
    ['ready', { readyToUse: true, creationTime: time }, 'completed', true],
    ['not ready', { readyToUse: false }, 'creating', false],
    ['ready with an error', { readyToUse: true, error: { message: 'x' } }, 'failed', false],
    ['without a status', undefined, 'creating', false],
  ])('%s', async (_, status, expected, usable) => {
    const spec = { source: { persistentVolumeClaimName: 'data' } };
    expect(
      await of('volume-snapshots', 'recovery_point', estateWith(path, { metadata: meta('a'), spec, status })),
    ).toMatchObject([
      {
        status: expected,
        usable,
        resource: 'kubernetes:test:persistentvolumeclaims/shop/data',
        encrypted: null,
        public: null,
      },
    ]);
  });
});

describe('certificates', () => {
  const path = '/apis/cert-manager.io/v1/certificates';
  const ready = (status: string, reason = 'x') => ({ conditions: [{ type: 'Ready', status, reason }] });
  test.each([
    [
      'ready',
      { ...ready('True'), notAfter: later },
      { status: 'valid', renewal_stuck: false, not_after: Date.parse(later) / 1000 },
    ],
    [
      'ready, its renewal failed',
      { ...ready('True'), lastFailureTime: time },
      { status: 'valid', renewal_stuck: true },
    ],
    ['expired', { ...ready('False', 'Expired'), notAfter: time }, { status: 'expired' }],
    [
      'never issued, failed',
      { ...ready('False'), lastFailureTime: time },
      { status: 'failed', renewal_stuck: true },
    ],
    ['being issued', ready('False', 'DoesNotExist'), { status: 'pending', not_after: null }],
    [
      'another one lies there',
      { ...ready('False', 'SecretMismatch'), notAfter: later },
      { status: 'inactive' },
    ],
    ['without a status', undefined, { status: 'pending' }],
  ])('%s', async (_, status, expected) => {
    const spec = { dnsNames: ['b.example', 'a.example'] };
    expect(
      await of(
        'cluster-certificates',
        'certificate',
        estateWith(path, { metadata: meta('a'), spec, status }),
      ),
    ).toMatchObject([
      {
        name: 'b.example',
        names: ['a.example', 'b.example'],
        in_use: true,
        renewal: 'automatic',
        ...expected,
      },
    ]);
  });

  test.each([
    [undefined, 'RSA_2048'],
    [{ algorithm: 'RSA', size: 4096 }, 'RSA_4096'],
    [{ algorithm: 'ECDSA' }, 'EC_prime256v1'],
    [{ algorithm: 'ECDSA', size: 384 }, 'EC_secp384r1'],
    [{ algorithm: 'ECDSA', size: 111 }, ''],
    [{ algorithm: 'Ed25519' }, 'Ed25519'],
    [{ algorithm: 'Quantum' }, ''],
  ])('a private key of %j', async (privateKey, key_algorithm) => {
    const planted = estateWith(path, { metadata: meta('a'), spec: { privateKey } });
    expect(await of('cluster-certificates', 'certificate', planted)).toMatchObject([{ key_algorithm }]);
  });
});

test.each([
  ['v1.36.3', 36],
  ['v1.34.1-eks-113cf36', 34],
  ['v1.31+', 31],
  ['v2.0.0', null],
  ['dev', null],
])('a node of version %s', async (kubeletVersion, minor) => {
  const planted = estateWith('/api/v1/nodes', {
    metadata: meta('a', {}, ''),
    status: { nodeInfo: { kubeletVersion }, conditions: [{ type: 'Ready', status: 'Unknown' }] },
  });
  expect(await of('nodes', 'node', planted)).toMatchObject([
    { version: kubeletVersion, minor, server_minor: 36, ready: false },
  ]);
});
