import { aws, type AwsConfig } from '../../src/collectors/aws/index.ts';
import { contextOf, type Outcome, recordsOf } from './harness.ts';

export type { Outcome } from './harness.ts';
export { contextOf } from './harness.ts';

export const credentials = { accessKeyId: { env: 'KEY' }, secretAccessKey: { env: 'SECRET' } };

/** Collects a dataset at `endpoint`, in the account unless another scope is named; every record must have its kind's schema, and an id of its own. Rejects as the collector does. */
export async function collectAws(
  endpoint: string,
  account: string,
  dataset: string,
  options: {
    readonly now?: () => number;
    readonly settings?: Partial<Record<keyof AwsConfig, unknown>>;
    readonly signal?: AbortSignal;
    /** Such as `123456789012:eu-west-1`. */
    readonly scope?: string;
  } = {},
): Promise<Outcome> {
  const now = options.now ?? (() => Math.floor(Date.now() / 1000));
  const { context, told } = contextOf(now);
  const config = aws.config.parse({
    endpoint,
    credentials,
    accounts: [{ id: account }],
    reportPoll: 0.01,
    maxAttempts: 2,
    ...options.settings,
  });
  await using collector = aws.connect(config, context);
  const records = await recordsOf(collector, dataset, { id: options.scope ?? account }, options.signal);
  return { records, told };
}
