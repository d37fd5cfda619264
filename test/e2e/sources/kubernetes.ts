import { datasets } from '../../../src/collectors/kubernetes/datasets.ts';
import { soundEstate } from '../../collectors/kubernetes/sound.ts';
import { kubeconfig, pathOfOperation } from '../../collectors/kubernetes/harness.ts';
import { type Fault, startStub } from '../../collectors/kubernetes/stub.ts';
import { people } from './people.ts';
import { dependentsOf, type Faults, type Part, type Source } from './source.ts';

async function open(faults: Faults): Promise<Part> {
  const stub = await startStub(soundEstate(Math.floor(Date.now() / 1000)));
  for (const [operation, kind] of Object.entries(faults))
    stub.faults.set(pathOfOperation(operation), { fault: kind as Fault, continued: kind === 'cut' });
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
  others: {},
};
