import { describe, expect, test } from 'vitest';
import { kinds } from '../../../src/inventory/kinds.ts';
import { taggingHandlers } from './estate/tagging.ts';
import { certificateOf, POLICIES, tlsEstate, type TlsHolding, tlsHandlers } from './estate/tls.ts';
import { connect, MAIN } from './session-harness.ts';
import { type Handlers, refuse, startStub } from './stub.ts';

const REGION = 'eu-west-1';
const SCOPE = `${MAIN}:${REGION}`;
const where = { account: MAIN, region: REGION };
const NOW = Math.floor(Date.now() / 1000) * 1000;
const SECONDS = NOW / 1000;
const DAY = 86_400_000;
const ARN = `arn:aws:acm:${REGION}:${MAIN}:certificate/shop`;

/** The records of a region that keeps these certificates; each must have its kind's schema. */
async function collected(holding: Pick<TlsHolding, 'certificates' | 'details'>, other: Handlers = {}) {
  const whole = { balancers: [], listeners: [], policies: POLICIES, ...holding };
  const tagged = (type: string) => (type === 'acm:certificate' ? [{ arn: ARN, tags: { tier: '1' } }] : []);
  await using stub = await startStub({
    ...tlsHandlers(() => whole, {}),
    ...taggingHandlers(tagged, {}),
    ...other,
  });
  await using source = connect(stub.endpoint, { regions: [REGION] });
  const { records, told } = await source.collect('acm-certificates', SCOPE);
  for (const record of records) kinds.get(record.kind)!.schema.parse(record);
  return { records, operations: told.operations.filter((name) => !name.startsWith('sts:')) };
}

const shop = (own = {}) => ({ certificates: [certificateOf(where, NOW, 'shop', own)] });
const soon = { NotAfter: new Date(NOW + 30 * DAY) };

describe('a certificate', () => {
  test('is told by the listing', async () => {
    const { records, operations } = await collected(shop());
    expect(records).toEqual([
      {
        id: `aws:${SCOPE}:certificate/shop`,
        kind: 'certificate',
        source: 'aws',
        scope: SCOPE,
        resource: ARN,
        name: 'shop.example.org',
        region: REGION,
        type: 'issued',
        status: 'valid',
        in_use: true,
        renewal: 'automatic',
        renewal_stuck: false,
        not_before: SECONDS - 90 * 86_400,
        not_after: SECONDS + 300 * 86_400,
        key_algorithm: 'RSA_2048',
        signature_algorithm: '',
        names: ['shop.example.org'],
        tags: [{ key: 'tier', value: '1' }],
      },
    ]);
    expect(operations).toEqual(['tag:GetResources', 'acm:ListCertificates']);
  });

  test.each([
    'RSA_1024',
    'RSA_2048',
    'RSA_3072',
    'RSA_4096',
    'EC_prime256v1',
    'EC_secp384r1',
    'EC_secp521r1',
  ])('with a key of %s is asked for, though ACM leaves out most kinds by itself', async (KeyAlgorithm) => {
    const { records } = await collected(shop({ KeyAlgorithm }));
    expect(records).toMatchObject([{ key_algorithm: KeyAlgorithm }]);
  });

  test.each(['AWS_MANAGED', 'CUSTOMER_PROVIDED', 'ACME'])(
    'whose key comes from %s is asked for',
    async (origin) => {
      expect((await collected(shop({ CertificateKeyPairOrigin: origin }))).records).toHaveLength(1);
    },
  );

  test.each([
    ['ISSUED', 'valid'],
    ['PENDING_VALIDATION', 'pending'],
    ['INACTIVE', 'inactive'],
    ['EXPIRED', 'expired'],
    ['VALIDATION_TIMED_OUT', 'failed'],
    ['REVOKED', 'revoked'],
    ['FAILED', 'failed'],
  ])('that is %s: %s', async (Status, status) => {
    expect((await collected(shop({ Status }))).records).toMatchObject([{ status }]);
  });

  test.each([
    [
      { Type: 'IMPORTED', RenewalEligibility: 'ELIGIBLE' },
      { type: 'imported', renewal: 'manual' },
    ],
    [{ Type: 'PRIVATE' }, { type: 'private', renewal: 'automatic' }],
    [{ RenewalEligibility: 'INELIGIBLE' }, { renewal: 'manual' }],
    [{ RenewalEligibility: undefined }, { renewal: 'manual' }],
    [{ InUse: false }, { in_use: false }],
    [{ InUse: false, Exported: true }, { in_use: true }],
    [{ NotBefore: undefined }, { not_before: null }],
    [{ KeyAlgorithm: undefined }, { key_algorithm: '' }],
    [
      { DomainName: undefined, SubjectAlternativeNameSummaries: undefined },
      { name: '', names: [] },
    ],
  ])('%j', async (own, expected) => {
    expect((await collected(shop(own))).records).toMatchObject([expected]);
  });

  test.each([
    ['CertificateArn', undefined],
    ['InUse', undefined],
    ['Status', undefined],
    ['Status', 'NOVEL'],
    ['Type', undefined],
    ['RenewalEligibility', 'PERHAPS'],
  ])('with %s %s is refused', async (member, value) => {
    await expect(collected(shop({ [member]: value }))).rejects.toMatchObject({
      code: 'malformed',
      message: expect.stringContaining(member),
    });
  });

  test('may have more names than the listing holds', async () => {
    const { records } = await collected({
      ...shop({ HasAdditionalSubjectAlternativeNames: true }),
      details: { [ARN]: { SubjectAlternativeNames: ['shop.example.org', 'www.example.org'] } },
    });
    expect(records).toMatchObject([{ names: ['shop.example.org', 'www.example.org'] }]);
  });
});

describe('its renewal', () => {
  const renewal = (RenewalStatus: string) => ({
    RenewalSummary: { RenewalStatus, DomainValidationOptions: [], UpdatedAt: new Date(NOW) },
  });
  test.each([
    ['PENDING_AUTO_RENEWAL', false],
    ['SUCCESS', false],
    ['PENDING_VALIDATION', true],
    ['FAILED', true],
  ] as const)('%s is stuck: %s', async (status, stuck) => {
    const { records } = await collected({
      ...shop(soon),
      details: { [ARN]: { RenewalSummary: { ...renewal(status).RenewalSummary, RenewalStatus: status } } },
    });
    expect(records).toMatchObject([{ renewal_stuck: stuck }]);
  });

  test.each([
    ['it ends within 90 days', soon, 1],
    ['it isn’t told when it ends', { NotAfter: undefined }, 1],
    ['it ends later', { NotAfter: new Date(NOW + 91 * DAY) }, 0],
    ['it isn’t renewed by itself', { ...soon, RenewalEligibility: 'INELIGIBLE' }, 0],
    ['it was imported', { ...soon, Type: 'IMPORTED' }, 0],
  ])('is asked for when %s: %j', async (_, own, calls) => {
    const { records, operations } = await collected(shop(own));
    expect(operations.filter((name) => name === 'acm:DescribeCertificate')).toHaveLength(calls);
    expect(records).toMatchObject([{ renewal_stuck: false }]);
  });

  test('of one deleted since it was listed is not told, nor is the certificate', async () => {
    const { records } = await collected(shop(soon), {
      'acm:DescribeCertificate': () => {
        throw refuse('ResourceNotFoundException');
      },
    });
    expect(records).toEqual([]);
  });
  test.each([
    ['nothing', {}],
    ['a status that is new', { Certificate: { CertificateArn: ARN, ...renewal('NOVEL') } }],
  ])('told as %s is refused', async (_, answer) => {
    await expect(collected(shop(soon), { 'acm:DescribeCertificate': () => answer })).rejects.toMatchObject({
      code: 'malformed',
      message: expect.stringContaining(ARN),
    });
  });
  test('that may not be asked for makes the dataset fail', async () => {
    const denied = collected(shop(soon), {
      'acm:DescribeCertificate': () => {
        throw refuse('AccessDeniedException');
      },
    });
    await expect(denied).rejects.toMatchObject({ code: 'denied' });
  });
});

test('a listing without its list is not one of none', async () => {
  await expect(collected({ certificates: [] }, { 'acm:ListCertificates': () => ({}) })).rejects.toMatchObject(
    { code: 'malformed', message: expect.stringContaining('CertificateSummaryList') },
  );
});

test('one call a thousand certificates, one a hundred tags, and one for each that is being renewed', async () => {
  await using stub = await startStub(tlsEstate({ now: NOW, size: 40, pageSize: 100 }));
  await using source = connect(stub.endpoint);
  const { records, told } = await source.collect('acm-certificates', `${MAIN}:us-east-1`);
  expect(records).toHaveLength(40);
  expect(told.operations.slice(0, 3)).toEqual([
    'sts:GetCallerIdentity',
    'tag:GetResources',
    'acm:ListCertificates',
  ]);
  expect(told.operations.slice(3)).toEqual(Array.from({ length: 20 }, () => 'acm:DescribeCertificate'));
});
