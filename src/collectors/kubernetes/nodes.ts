import { z } from 'zod';
import type { InventoryRecord } from '../../inventory/kind.ts';
import type { NodeRecord } from '../../inventory/kinds/node.ts';
import { read } from '../read.ts';
import { common, type Work } from './dataset.ts';
import { listAll, metadata } from './list.ts';

const VERSION = 'get /version';

const version = z.object({ gitVersion: z.string().min(1) });
const object = z.object({
  metadata,
  status: z.object({
    nodeInfo: z.object({
      kubeletVersion: z.string().min(1),
      containerRuntimeVersion: z.string().default(''),
      osImage: z.string().default(''),
      kernelVersion: z.string().default(''),
    }),
    conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]),
  }),
});

export async function* collectNodes(work: Work): AsyncGenerator<InventoryRecord, void, undefined> {
  const { gitVersion } = read(VERSION, 'the version', version, await work.session.get(VERSION, '/version'));
  const resource = { group: '', version: 'v1', resource: 'nodes', kind: 'Node' } as const;
  yield* await listAll(
    work,
    resource,
    object,
    ({ metadata: { name, uid, labels }, status: { nodeInfo, conditions } }): NodeRecord => ({
      ...common(work, 'node', `node/${uid}`),
      name,
      version: nodeInfo.kubeletVersion,
      minor: minorOf(nodeInfo.kubeletVersion),
      server_version: gitVersion,
      server_minor: minorOf(gitVersion),
      runtime: nodeInfo.containerRuntimeVersion,
      operating_system: nodeInfo.osImage,
      kernel: nodeInfo.kernelVersion,
      ready: conditions.some(({ type, status }) => type === 'Ready' && status === 'True'),
      zone: labels['topology.kubernetes.io/zone'] ?? '',
    }),
  );
}

/** Of versions 1.x, which are all that there are. */
function minorOf(text: string): number | null {
  const [, minor] = /^v?1\.(\d{1,4})(?!\d)/.exec(text) ?? [];
  return minor === undefined ? null : Number(minor);
}
