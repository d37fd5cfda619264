import type { InventoryRecord } from '../../../inventory/kind.ts';
import type { WorkloadRecord } from '../../../inventory/kinds/workload.ts';
import { common, type Work } from '../dataset.ts';
import { isSystem } from '../namespaces.ts';
import { matches, tagsOf } from '../selector.ts';
import { type Source, sourcesOf } from './sources.ts';
import { type Surroundings, surroundingsOf } from './surroundings.ts';

/** One list is held at a time, reduced to what is told of each object. */
export async function* collectWorkloads(work: Work): AsyncGenerator<InventoryRecord, void, undefined> {
  const surroundings = await surroundingsOf(work);
  for await (const sources of sourcesOf(work))
    for (const source of sources) yield workloadRecord(work, source, surroundings);
}

function workloadRecord(
  work: Work,
  source: Source,
  { policies, withoutToken, limited }: Surroundings,
): WorkloadRecord {
  const { type, uid, name, namespace, labels, podLabels, replicas, traits } = source;
  const { automount, memory_limited, ...own } = traits;
  // Network policies don't reach what uses the node's own network.
  const applying = own.host_network
    ? []
    : (policies.get(namespace) ?? []).filter(({ pods }) => matches(pods, podLabels));
  return {
    ...common(work, 'workload', `${type}/${uid}`),
    name,
    namespace,
    system: isSystem(namespace),
    type,
    replicas,
    ...own,
    token_mounted: automount ?? !withoutToken.has(`${namespace}/${own.service_account}`),
    memory_limited: memory_limited || limited.has(namespace),
    ingress_isolated:
      applying.some(({ ingress }) => ingress) &&
      !applying.some(({ ingress, opensIngress }) => ingress && opensIngress),
    egress_isolated:
      applying.some(({ egress }) => egress) &&
      !applying.some(({ egress, opensEgress }) => egress && opensEgress),
    tags: tagsOf(labels),
  };
}
