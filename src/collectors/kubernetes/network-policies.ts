import { z } from 'zod';
import type { Work } from './dataset.ts';
import { listAll, metadata } from './list.ts';
import { type LabelSelector, labelSelector } from './selector.ts';

const rules = z
  .array(
    z.object({
      from: z.array(z.unknown()).nullish(),
      to: z.array(z.unknown()).nullish(),
      ports: z.array(z.unknown()).nullish(),
    }),
  )
  .nullish()
  .transform((all) => all ?? []);

const policy = z.object({
  metadata,
  spec: z.object({
    podSelector: labelSelector,
    policyTypes: z.array(z.enum(['Ingress', 'Egress'])),
    ingress: rules,
    egress: rules,
  }),
});

/** A network policy, by the pods that it takes in and the directions in which it denies what it doesn't allow. */
export interface NetworkPolicy {
  readonly pods: LabelSelector;
  readonly ingress: boolean;
  readonly egress: boolean;
  /** A rule of it lets everything through. */
  readonly opensIngress: boolean;
  readonly opensEgress: boolean;
}

/** Every network policy, by namespace. */
export async function networkPolicies(work: Work): Promise<ReadonlyMap<string, readonly NetworkPolicy[]>> {
  const all = await listAll(
    work,
    { group: 'networking.k8s.io', version: 'v1', resource: 'networkpolicies', kind: 'NetworkPolicy' },
    policy,
    ({ metadata: { namespace }, spec }) => ({
      namespace,
      pods: spec.podSelector,
      ingress: spec.policyTypes.includes('Ingress'),
      egress: spec.policyTypes.includes('Egress'),
      opensIngress: spec.ingress.some(({ from, ports }) => isEmpty(from) && isEmpty(ports)),
      opensEgress: spec.egress.some(({ to, ports }) => isEmpty(to) && isEmpty(ports)),
    }),
  );
  return Map.groupBy(all, ({ namespace }) => namespace);
}

const isEmpty = (list: readonly unknown[] | null | undefined): boolean => (list ?? []).length === 0;
