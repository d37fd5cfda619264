import { z } from 'zod';
import { kubeconfig } from '../../collectors/kubernetes/harness.ts';
import { NOW, register } from '../../e2e/organisation.ts';
import { PEOPLE } from '../aws/manifests.ts';
import { type Forked, forked } from '../forked.ts';
import { type Measure, round } from '../measure.ts';
import { peakOf, withBundle } from '../pass.ts';
import type { KubernetesSize } from './kubernetes-estate.ts';

const LARGE: KubernetesSize = { pods: 50_000, deployments: 5_000, namespaces: 100, others: 1_000 };
const QUARTER: KubernetesSize = { pods: 12_500, deployments: 1_250, namespaces: 25, others: 250 };

/** A cluster in a process of its own, and what collects it: a manifest, and the kubeconfig that it reads. */
export async function startKubernetes(
  size: KubernetesSize,
): Promise<{ readonly stub: Forked; readonly files: Readonly<Record<string, string>> }> {
  const stub = await forked(new URL('./kubernetes-child.ts', import.meta.url), [JSON.stringify(size)]);
  const manifest = `
apiVersion: annexa.dev/v1alpha1
kind: Collector
metadata: { name: kubernetes }
spec:
  plugin: kubernetes
  settings:
    cluster: bench
    kubeconfig: { file: kubeconfig }
    backups: { cronJobSelector: { matchLabels: { purpose: backup } } }
`;
  return {
    stub,
    files: { 'kubernetes.yaml': manifest, kubeconfig: kubeconfig(z.string().parse(stub.told)) },
  };
}

async function passOf(size: KubernetesSize, program: readonly string[]): Promise<number> {
  const { stub, files } = await startKubernetes(size);
  await using _ = stub;
  const people = { 'people.csv': register(size.others + 1, NOW, size.others), 'hr.yaml': PEOPLE };
  return await peakOf(program, { ...files, ...people });
}

/** Memory of one pass of the agent over a cluster of 50,000 pods and a register of people, against a quarter of it. */
export function kubernetesMemory(): Promise<readonly Measure[]> {
  return withBundle(async (program) => {
    const quarter = await passOf(QUARTER, program);
    const whole = await passOf(LARGE, program);
    return [
      { name: 'kubernetes-memory/peak', value: round(whole), unit: 'MB', goal: 300 },
      {
        name: 'kubernetes-memory/growth',
        value: round(whole),
        unit: 'MB',
        goal: 1.6,
        baseline: round(quarter),
      },
    ];
  });
}
