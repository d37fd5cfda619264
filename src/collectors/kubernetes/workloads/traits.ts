import type { WorkloadRecord } from '../../../inventory/kinds/workload.ts';
import type { Container, PodSpec } from './pod-spec.ts';

/** What a pod's template says of it, without the namespace's part. */
export type Traits = Pick<
  WorkloadRecord,
  | 'service_account'
  | 'default_account'
  | 'privileged'
  | 'host_network'
  | 'host_pid'
  | 'host_ipc'
  | 'host_path'
  | 'root'
  | 'escalation_allowed'
  | 'capabilities'
  | 'zone_spread'
> & {
  /** Null: it leaves it to its service account. */
  readonly automount: boolean | null;
  readonly memory_limited: boolean;
};

export function traitsOf(spec: PodSpec): Traits {
  const all = [...spec.containers, ...(spec.initContainers ?? []), ...(spec.ephemeralContainers ?? [])];
  const account = spec.serviceAccountName || 'default';
  const privileged = all.some(({ securityContext }) => securityContext?.privileged === true);
  return {
    service_account: account,
    default_account: account === 'default',
    automount: spec.automountServiceAccountToken ?? null,
    privileged,
    host_network: spec.hostNetwork === true,
    host_pid: spec.hostPID === true,
    host_ipc: spec.hostIPC === true,
    host_path: (spec.volumes ?? []).some(({ hostPath }) => hostPath !== undefined && hostPath !== null),
    root: anyOf(all.map((container) => runsAsRoot(spec, container))),
    escalation_allowed: all.some(mayEscalate),
    capabilities: [...new Set(all.flatMap(({ securityContext }) => securityContext?.capabilities?.add ?? []))]
      .sort()
      .map((name) => ({ name })),
    memory_limited: hasMemoryLimit(spec) || lasting(spec).every(hasMemoryLimit),
    zone_spread: zoneSpread(spec),
  };
}

/** True when one is, null when one might be. */
function anyOf(values: readonly (boolean | null)[]): boolean | null {
  if (values.includes(true)) return true;
  return values.includes(null) ? null : false;
}

/** A container's own word goes before the pod's. */
function runsAsRoot(spec: PodSpec, { securityContext }: Container): boolean | null {
  const user = securityContext?.runAsUser ?? spec.securityContext?.runAsUser;
  if (typeof user === 'number') return user === 0;
  const nonRoot = securityContext?.runAsNonRoot ?? spec.securityContext?.runAsNonRoot;
  return nonRoot === true ? false : null;
}

/** Allowed unless forbidden, and always for what is privileged or has CAP_SYS_ADMIN. */
function mayEscalate({ securityContext }: Container): boolean {
  return (
    securityContext?.allowPrivilegeEscalation !== false ||
    securityContext.privileged === true ||
    (securityContext.capabilities?.add ?? []).some((name) => /^(CAP_)?SYS_ADMIN$|^ALL$/i.test(name))
  );
}

/** Those that run as long as the pod: containers, and init containers that are started again. */
function lasting(spec: PodSpec): readonly Container[] {
  return [
    ...spec.containers,
    ...(spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always'),
  ];
}

function hasMemoryLimit({ resources }: Pick<Container, 'resources'>): boolean {
  const limit = resources?.limits?.['memory'];
  return limit !== undefined && limit !== null && limit !== '0';
}

const ZONE = /^(topology\.kubernetes\.io|failure-domain\.beta\.kubernetes\.io)\/zone$/;

function zoneSpread({ topologySpreadConstraints, affinity }: PodSpec): Traits['zone_spread'] {
  const spread = (topologySpreadConstraints ?? []).filter(({ topologyKey }) => ZONE.test(topologyKey));
  const apart = affinity?.podAntiAffinity;
  const required = apart?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  const preferred = apart?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  if (
    spread.some(({ whenUnsatisfiable }) => whenUnsatisfiable === 'DoNotSchedule') ||
    required.some(({ topologyKey }) => ZONE.test(topologyKey))
  )
    return 'required';
  const wished =
    spread.length > 0 || preferred.some(({ podAffinityTerm }) => ZONE.test(podAffinityTerm.topologyKey));
  return wished ? 'preferred' : 'none';
}
