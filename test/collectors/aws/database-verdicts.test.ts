import { describe, expect, test } from 'vitest';
import { verdictsOf } from './database-verdicts.ts';
import {
  clusterOf,
  clusterSnapshotOf,
  databaseEstate,
  type DatabaseHolding,
  databaseHandlers,
  healthyDatabases,
  instanceOf,
  snapshotOf,
} from './estate/database.ts';
import { iamEstate } from './estate/iam.ts';
import { taggingEstate } from './estate/tagging.ts';
import {
  balancerOf,
  certificateOf,
  healthyTls,
  listenerOf,
  POLICIES,
  tlsEstate,
  type TlsHolding,
  tlsHandlers,
} from './estate/tls.ts';
import { MAIN } from './session-harness.ts';
import { type Handlers, startStub } from './stub.ts';

const REGION = 'eu-west-1';
const where = { account: MAIN, region: REGION };
const NOW = Date.now();
const DAY = 86_400_000;

const DATABASES = ['database-not-public', 'database-access-logged', 'database-zones', 'snapshot-shares'];
const TLS = [
  'certificate-expiring',
  'certificate-in-use-valid',
  'certificate-renewal',
  'certificate-key-strength',
  'listener-plain-http',
  'listener-tls-version',
];
const DATASETS = [
  'iam-account',
  'rds-databases',
  'rds-snapshots',
  'dynamodb-tables',
  'acm-certificates',
  'load-balancers',
];

async function verdicts(checks: readonly string[], handlers: Handlers) {
  const options = { now: NOW };
  await using stub = await startStub({ ...iamEstate(options), ...taggingEstate(options), ...handlers });
  return await verdictsOf({
    endpoint: stub.endpoint,
    account: MAIN,
    regions: [REGION],
    only: DATASETS,
    checks,
  });
}

const databases = (holding: Partial<DatabaseHolding>): Handlers => ({
  ...tlsEstate({ now: NOW }),
  ...databaseHandlers(() => ({ ...healthyDatabases(where, { now: NOW, size: 3 }), ...holding }), {
    now: NOW,
  }),
});
const tls = (holding: Partial<TlsHolding>): Handlers => ({
  ...databaseEstate({ now: NOW }),
  ...tlsHandlers(() => ({ ...healthyTls(where, { now: NOW, size: 3 }), ...holding }), {}),
});
const NONE = { failing: [], unknown: [] };

test('an account without a fault passes every check of databases, certificates and listeners', async () => {
  const options = { now: NOW, size: 6, pageSize: 5 };
  const found = await verdicts([...DATABASES, ...TLS], { ...databaseEstate(options), ...tlsEstate(options) });
  for (const name of [...DATABASES, ...TLS]) expect(found[name], name).toEqual({ outcome: 'pass', ...NONE });
});

test('an account with none of them is not judged by them, but for tiers that nobody gave', async () => {
  const empty = { instances: [], clusters: [], snapshots: [], clusterSnapshots: [], tables: [] };
  const found = await verdicts([...DATABASES, ...TLS], {
    ...databaseHandlers(() => empty, { now: NOW }),
    ...tlsHandlers(() => ({ certificates: [], balancers: [], listeners: [], policies: POLICIES }), {}),
  });
  for (const name of [...DATABASES, ...TLS]) {
    const outcome = name === 'database-zones' ? 'unknown' : 'not_applicable';
    expect(found[name], name).toMatchObject({ outcome });
  }
});

describe('planted among what is healthy', () => {
  const healthy = healthyDatabases(where, { now: NOW, size: 3 });
  const tiered = (Value: string) => [{ Key: 'tier', Value }];

  test('databases that are open, silent or in one zone fail alone', async () => {
    const found = await verdicts(
      DATABASES,
      databases({
        instances: [
          ...healthy.instances,
          instanceOf(where, NOW, 'open', { PubliclyAccessible: true }),
          instanceOf(where, NOW, 'untold', { PubliclyAccessible: undefined }),
          instanceOf(where, NOW, 'silent', { EnabledCloudwatchLogsExports: ['upgrade'] }),
          instanceOf(where, NOW, 'lonely', { MultiAZ: false }),
          instanceOf(where, NOW, 'minor', { MultiAZ: false, TagList: tiered('3') }),
          instanceOf(where, NOW, 'exposed-1', { DBClusterIdentifier: 'exposed', PubliclyAccessible: true }),
        ],
        clusters: [
          ...healthy.clusters,
          clusterOf(where, NOW, 'exposed', { EnabledCloudwatchLogsExports: [], MultiAZ: false }),
        ],
      }),
    );
    expect(found).toEqual({
      'database-not-public': {
        outcome: 'fail',
        failing: ['cluster-EXPOSED', 'db-OPEN'],
        unknown: ['db-UNTOLD'],
      },
      'database-access-logged': { outcome: 'fail', failing: ['cluster-EXPOSED', 'db-SILENT'], unknown: [] },
      'database-zones': { outcome: 'fail', failing: ['cluster-EXPOSED', 'db-LONELY'], unknown: [] },
      'snapshot-shares': { outcome: 'pass', ...NONE },
    });
  });

  test('snapshots shared with strangers fail, those shared within the organisation do not', async () => {
    const found = await verdicts(
      DATABASES,
      databases({
        snapshots: [
          ...healthy.snapshots,
          ...['own', 'stranger', 'everybody'].map((name) => snapshotOf(where, NOW, name, 'manual')),
        ],
        clusterSnapshots: [clusterSnapshotOf(where, NOW, 'mixed', 'manual')],
        shares: {
          'own-2026': [MAIN],
          'stranger-2026': ['999999999999'],
          'everybody-2026': ['all'],
          'mixed-2026': [MAIN, '999999999999'],
        },
      }),
    );
    expect(found['snapshot-shares']).toEqual({
      outcome: 'fail',
      failing: ['cluster-snapshot:mixed-2026', 'snapshot:stranger-2026'],
      unknown: [],
    });
  });

  test('certificates that end, have ended, are stuck or weak fail alone', async () => {
    const plant = (name: string, own = {}) => certificateOf(where, NOW, name, own);
    const stuck = plant('stuck', { NotAfter: new Date(NOW + 40 * DAY) });
    const found = await verdicts(
      TLS,
      tls({
        certificates: [
          ...healthyTls(where, { now: NOW, size: 3 }).certificates,
          plant('ending', {
            Type: 'IMPORTED',
            RenewalEligibility: 'INELIGIBLE',
            NotAfter: new Date(NOW + 20 * DAY),
          }),
          plant('ended', {
            Status: 'EXPIRED',
            RenewalEligibility: 'INELIGIBLE',
            NotAfter: new Date(NOW - DAY),
          }),
          plant('ended-unused', {
            Status: 'EXPIRED',
            RenewalEligibility: 'INELIGIBLE',
            InUse: false,
            NotAfter: new Date(NOW - DAY),
          }),
          plant('revoked', { Status: 'REVOKED' }),
          plant('weak', { KeyAlgorithm: 'RSA_1024', InUse: false, NotAfter: new Date(NOW + DAY) }),
          plant('untold', { KeyAlgorithm: undefined, NotAfter: undefined }),
          stuck,
        ],
        details: {
          [stuck.CertificateArn ?? '']: {
            RenewalSummary: {
              RenewalStatus: 'PENDING_VALIDATION',
              DomainValidationOptions: [],
              UpdatedAt: new Date(NOW),
            },
          },
        },
      }),
    );
    expect(found).toEqual({
      'certificate-expiring': {
        outcome: 'fail',
        failing: ['certificate/ending'],
        unknown: ['certificate/untold'],
      },
      'certificate-in-use-valid': {
        outcome: 'fail',
        failing: ['certificate/ended', 'certificate/revoked'],
        unknown: ['certificate/untold'],
      },
      'certificate-renewal': { outcome: 'fail', failing: ['certificate/stuck'], unknown: [] },
      'certificate-key-strength': {
        outcome: 'fail',
        failing: ['certificate/weak'],
        unknown: ['certificate/untold'],
      },
      'listener-plain-http': { outcome: 'pass', ...NONE },
      'listener-tls-version': { outcome: 'pass', ...NONE },
    });
  });

  test('listeners of plain HTTP to the internet and of old TLS fail alone', async () => {
    const own = healthyTls(where, { now: NOW, size: 3 });
    const open = balancerOf(where, 'open');
    const inner = balancerOf(where, 'inner', { Scheme: 'internal' });
    const found = await verdicts(
      TLS,
      tls({
        balancers: [...own.balancers, open, inner],
        listeners: [
          ...own.listeners,
          listenerOf(open, 80, { Protocol: 'HTTP' }),
          listenerOf(open, 443, { SslPolicy: 'ELBSecurityPolicy-2016-08' }),
          listenerOf(open, 8443, { SslPolicy: 'not-listed' }),
          listenerOf(inner, 80, { Protocol: 'HTTP' }),
          listenerOf(inner, 443, { SslPolicy: 'ELBSecurityPolicy-TLS-1-1-2017-01' }),
        ],
      }),
    );
    const port = (balancer: string, number: number) => `listener/app/${balancer}/50dc6c495c0c9188/${number}`;
    expect(found['listener-plain-http']).toEqual({
      outcome: 'fail',
      failing: [port('open', 80)],
      unknown: [],
    });
    expect(found['listener-tls-version']).toEqual({
      outcome: 'fail',
      failing: [port('inner', 443), port('open', 443)],
      unknown: [port('open', 8443)],
    });
  });
});
