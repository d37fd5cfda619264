import { NOW, register } from '../../e2e/organisation.ts';
import { type Measure, round } from '../measure.ts';
import { peakOf, withBundle } from '../pass.ts';
import { collector, PEOPLE, REGIONS } from './manifests.ts';
import { startStubProcess } from './stub-process.ts';

/** IAM allows 5,000 users an account. */
const ESTATE = { accounts: 20, users: 5_000, buckets: 250, volumes: 2_500 } as const;
/** In a quarter as many accounts. */
const QUARTER = { ...ESTATE, accounts: ESTATE.accounts / 4 } as const;

/** Of one pass over the estate, in megabytes. */
async function passOver(
  { accounts, users, buckets, volumes }: typeof ESTATE | typeof QUARTER,
  program: readonly string[],
): Promise<number> {
  await using stub = await startStubProcess({
    now: Date.now(),
    users,
    sizes: { '*': 2, s3: buckets, 'tag:GetResources': buckets, 'ec2:DescribeVolumes': volumes },
    // Else each of the volumes would have to be backed up.
    untagged: ['ec2:DescribeVolumes'],
  });
  const { endpoint } = stub;
  return await peakOf(program, {
    // The same people have an account in each.
    'people.csv': register(users + 1, NOW, users),
    'hr.yaml': PEOPLE,
    'aws.yaml': collector({ endpoint, accounts, regions: REGIONS.slice(0, 1) }),
  });
}

/**
 * Memory of one pass over 100,000 identities, 5,000 buckets and 50,000 volumes in twenty accounts, children included, files once; against a
 * quarter of it.
 */
export function awsMemory(): Promise<readonly Measure[]> {
  return withBundle(async (program) => {
    const quarter = await passOver(QUARTER, program);
    const whole = await passOver(ESTATE, program);
    return [
      { name: 'aws-memory/peak', value: round(whole), unit: 'MB', goal: 300 },
      { name: 'aws-memory/growth', value: round(whole), unit: 'MB', goal: 1.3, baseline: round(quarter) },
    ];
  });
}
