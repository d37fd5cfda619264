import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { InventoryRecord } from '../../../inventory/kind.ts';
import type { ContainerImageRecord } from '../../../inventory/kinds/container-image.ts';
import { common, type Work } from '../dataset.ts';
import { foldAll, metadata } from '../list.ts';
import { isSystem } from '../namespaces.ts';
import { digestIn, imageName } from './image-name.ts';

const containers = z
  .array(z.object({ name: z.string(), image: z.string().min(1) }))
  .nullish()
  .transform((all) => all ?? []);
const statuses = z
  .array(z.object({ name: z.string(), imageID: z.string().default('') }))
  .nullish()
  .transform((all) => all ?? []);

const pod = z.object({
  metadata,
  spec: z.object({ containers, initContainers: containers, ephemeralContainers: containers }),
  status: z
    .object({
      phase: z.string().default(''),
      containerStatuses: statuses,
      initContainerStatuses: statuses,
      ephemeralContainerStatuses: statuses,
    })
    .nullish(),
});
type Pod = z.output<typeof pod>;

/** Namespace, kind and name of the workload, image, running digest. */
type Row = readonly [string, string, string, string, string];

/**
 * Images by the workloads that run them, out of the pods, which are not kept: as many records as there are workloads with different images.
 * Pods that have ended run nothing.
 */
export async function* collectImages(work: Work): AsyncGenerator<InventoryRecord, void, undefined> {
  const rows = await foldAll(
    work,
    { group: '', version: 'v1', resource: 'pods', kind: 'Pod' },
    pod,
    () => new Map<string, Row>(),
    (all, object) => {
      for (const row of rowsOf(object)) all.set(JSON.stringify(row), row);
    },
  );
  for (const row of rows.values()) yield imageRecord(work, row);
}

function rowsOf({ metadata, spec, status }: Pod): readonly Row[] {
  if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return [];
  const [type, name] = workloadOf(metadata);
  const running = new Map(
    [
      ...(status?.containerStatuses ?? []),
      ...(status?.initContainerStatuses ?? []),
      ...(status?.ephemeralContainerStatuses ?? []),
    ].map(({ name, imageID }) => [name, digestIn(imageID)]),
  );
  return [...spec.containers, ...spec.initContainers, ...spec.ephemeralContainers].map((container): Row => [
    metadata.namespace,
    type,
    name,
    container.image,
    running.get(container.name) ?? '',
  ]);
}

/** Its controller, or itself. The name of a replica set ends in a hash that is told with the pod's labels. */
function workloadOf({ name, labels, ownerReferences }: Pod['metadata']): readonly [string, string] {
  const owner = ownerReferences.find(({ controller }) => controller);
  if (owner === undefined) return ['Pod', name];
  const hash = labels['pod-template-hash'];
  const tail = `-${hash}`;
  if (owner.kind === 'ReplicaSet' && hash !== undefined && owner.name.endsWith(tail))
    return ['Deployment', owner.name.slice(0, -tail.length)];
  return [owner.kind, owner.name];
}

function imageRecord(work: Work, row: Row): ContainerImageRecord {
  const [namespace, type, workload, image, running] = row;
  const { registry, repository, digest } = imageName(image);
  const key = createHash('sha256').update(JSON.stringify(row)).digest('hex');
  return {
    ...common(work, 'container_image', `image/${key}`),
    namespace,
    system: isSystem(namespace),
    workload_type: type,
    workload,
    image,
    registry,
    repository,
    pinned: digest !== '',
    digest,
    running_digest: running,
  };
}
