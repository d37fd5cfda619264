/** The account of that number. */
export function accountOf(index: number): string {
  return String(100_000_000_000 + index);
}

export const REGIONS = ['us-east-1', 'us-west-2', 'eu-west-1', 'eu-central-1', 'ap-southeast-2'] as const;

interface World {
  readonly endpoint: string;
  readonly accounts: number;
  readonly regions: readonly string[];
  /** Seconds. */
  readonly requestTimeout?: number;
  readonly maxAttempts?: number;
}

/** The register that `register` of the tests writes. */
export const PEOPLE = `
apiVersion: annexa.dev/v1alpha1
kind: Collector
metadata: { name: hr }
spec:
  plugin: hr
  settings:
    scope: bench
    file: people.csv
    asOf: { column: asof }
    columns: { personId: id, workEmail: email, logins: { column: logins, separator: ';' }, lastDay: last }
`;

/** All datasets of accounts by regions. */
export function collector({
  endpoint,
  accounts,
  regions,
  requestTimeout = 20,
  maxAttempts = 4,
}: World): string {
  const all = Array.from({ length: accounts }, (_, index) => {
    const id = accountOf(index);
    return `      - { id: '${id}', roleArn: 'arn:aws:iam::${id}:role/annexa' }`;
  });
  return `
apiVersion: annexa.dev/v1alpha1
kind: Collector
metadata: { name: aws }
spec:
  plugin: aws
  settings:
    endpoint: ${endpoint}
    region: us-east-1
    regions: [${regions.join(', ')}]
    requestTimeout: ${requestTimeout}
    maxAttempts: ${maxAttempts}
    credentials: { accessKeyId: { env: KEY }, secretAccessKey: { env: KEY } }
    accounts:
${all.join('\n')}
`;
}
