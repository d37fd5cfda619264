import { z } from 'zod';
import type { InventoryRecord } from '../../inventory/kind.ts';
import type { CertificateRecord } from '../../inventory/kinds/certificate.ts';
import { common, type Work } from './dataset.ts';
import { time } from './fields.ts';
import { listAll, metadata } from './list.ts';
import { tagsOf } from './selector.ts';

const certificate = z.object({
  metadata,
  spec: z.object({
    commonName: z.string().nullish(),
    dnsNames: z.array(z.string()).nullish(),
    privateKey: z.object({ algorithm: z.string().nullish(), size: z.int().nullish() }).nullish(),
  }),
  status: z
    .object({
      conditions: z
        .array(z.object({ type: z.string(), status: z.string(), reason: z.string().default('') }))
        .nullish(),
      notBefore: time.nullish(),
      notAfter: time.nullish(),
      lastFailureTime: time.nullish(),
    })
    .nullish(),
});
type Certificate = z.output<typeof certificate>;

export async function* collectCertificates(work: Work): AsyncGenerator<InventoryRecord, void, undefined> {
  const resource = { group: 'cert-manager.io', version: 'v1', resource: 'certificates', kind: 'Certificate' };
  yield* await listAll(work, resource, certificate, (object) => certificateRecord(work, object));
}

function certificateRecord(work: Work, { metadata, spec, status }: Certificate): CertificateRecord {
  const names = [...new Set(spec.dnsNames ?? [])].sort();
  return {
    ...common(work, 'certificate', `certificate/${metadata.uid}`),
    resource: `kubernetes:${work.config.cluster}:cert-manager.io/certificates/${metadata.namespace}/${metadata.name}`,
    name: spec.commonName || spec.dnsNames?.[0] || `${metadata.namespace}/${metadata.name}`,
    region: '',
    type: 'issued',
    status: statusOf(status),
    // It is written into a Secret for somebody: who reads that isn't looked at.
    in_use: true,
    renewal: 'automatic',
    // Set by an issuance that failed, and taken away by the next that doesn't.
    renewal_stuck: typeof status?.lastFailureTime === 'number',
    not_before: status?.notBefore ?? null,
    not_after: status?.notAfter ?? null,
    key_algorithm: keyOf(spec.privateKey ?? {}),
    signature_algorithm: '',
    names,
    tags: tagsOf(metadata.labels),
  };
}

function statusOf(status: Certificate['status']): CertificateRecord['status'] {
  const condition = (wanted: string) => status?.conditions?.find(({ type }) => type === wanted);
  const ready = condition('Ready');
  if (ready?.status === 'True') return 'valid';
  if (ready?.reason === 'Expired') return 'expired';
  if (typeof status?.lastFailureTime === 'number') return 'failed';
  return typeof status?.notAfter === 'number' ? 'inactive' : 'pending';
}

const CURVES: Readonly<Record<number, string>> = {
  256: 'EC_prime256v1',
  384: 'EC_secp384r1',
  521: 'EC_secp521r1',
};

/** As asked for, with cert-manager's defaults; empty: of a kind that isn't known here. */
function keyOf({ algorithm, size }: NonNullable<Certificate['spec']['privateKey']>): string {
  if ((algorithm ?? 'RSA') === 'RSA') return `RSA_${size ?? 2048}`;
  if (algorithm === 'ECDSA') return CURVES[size ?? 256] ?? '';
  return algorithm === 'Ed25519' ? 'Ed25519' : '';
}
