import {
  ACMClient,
  CertificateKeyPairOrigin,
  DescribeCertificateCommand,
  KeyAlgorithm,
  ListCertificatesCommand,
  ResourceNotFoundException,
} from '@aws-sdk/client-acm';
import { z } from 'zod';
import type { InventoryRecord } from '../../../inventory/kind.ts';
import type { CertificateRecord } from '../../../inventory/kinds/certificate.ts';
import { ahead } from '../../ahead.ts';
import { common, type Work } from '../dataset.ts';
import { pages } from '../../pages.ts';
import { listed, moment, read } from '../../read.ts';
import type { Session } from '../session.ts';
import { type Tags, tagsOf } from '../tagged.ts';

const LIST = 'acm:ListCertificates';
const DESCRIBE = 'acm:DescribeCertificate';

/** ACM begins to renew 60 days before the end at the earliest; until then there is no renewal that could be stuck. */
const RENEWING = 90 * 86_400;

const summary = z.object({
  CertificateArn: z.string().min(1),
  DomainName: z.string().default(''),
  SubjectAlternativeNameSummaries: z.array(z.string().min(1)).default([]),
  HasAdditionalSubjectAlternativeNames: z.boolean().default(false),
  Status: z.enum([
    'PENDING_VALIDATION',
    'ISSUED',
    'INACTIVE',
    'EXPIRED',
    'VALIDATION_TIMED_OUT',
    'REVOKED',
    'FAILED',
  ]),
  Type: z.enum(['AMAZON_ISSUED', 'IMPORTED', 'PRIVATE']),
  InUse: z.boolean(),
  Exported: z.boolean().default(false),
  RenewalEligibility: z.enum(['ELIGIBLE', 'INELIGIBLE']).default('INELIGIBLE'),
  NotBefore: moment.optional(),
  NotAfter: moment.optional(),
  KeyAlgorithm: z.string().default(''),
});

const detail = z.object({
  CertificateArn: z.string().min(1),
  SubjectAlternativeNames: z.array(z.string().min(1)).default([]),
  RenewalSummary: z
    .object({ RenewalStatus: z.enum(['PENDING_AUTO_RENEWAL', 'PENDING_VALIDATION', 'SUCCESS', 'FAILED']) })
    .optional(),
});

type Summary = z.output<typeof summary>;
type Detail = z.output<typeof detail>;

const STATUSES = {
  PENDING_VALIDATION: 'pending',
  ISSUED: 'valid',
  INACTIVE: 'inactive',
  EXPIRED: 'expired',
  VALIDATION_TIMED_OUT: 'failed',
  REVOKED: 'revoked',
  FAILED: 'failed',
} as const satisfies Record<Summary['Status'], CertificateRecord['status']>;

const TYPES = {
  AMAZON_ISSUED: 'issued',
  IMPORTED: 'imported',
  PRIVATE: 'private',
} as const satisfies Record<Summary['Type'], CertificateRecord['type']>;

export const acmOf = (session: Session): ACMClient => session.client('acm', ACMClient);

/**
 * Every certificate that ACM keeps in the region; those of CloudFront are in us-east-1, those uploaded to IAM nowhere
 * here. The listing says all but how renewal goes: one call more
 * for each that renews by itself and ends within 90 days.
 * https://docs.aws.amazon.com/acm/latest/APIReference/API_CertificateSummary.html
 */
export async function* collectCertificates(work: Work): AsyncGenerator<InventoryRecord, void, undefined> {
  const { session } = work;
  // At most as many as there are certificates: 2,500 a region unless the quota is raised.
  const tags = await tagsOf(session, 'acm:certificate');
  const now = work.context.now();
  const found = ahead(certificatesOf(session), 8, async (each) => {
    const told = wantsDetail(each, now) ? await describe(session, each.CertificateArn) : {};
    return told === undefined ? undefined : ([each, told] as const);
  });
  for await (const each of found)
    if (each !== undefined) yield recordOf(work, ...each, tags.get(each[0].CertificateArn) ?? []);
}

/** Only those that ACM renews; what it keeps for others ends when they don't bring a new one. */
const renewsItself = ({ Type, RenewalEligibility }: Summary): boolean =>
  Type !== 'IMPORTED' && RenewalEligibility === 'ELIGIBLE';

function wantsDetail(found: Summary, now: number): boolean {
  const ending = found.NotAfter === undefined || found.NotAfter < now + RENEWING;
  return found.HasAdditionalSubjectAlternativeNames || (renewsItself(found) && ending);
}

function recordOf(work: Work, found: Summary, told: Partial<Detail>, tags: Tags): CertificateRecord {
  const renewal = told.RenewalSummary?.RenewalStatus;
  return {
    ...common(work, 'certificate', found.CertificateArn.split(':').slice(5).join(':')),
    resource: found.CertificateArn,
    name: found.DomainName,
    region: work.region,
    type: TYPES[found.Type],
    status: STATUSES[found.Status],
    // What was taken out is used where ACM can't see it.
    in_use: found.InUse || found.Exported,
    renewal: renewsItself(found) ? 'automatic' : 'manual',
    renewal_stuck: renewal === 'FAILED' || renewal === 'PENDING_VALIDATION',
    not_before: found.NotBefore ?? null,
    not_after: found.NotAfter ?? null,
    key_algorithm: found.KeyAlgorithm,
    // The listing leaves it out.
    signature_algorithm: '',
    names: told.SubjectAlternativeNames ?? found.SubjectAlternativeNameSummaries,
    tags: [...tags],
  };
}

/** Unless asked for all, ACM leaves out keys of most algorithms, and certificates got by ACME. */
async function* certificatesOf(session: Session): AsyncGenerator<Summary, void, undefined> {
  const fetch = (NextToken: string | undefined) =>
    session.call(LIST, (options) =>
      acmOf(session).send(
        new ListCertificatesCommand({
          Includes: { keyTypes: Object.values(KeyAlgorithm) },
          CertificateKeyPairOrigins: Object.values(CertificateKeyPairOrigin),
          MaxItems: 1000,
          NextToken,
        }),
        options,
      ),
    );
  for await (const page of pages(LIST, fetch, ({ NextToken }) => NextToken))
    for (const entry of listed(LIST, 'CertificateSummaryList', page.CertificateSummaryList))
      yield read(LIST, entry.CertificateArn ?? 'a certificate', summary, entry);
}

/** Undefined: it was deleted since it was listed. */
const describe = (session: Session, arn: string): Promise<Detail | undefined> =>
  session.call(DESCRIBE, async (options) => {
    try {
      const command = new DescribeCertificateCommand({ CertificateArn: arn });
      const { Certificate } = await acmOf(session).send(command, options);
      return read(DESCRIBE, arn, detail, Certificate);
    } catch (error) {
      if (error instanceof ResourceNotFoundException) return undefined;
      throw error;
    }
  });
