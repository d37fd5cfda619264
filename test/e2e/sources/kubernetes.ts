import { datasets } from '../../../src/collectors/kubernetes/datasets.ts';
import { soundEstate } from '../../collectors/kubernetes/sound.ts';
import { kubeconfig, pathOfOperation } from '../../collectors/kubernetes/harness.ts';
import { type Fault, startStub } from '../../collectors/kubernetes/stub.ts';
import { people } from './people.ts';
import { dependentsOf, type Faults, faultsOf, type Part, type Source } from './source.ts';

const KINDS = ['denied', 'empty-object', 'truncated', 'throttled', 'cut'] as const satisfies readonly Fault[];

async function open(faults: Faults): Promise<Part> {
  const stub = await startStub(soundEstate(Math.floor(Date.now() / 1000)));
  for (const [operation, { kind }] of Object.entries(faultsOf(KINDS, faults)))
    stub.faults.set(pathOfOperation(operation), { fault: kind, continued: kind === 'cut' });
  return {
    plugin: 'kubernetes',
    settings: {
      cluster: 'test',
      kubeconfig: { env: 'KUBECONFIG' },
      pageSize: 2,
      maxAttempts: 1,
      backups: { cronJobSelector: { matchLabels: { purpose: 'backup' } } },
    },
    env: { KUBECONFIG: kubeconfig(stub.url) },
    [Symbol.asyncDispose]: () => stub[Symbol.asyncDispose](),
  };
}

export const kubernetes: Source = {
  name: 'kubernetes',
  operations: dependentsOf(datasets),
  kinds: ['denied', 'empty-object', 'truncated'],
  limit: { 'list pods': 'throttled' },
  cut: { 'list networking.k8s.io/networkpolicies': 'cut' },
  open,
  beside: [people],
  others: {
    // A cluster knows who is bound, but not how they sign in nor when they did.
    'identity-dormant': 'unknown',
    'identity-second-factor': 'unknown',
    'identity-second-factor-enforced': 'unknown',
    // Nor whether a snapshot is encrypted, and who else may read it.
    'snapshot-encrypted': 'unknown',
    'snapshot-not-public': 'unknown',
    // A user is bound himself.
    'grants-by-role': 'fail',
    // The organisation has named no images.
    'image-approved': 'unknown',
    // Nothing is what they are about.
    'backup-jobs-end': 'not_applicable',
    'backup-points-encrypted': 'not_applicable',
    'cluster-administrator-groups': 'not_applicable',
    // The register doesn't say how people are engaged.
    'contractor-end': 'unknown',
    // Nobody declared a service.
    'service-owner': 'not_applicable',
  },
};
