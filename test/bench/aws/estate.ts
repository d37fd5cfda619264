import { setTimeout as delay } from 'node:timers/promises';
import { estate } from '../../collectors/aws/estate/index.ts';
import type { Handlers } from '../../collectors/aws/stub.ts';

/** What the accounts of a benchmark hold, as it goes to the process of the stub. */
export interface Holdings {
  /** Milliseconds. */
  readonly now: number;
  /** IAM users of each account. */
  readonly users: number;
  /** Of each account or region, by operation or by IAM's prefix of a service; `*` for what is not named. */
  readonly sizes: Readonly<Record<string, number>> & { readonly '*': number };
  /** Operations whose answers lose the tags of what they list. */
  readonly untagged?: readonly string[];
  /** Milliseconds that each answer takes. */
  readonly latency?: number;
}

/**
 * What AWS gives at most on a page, by operation or by IAM's prefix (each operation's page of the API Reference); 100 is the least of them
 * all but RDS's like, and IAM promises no more.
 */
const PAGES: Readonly<Record<string, number>> = {
  ec2: 1000,
  'ec2:GetManagedPrefixListEntries': 100,
  backup: 1000,
  'logs:DescribeLogGroups': 50,
  'guardduty:ListFindings': 50,
  'guardduty:ListDetectors': 50,
  elasticloadbalancing: 400,
  kms: 1000,
  'kms:ListAliases': 100,
  's3:ListBuckets': 10_000,
  'inspector2:ListCoverage': 200,
  'organizations:ListAccounts': 20,
};
const PAGE = 100;

/** The healthy account of the tests in the sizes told, listed in pages as large as AWS's. */
export function handlersOf({ now, users, sizes, untagged = [], latency = 0 }: Holdings): Handlers {
  const made = new Map<string, Handlers>();
  const estateOf = (size: number, pageSize: number): Handlers => {
    const key = `${size} ${pageSize}`;
    const known = made.get(key) ?? estate({ now, users, size, pageSize });
    made.set(key, known);
    return known;
  };
  const operations = Object.keys(estateOf(1, PAGE));
  return Object.fromEntries(
    operations.map((operation) => {
      const size = of(sizes, operation) ?? sizes['*'];
      const found = estateOf(size, of(PAGES, operation) ?? PAGE)[operation];
      const handle = found && untagged.includes(operation) ? withoutTags(found) : found;
      if (handle === undefined || latency === 0) return [operation, handle];
      return [
        operation,
        async (input: object, asked: Parameters<typeof handle>[1]) => {
          await delay(latency);
          return await handle(input, asked);
        },
      ];
    }),
  );
}

function withoutTags(handle: NonNullable<Handlers[string]>): NonNullable<Handlers[string]> {
  return async (input, asked) => {
    const answer = await handle(input, asked);
    return Object.fromEntries(
      Object.entries(answer).map(([name, value]): [string, unknown] => [
        name,
        Array.isArray(value) ? value.map((item: object) => ({ ...item, Tags: [] })) : value,
      ]),
    );
  };
}

function of(table: Readonly<Record<string, number>>, operation: string): number | undefined {
  return table[operation] ?? table[operation.split(':')[0] ?? ''];
}
