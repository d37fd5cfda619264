import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { datasets } from '../../../src/collectors/aws/datasets.ts';
import {
  allPolicies,
  permissionFiles,
  POLICY_LIMIT,
  statement,
} from '../../../src/collectors/aws/policies.ts';

const FOLDER = join(import.meta.dirname, '../../../deploy/permissions');
const files = permissionFiles(datasets);

describe('deploy/permissions', () => {
  test.each([...files])('%s is what the plugin declares (made anew by vitest -u)', async (name, content) => {
    await expect(`${JSON.stringify(content, null, 2)}\n`).toMatchFileSnapshot(join(FOLDER, name));
  });

  test('holds nothing else of AWS', async () => {
    const there = (await readdir(FOLDER)).filter((name) => name.startsWith('aws-'));
    expect(there.sort()).toEqual([...files.keys()].sort());
  });
});

describe('the declared permissions', () => {
  const declared = [...new Set(datasets.flatMap(({ permissions }) => permissions))];
  const READING = /^[a-z0-9-]+:(Get|List|Describe|BatchGet|Select|Lookup|Search)[A-Z]\w*$/;

  test('only read; but one has IAM make the report that is read', () => {
    expect(declared.filter((name) => !READING.test(name))).toEqual(['iam:GenerateCredentialReport']);
  });

  test.each(datasets.map((dataset) => [dataset.name, dataset] as const))(
    '%s: operations only read, are named once, and each service that is called is permitted',
    (_, { operations, permissions, needs, per }) => {
      const reading =
        /^(\S+:(Get|List|Describe|BatchGet|Select|Lookup|Search)[A-Z]\w*|sts:AssumeRole|iam:GenerateCredentialReport)$/;
      expect(operations.filter((name) => !reading.test(name))).toEqual([]);
      expect(new Set(operations).size).toBe(operations.length);
      expect(new Set(permissions).size).toBe(permissions.length);
      const services = (names: readonly string[]) =>
        new Set(names.map((name) => name.split(':')[0]).filter((name) => name !== 'sts'));
      expect(services(permissions)).toEqual(services(operations));
      expect(needs).toBe(
        {
          organization: 'organization',
          'identity-center': 'identityCenter',
          account: undefined,
          region: undefined,
        }[per],
      );
    },
  );

  test('together are in policies of which each fits into a managed policy, each permission once', () => {
    const policies = allPolicies(datasets);
    for (const policy of policies) expect(JSON.stringify(policy).length).toBeLessThanOrEqual(POLICY_LIMIT);
    const actions = policies.flatMap(({ Statement }) => Statement.flatMap(({ Action }) => Action));
    expect(actions.sort()).toEqual(declared.sort());
  });

  test('are split over as many policies as the limit makes necessary', () => {
    const policies = allPolicies(datasets, 600);
    expect(policies.length).toBeGreaterThan(2);
    for (const policy of policies.filter(({ Statement }) => Statement.length > 1))
      expect(JSON.stringify(policy).length).toBeLessThanOrEqual(600);
    const actions = policies.flatMap(({ Statement }) => Statement.flatMap(({ Action }) => Action));
    expect(actions.sort()).toEqual(declared.sort());
  });
});

test('the table of datasets in the README is what the plugin declares', async () => {
  const scopes = {
    account: 'account',
    region: 'account and region',
    organization: 'organisation',
    'identity-center': 'Identity Center',
  };
  const named = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(', ');
  const rows = datasets.map(
    ({ name, per, kinds, permissions }) =>
      `| \`${name}\` | ${scopes[per]} | ${named(kinds)} | ${named(permissions)} |`,
  );
  const readme = await readFile(join(import.meta.dirname, '../../../src/collectors/aws/README.md'), 'utf8');
  expect(readme.split('\n').filter((line) => /^\| `[a-z0-9-]+` \|.*\|.*\|.*\|$/.test(line))).toEqual(rows);
});

test('a statement is one line of JSON, its actions sorted and each once', () => {
  expect(statement(['s3:ListAllMyBuckets', 'iam:ListPolicies', 's3:ListAllMyBuckets'])).toBe(
    '{"Effect":"Allow","Action":["iam:ListPolicies","s3:ListAllMyBuckets"],"Resource":"*"}',
  );
});
