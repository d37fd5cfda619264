import type { AnalyzerSummary, FindingSummary } from '@aws-sdk/client-accessanalyzer';
import { type Asked, type Handlers, refuse } from '../stub.ts';
import { type EstateOptions, pageOf } from './options.ts';

const DAY = 86_400_000;

export interface AccessAnalyzerEstateOptions extends EstateOptions {
  /** Instead of the healthy ones. */
  readonly analyzers?: readonly Partial<AnalyzerSummary>[];
  readonly findings?: readonly Partial<FindingSummary>[];
}

interface Listed {
  readonly nextToken?: string;
  readonly analyzerArn?: string;
}

function analyzerOf(
  { account, region }: Pick<Asked, 'account' | 'region'>,
  told: Partial<AnalyzerSummary>,
  now: number,
): AnalyzerSummary {
  const name = told.name ?? 'outside';
  return {
    arn: `arn:aws:access-analyzer:${region}:${account}:analyzer/${name}`,
    name,
    type: 'ACCOUNT',
    createdAt: new Date(now - 300 * DAY),
    status: 'ACTIVE',
    ...told,
  };
}

function findingOf(
  { account }: Pick<Asked, 'account'>,
  index: number,
  told: Partial<FindingSummary>,
  now: number,
): FindingSummary {
  return {
    id: `finding-${String(index).padStart(4, '0')}`,
    principal: { AWS: '555555555555' },
    action: ['s3:GetObject'],
    resource: `arn:aws:s3:::acme-${index}`,
    isPublic: false,
    resourceType: 'AWS::S3::Bucket',
    condition: {},
    createdAt: new Date(now - 40 * DAY),
    analyzedAt: new Date(now - DAY / 4),
    updatedAt: new Date(now - 20 * DAY),
    status: 'RESOLVED',
    resourceOwnerAccount: account,
    ...told,
  };
}

/** A region with an analyzer of outside access and one of unused rights; of `size` findings one is new, and the others are dealt with. */
export function accessAnalyzerEstate({
  now,
  size = 12,
  pageSize = 5,
  analyzers = [{}, { name: 'unused', type: 'ACCOUNT_UNUSED_ACCESS' }],
  findings = Array.from({ length: size }, (_, index) =>
    index === 0 ? { status: 'ACTIVE', createdAt: new Date(now - DAY) } : {},
  ),
}: AccessAnalyzerEstateOptions): Handlers {
  return {
    'access-analyzer:ListAnalyzers': ({ nextToken }: Listed, asked: Asked) => {
      const { items, next } = pageOf(analyzers, 1, nextToken);
      return { analyzers: items.map((told) => analyzerOf(asked, told, now)), nextToken: next };
    },
    'access-analyzer:ListFindings': ({ nextToken, analyzerArn }: Listed, asked: Asked) => {
      const analyzer = analyzers
        .map((told) => analyzerOf(asked, told, now))
        .find(({ arn }) => arn === analyzerArn);
      if (analyzer === undefined) throw refuse('ResourceNotFoundException', 404);
      // As AWS does for those of unused rights and of access from inside.
      if (analyzer.type !== 'ACCOUNT' && analyzer.type !== 'ORGANIZATION')
        throw refuse('ValidationException', 400);
      const all = findings.map((told, index) => findingOf(asked, index, told, now));
      const { items, next } = pageOf(all, pageSize, nextToken);
      return { findings: items, nextToken: next };
    },
  };
}
