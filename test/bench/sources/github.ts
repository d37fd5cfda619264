import { z } from 'zod';
import { NOW, register } from '../../e2e/organisation.ts';
import { PEOPLE } from '../aws/manifests.ts';
import { type Forked, forked } from '../forked.ts';
import { type Measure, round } from '../measure.ts';
import { peakOf, withBundle } from '../pass.ts';
import type { GithubSize } from './github-estate.ts';

const MEMBERS = 3_000;
/** An organisation of 1,200 repositories, with ten changes each and some thousand alerts. */
export const LARGE: GithubSize = { repositories: 1_200, members: MEMBERS, changes: 10, alerts: 5_000 };

/** An organisation in a process of its own, and the manifest that collects it. */
export async function startGithub(
  size: GithubSize,
): Promise<{ readonly stub: Forked; readonly manifest: string }> {
  const stub = await forked(new URL('./github-child.ts', import.meta.url), [JSON.stringify(size)]);
  const manifest = `
apiVersion: annexa.dev/v1alpha1
kind: Collector
metadata: { name: github }
spec:
  plugin: github
  settings: { organizations: [Acme], auth: { token: { env: KEY } }, baseUrl: '${z.string().parse(stub.told)}' }
`;
  return { stub, manifest };
}

/** Memory of one pass of the agent over the organisation and a register of people. */
export function githubMemory(): Promise<readonly Measure[]> {
  return withBundle(async (program) => {
    const { stub, manifest } = await startGithub(LARGE);
    await using _ = stub;
    const files = {
      'github.yaml': manifest,
      'people.csv': register(MEMBERS + 1, NOW, MEMBERS),
      'hr.yaml': PEOPLE,
    };
    const most = await peakOf(program, files);
    return [{ name: 'github-memory/peak', value: round(most), unit: 'MB', goal: 300 }];
  });
}
