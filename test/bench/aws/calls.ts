import { datasets } from '../../../src/collectors/aws/datasets.ts';
import { connect, MAIN } from '../../collectors/aws/session-harness.ts';
import { startStub } from '../../collectors/aws/stub.ts';
import type { Measure } from '../measure.ts';
import { handlersOf } from './estate.ts';

const REGION = 'us-east-1';
const THOUSAND = 1_000;

/** For a thousand more of what a dataset lists. What is not named costs pages alone: a thousand in pages of a hundred, of two listings. */
const PER_THOUSAND: Readonly<Record<string, number>> = {
  // At most five a bucket.
  's3-buckets': 5 * THOUSAND + 20,
  // What no listing tells is asked of each: a policy; policy, rotation and tags; who shares it; backups and tags; a certificate; listeners and tags.
  'efs-file-systems': THOUSAND + 20,
  'kms-keys': 3 * THOUSAND + 30,
  'rds-snapshots': THOUSAND + 20,
  'dynamodb-tables': 2 * THOUSAND + 20,
  'acm-certificates': THOUSAND + 20,
  'load-balancers': 2 * THOUSAND + 20,
  // Pages of twenty, of fifty, and of several services.
  'organization-accounts': 50,
  guardduty: 40,
  'protected-resources': 40,
  'rds-databases': 40,
};
const PAGED = 20;

/** Of one of each. In Identity Center every permission set is asked about in every account that has it. */
const FIXED: Readonly<Record<string, number>> = { 's3-buckets': 30, 'identity-center': 850 };
const FEW = 20;

/** Calls by dataset, those of STS apart: an account is entered once for all its datasets. */
async function callsOf(size: number): Promise<ReadonlyMap<string, number>> {
  await using stub = await startStub(handlersOf({ now: Date.now(), users: size, sizes: { '*': size } }));
  await using source = connect(stub.endpoint, {
    region: REGION,
    reportPoll: 0.01,
    organization: { account: MAIN },
    identityCenter: { account: MAIN },
  });
  const found = new Map<string, number>();
  for (const { name, per } of datasets) {
    const before = stub.calls.length;
    await source.collect(name, per === 'region' ? `${MAIN}:${REGION}` : MAIN);
    const calls = stub.calls.slice(before).filter(({ operation }) => !operation.startsWith('sts:'));
    found.set(name, calls.length);
  }
  return found;
}

/** API calls of each dataset in one scope: of one of each, and for a thousand more, at AWS's own page sizes. */
export async function awsCalls(): Promise<readonly Measure[]> {
  const few = await callsOf(1);
  const many = await callsOf(THOUSAND + 1);
  return datasets.flatMap(({ name }) => {
    const fixed = few.get(name) ?? 0;
    const more = (many.get(name) ?? 0) - fixed;
    return [
      { name: `aws-calls/${name}-fixed`, value: fixed, unit: 'calls', goal: FIXED[name] ?? FEW },
      { name: `aws-calls/${name}-per-1000`, value: more, unit: 'calls', goal: PER_THOUSAND[name] ?? PAGED },
    ];
  });
}
