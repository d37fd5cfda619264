import { z } from 'zod';
import { labelSelector } from '../selector.ts';

const security = z
  .object({
    privileged: z.boolean().nullish(),
    runAsNonRoot: z.boolean().nullish(),
    runAsUser: z.int().nullish(),
    allowPrivilegeEscalation: z.boolean().nullish(),
    capabilities: z.object({ add: z.array(z.string()).nullish() }).nullish(),
  })
  .nullish();

const resources = z.object({ limits: z.record(z.string(), z.unknown()).nullish() }).nullish();

const container = z.object({
  name: z.string(),
  image: z.string().default(''),
  securityContext: security,
  resources,
  restartPolicy: z.string().nullish(),
});
export type Container = z.output<typeof container>;

const affinityTerm = z.object({ topologyKey: z.string() });

/** What is looked at of a pod, or of the template of one. */
export const podSpec = z.object({
  serviceAccountName: z.string().nullish(),
  automountServiceAccountToken: z.boolean().nullish(),
  hostNetwork: z.boolean().nullish(),
  hostPID: z.boolean().nullish(),
  hostIPC: z.boolean().nullish(),
  resources,
  securityContext: z.object({ runAsNonRoot: z.boolean().nullish(), runAsUser: z.int().nullish() }).nullish(),
  volumes: z.array(z.object({ hostPath: z.unknown().optional() })).nullish(),
  containers: z.array(container).min(1),
  initContainers: z.array(container).nullish(),
  ephemeralContainers: z.array(container).nullish(),
  topologySpreadConstraints: z
    .array(
      z.object({
        topologyKey: z.string(),
        whenUnsatisfiable: z.string(),
        labelSelector: labelSelector.nullish(),
      }),
    )
    .nullish(),
  affinity: z
    .object({
      podAntiAffinity: z
        .object({
          requiredDuringSchedulingIgnoredDuringExecution: z.array(affinityTerm).nullish(),
          preferredDuringSchedulingIgnoredDuringExecution: z
            .array(z.object({ podAffinityTerm: affinityTerm }))
            .nullish(),
        })
        .nullish(),
    })
    .nullish(),
});
export type PodSpec = z.output<typeof podSpec>;

export const template = z.object({
  metadata: z.object({ labels: z.record(z.string(), z.string()).nullish() }).nullish(),
  spec: podSpec,
});
