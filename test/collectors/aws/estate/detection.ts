import type { Asked, Handlers } from '../stub.ts';
import { type EstateOptions, pageOf } from './options.ts';

const DAY = 86_400_000;

/** The region's detector. */
export const detectorOf = (account: string, region: string): string =>
  Buffer.from(`${account}${region}`).toString('hex').padEnd(32, '0').slice(0, 32);

/** Members of a finding that make it different. */
export interface AlertChange {
  readonly Service?: object;
  readonly [member: string]: unknown;
}

/** A finding of GuardDuty: put away, of high severity, two days old. */
export function alertOf(
  account: string,
  region: string,
  id: string,
  now: number,
  more: AlertChange = {},
): object {
  const seen = new Date(now - 2 * DAY).toISOString();
  const detector = detectorOf(account, region);
  return {
    AccountId: account,
    Arn: `arn:aws:guardduty:${region}:${account}:detector/${detector}/finding/${id}`,
    CreatedAt: seen,
    UpdatedAt: seen,
    Id: id,
    Partition: 'aws',
    Region: region,
    SchemaVersion: '2.0',
    Severity: 8,
    Title: 'a title that may hold anything',
    Type: 'UnauthorizedAccess:EC2/SSHBruteForce',
    Resource: { ResourceType: 'Instance', InstanceDetails: { InstanceId: 'i-0123456789abcdef0' } },
    ...more,
    Service: {
      ServiceName: 'guardduty',
      DetectorId: detector,
      Archived: true,
      EventFirstSeen: seen,
      EventLastSeen: seen,
      ...more.Service,
    },
  };
}

/** A covered machine, looked at a day ago. */
export function coveredOf(account: string, index: number, now: number, more: object = {}): object {
  return {
    resourceType: 'AWS_EC2_INSTANCE',
    resourceId: `i-${String(index).padStart(17, '0')}`,
    accountId: account,
    scanType: 'PACKAGE',
    scanStatus: { statusCode: 'ACTIVE', reason: 'SUCCESSFUL' },
    lastScannedAt: new Date(now - DAY),
    ...more,
  };
}

/** An open weakness of low severity, two days old. */
export function weaknessOf(
  account: string,
  region: string,
  index: number,
  now: number,
  more: object = {},
): object {
  const hash = String(index).padStart(32, '0');
  return {
    findingArn: `arn:aws:inspector2:${region}:${account}:finding/${hash}`,
    awsAccountId: account,
    type: 'PACKAGE_VULNERABILITY',
    description: 'a description that may hold anything',
    remediation: { recommendation: { text: 'None Provided' } },
    severity: 'LOW',
    firstObservedAt: new Date(now - 2 * DAY),
    lastObservedAt: new Date(now - DAY),
    updatedAt: new Date(now - DAY),
    status: 'ACTIVE',
    resources: [{ type: 'AWS_EC2_INSTANCE', id: `i-${String(index).padStart(17, '0')}`, region }],
    packageVulnerabilityDetails: { vulnerabilityId: `CVE-2026-${1000 + index}`, source: 'NVD' },
    fixAvailable: 'YES',
    exploitAvailable: 'NO',
    ...more,
  };
}

/** A detector that is on and whose alerts were dealt with; a scanner that covers everything and found little. */
export function detectionEstate({ now, size = 5, pageSize = 2 }: EstateOptions): Handlers {
  const ids = Array.from({ length: size }, (_, index) => String(index).padStart(32, 'a'));
  return {
    // Pages may be empty though others follow.
    'guardduty:ListDetectors': ({ NextToken }: { NextToken?: string }, { account, region }: Asked) =>
      NextToken === undefined
        ? { DetectorIds: [], NextToken: '1' }
        : { DetectorIds: [detectorOf(account, region)] },
    'guardduty:GetDetector': () => ({
      ServiceRole: 'arn:aws:iam::aws:role/guardduty',
      Status: 'ENABLED',
      Features: ['CLOUD_TRAIL', 'DNS_LOGS', 'FLOW_LOGS', 'S3_DATA_EVENTS'].map((Name) => ({
        Name,
        Status: 'ENABLED',
      })),
    }),
    'guardduty:ListFindings': (
      { NextToken, MaxResults = 50 }: { NextToken?: string; MaxResults?: number },
      { missing }: Asked,
    ) => {
      const { items, next } = pageOf(ids, Math.min(pageSize, MaxResults), NextToken, missing);
      return { FindingIds: items, NextToken: next };
    },
    'guardduty:GetFindings': (
      { FindingIds }: { FindingIds: readonly string[] },
      { account, region }: Asked,
    ) => ({ Findings: FindingIds.map((id) => alertOf(account, region, id, now)) }),
    ...scannerOf({ now, size, pageSize }),
  };
}

const ON = { status: 'ENABLED', errorCode: 'SUCCESS', errorMessage: '' };

/** What the scanner says of itself; `more` replaces states of single targets. */
export const scannerState = (account: string, state: object = ON, more: object = {}): object => ({
  accounts: [
    {
      accountId: account,
      state: { ...ON, ...state },
      resourceState: { ec2: ON, ecr: ON, lambda: ON, lambdaCode: ON, ...more },
    },
  ],
  failedAccounts: [],
});

interface Listed {
  readonly nextToken?: string;
  readonly maxResults?: number;
}

function scannerOf({ now, size, pageSize }: Required<EstateOptions>): Handlers {
  const indexes = Array.from({ length: size }, (_, index) => index + 1);
  return {
    'inspector2:BatchGetAccountStatus': (_: object, { account }: Asked) => scannerState(account),
    'inspector2:ListCoverage': ({ nextToken, maxResults = 200 }: Listed, { account, missing }: Asked) => {
      const { items, next } = pageOf(indexes, Math.min(pageSize, maxResults), nextToken, missing);
      return { coveredResources: items.map((index) => coveredOf(account, index, now)), nextToken: next };
    },
    'inspector2:ListFindings': (
      { nextToken, maxResults = 100 }: Listed,
      { account, region, missing }: Asked,
    ) => {
      const { items, next } = pageOf(indexes, Math.min(pageSize, maxResults), nextToken, missing);
      return { findings: items.map((index) => weaknessOf(account, region, index, now)), nextToken: next };
    },
  };
}
