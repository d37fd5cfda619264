import { estate, type Estate } from '../../collectors/kubernetes/estate.ts';

const IMAGES = 400;

export interface KubernetesSize {
  readonly pods: number;
  /** Each with a replica set that has its share of the pods. */
  readonly deployments: number;
  readonly namespaces: number;
  /** Objects of every other list. */
  readonly others: number;
}

interface Object {
  readonly metadata?: { readonly name: string; readonly namespace?: string };
}

/** The cluster of the tests with so many objects: each list's first one as it is, the others after it. */
export function kubernetesEstate(size: KubernetesSize): Estate {
  const { pods, deployments, namespaces, others } = size;
  const sizes: Readonly<Record<string, number>> = {
    '/api/v1/pods': pods,
    '/api/v1/namespaces': namespaces,
    '/apis/apps/v1/deployments': deployments,
    '/apis/apps/v1/replicasets': deployments,
  };
  return new Map(
    [...estate()].map(([path, list]) => {
      const [first = {}] = list.objects;
      const objects = Array.from({ length: sizes[path] ?? others }, (_, index) =>
        copyOf(path, first, index, size),
      );
      return [path, { ...list, objects }];
    }),
  );
}

function copyOf(path: string, object: Object, index: number, size: KubernetesSize): object {
  const namespace = (at: number) => `team-${at % size.namespaces}`;
  const named = (name: string, at: number) => ({
    ...object,
    metadata: {
      ...object.metadata,
      name,
      ...(object.metadata?.namespace === undefined ? {} : { namespace: namespace(at) }),
      uid: `uid-${path}-${index}`,
    },
  });
  if (path === '/api/v1/namespaces') return named(namespace(index), index);
  if (path === '/apis/apps/v1/replicasets')
    return owned(named(`deployments-${index}-5d9`, index), 'Deployment', `deployments-${index}`);
  if (path === '/api/v1/pods') return podOf(named, index, size.deployments);
  if (index === 0) return object;
  if (path.endsWith('rolebindings'))
    return { ...named(`bound-${index}`, index), subjects: [personOf(index)] };
  return named(`${path.slice(path.lastIndexOf('/') + 1)}-${index}`, index);
}

/** Pods of deployments, a few containers each, with what the API server tells of them besides. */
function podOf(named: (name: string, at: number) => object, index: number, deployments: number): object {
  const at = index % deployments;
  const image = `registry.example.org/app-${at % IMAGES}:1.${at % 7}`;
  const container = (name: string) => ({
    name,
    image,
    env: Array.from({ length: 8 }, (_, number) => ({ name: `VARIABLE_${number}`, value: `value ${number}` })),
    resources: { limits: { memory: '128Mi' }, requests: { cpu: '50m' } },
  });
  const pod = owned(named(`deployments-${at}-5d9-${index}`, at), 'ReplicaSet', `deployments-${at}-5d9`, {
    'pod-template-hash': '5d9',
    app: 'web',
  });
  return {
    ...pod,
    spec: { containers: [container('main'), container('proxy')], nodeName: `nodes-${index % 100}` },
    status: {
      phase: 'Running',
      containerStatuses: ['main', 'proxy'].map((name) => ({
        name,
        image,
        imageID: `registry.example.org/app@sha256:${String(at % IMAGES).padStart(64, '0')}`,
        ready: true,
        restartCount: index,
      })),
    },
  };
}

function owned(object: Object, kind: string, name: string, labels: object = {}): object {
  const ownerReferences = [
    { apiVersion: 'apps/v1', kind, name, uid: `uid-${kind}-${name}`, controller: true },
  ];
  return { ...object, metadata: { ...object.metadata, labels, ownerReferences } };
}

function personOf(index: number): object {
  return { kind: 'User', name: `p${index}@acme.example`, apiGroup: 'rbac.authorization.k8s.io' };
}
