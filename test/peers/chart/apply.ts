import { z } from 'zod';
import type { Endpoint } from '../kubernetes-server.ts';
import type { KubernetesObject } from './helm.ts';

const discovery = z.object({
  resources: z.array(z.object({ name: z.string(), kind: z.string(), namespaced: z.boolean() })),
});

/** Where an object is, as the API server itself tells. */
async function pathOf(server: Endpoint, { apiVersion, kind, metadata }: KubernetesObject): Promise<string> {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const { resources } = discovery.parse(await server.call('GET', root));
  const resource = resources.find((one) => one.kind === kind && !one.name.includes('/'));
  if (resource === undefined) throw new Error(`the API server has no ${kind} of ${apiVersion}`);
  const within = resource.namespaced ? `/namespaces/${metadata.namespace ?? 'default'}` : '';
  return `${root}${within}/${resource.name}/${metadata.name}`;
}

/** Server-side apply; with `dryRun` the API server does all of it but keep the object. An unknown field is an error. */
export async function apply(server: Endpoint, object: KubernetesObject, dryRun = false): Promise<unknown> {
  const query = `fieldManager=test&force=true&fieldValidation=Strict${dryRun ? '&dryRun=All' : ''}`;
  return server.call('APPLY', `${await pathOf(server, object)}?${query}`, object);
}
