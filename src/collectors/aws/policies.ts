import { type AwsDataset } from './dataset.ts';
import { policyDocument } from './datasets.ts';

/** The most characters that a customer managed policy may have; IAM counts no white space. */
export const POLICY_LIMIT = 6144;

interface Statement {
  readonly Sid?: string;
  readonly Effect: 'Allow';
  readonly Action: readonly string[];
  readonly Resource: string;
}
interface Policy {
  readonly Version: '2012-10-17';
  readonly Statement: readonly Statement[];
}

/** A statement on one line, to be pasted into a policy. */
export function statement(actions: readonly string[], resource = '*'): string {
  return JSON.stringify({ Effect: 'Allow', Action: [...new Set(actions)].sort(), Resource: resource });
}

/**
 * Policies that together let a principal collect every dataset: as few as IAM's limit allows, one statement a service, each no longer than
 * `limit`.
 */
export function allPolicies(
  datasets: readonly Pick<AwsDataset, 'permissions'>[],
  limit = POLICY_LIMIT,
): readonly Policy[] {
  const actions = [...new Set(datasets.flatMap(({ permissions }) => permissions))].sort();
  const byService = Map.groupBy(actions, (action) => action.split(':')[0] ?? '');
  const policies: Policy[] = [];
  let held: Statement[] = [];
  for (const [service, ofService] of byService) {
    const one: Statement = { Sid: sidOf(service), Effect: 'Allow', Action: ofService, Resource: '*' };
    if (held.length > 0 && lengthOf([...held, one]) > limit) {
      policies.push(policyOf(held));
      held = [];
    }
    held.push(one);
  }
  return held.length === 0 ? policies : [...policies, policyOf(held)];
}

const policyOf = (statements: readonly Statement[]): Policy => ({
  Version: '2012-10-17',
  Statement: statements,
});

const lengthOf = (statements: readonly Statement[]): number => JSON.stringify(policyOf(statements)).length;

const sidOf = (service: string): string =>
  `Annexa${service.replaceAll(/(^|-)([a-z])/g, (_, __, letter: string) => letter.toUpperCase())}`;

/** Who may assume the role of a member: the principal that the collector runs as, and only with the external id of its configuration. */
function memberTrust(): object {
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'AnnexaAssumes',
        Effect: 'Allow',
        Principal: { AWS: 'arn:aws:iam::<account of the collector>:role/<role of the collector>' },
        Action: 'sts:AssumeRole',
        Condition: { StringEquals: { 'sts:ExternalId': '<externalId of the configuration>' } },
      },
    ],
  };
}

/** What the collector's own identity needs beside: to assume the role of each member. */
function assumePolicy(): object {
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'AnnexaAssume',
        Effect: 'Allow',
        Action: ['sts:AssumeRole'],
        Resource: 'arn:aws:iam::*:role/<role of the members>',
      },
    ],
  };
}

/** The files of deploy/permissions by name, each with its content. */
export function permissionFiles(datasets: readonly AwsDataset[]): ReadonlyMap<string, object> {
  const all = allPolicies(datasets);
  const numbered = all.map(
    (policy, index) => [all.length === 1 ? 'aws-all.json' : `aws-all-${index + 1}.json`, policy] as const,
  );
  return new Map<string, object>([
    ...datasets.map((dataset) => [`aws-${dataset.name}.json`, policyDocument(dataset)] as const),
    ...numbered,
    ['aws-member-trust.json', memberTrust()],
    ['aws-assume-members.json', assumePolicy()],
  ]);
}
