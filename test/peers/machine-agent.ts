import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Machine, Started } from './machine.ts';

export interface Running extends Started {
  readonly url: string;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** The agent on a machine that shares the loopback with us, its configuration in `config`. */
export async function runAgent(
  machine: Machine,
  data: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Running> {
  const agent = machine.annexa(['run', '--config', join(machine.directory, 'config')], {
    ANNEXA_DATA: join(machine.directory, data),
    ANNEXA_LISTEN: '127.0.0.1:0',
    ...env,
  });
  const [, url = ''] = await agent.said(/listens on (http:\S+)/);
  return { ...agent, url };
}

export async function ask({ url }: Running, path: string): Promise<Answer> {
  const answer = await fetch(`${url}${path}`);
  return { status: answer.status, text: await answer.text() };
}

/** Asks until the answer is as wanted; the test's own time ends it. */
export async function until(
  agent: Running,
  path: string,
  wanted: (answer: Answer) => boolean,
): Promise<Answer> {
  for (;;) {
    const answer = await ask(agent, path);
    if (wanted(answer)) return answer;
    await sleep(100);
  }
}

export const ready = (agent: Running) => until(agent, '/readyz', ({ status }) => status === 200);
export const unready = (agent: Running) => until(agent, '/readyz', ({ status }) => status === 503);

/** Ends it as a cluster does; what it wrote on standard error. */
export async function stopped(agent: Running): Promise<string> {
  agent.child.kill('SIGTERM');
  const { code, err } = await agent.ended;
  expect(code, err.slice(-500)).toBe(0);
  return err;
}

export async function verified(machine: Machine, data: string): Promise<void> {
  const { code, out, err } = await machine.annexa(['verify', join(machine.directory, data, 'evidence')])
    .ended;
  expect(code, out + err).toBe(0);
}

/** People are collected all the time, and judged by a check that they pass. */
export const MANIFESTS = `
apiVersion: annexa.dev/v1alpha1
kind: Agent
metadata: { name: test }
spec: { organisation: Test, domain: test.example, commitWindow: 1s, evaluateEvery: 5s }
---
apiVersion: annexa.dev/v1alpha1
kind: Collector
metadata: { name: people }
spec:
  plugin: hr
  datasets: { people: { schedule: every 1s, freshness: 5d } }
  settings: { scope: test, file: people.csv, asOf: { column: asof }, columns: { personId: id, workEmail: email } }
---
apiVersion: annexa.dev/v1alpha1
kind: Check
metadata: { name: somebody }
spec: { title: x, aspects: [A.5.16/owner], nature: state, severity: low, within: 1h, kind: person, fails: "it.id = ''", reason: "'x'", remediation: x, rationale: x }
`;

/** Their register as of today, each with an address that says how many there are. */
export function people(count: number): string {
  const day = new Date().toISOString().slice(0, 10);
  const rows = Array.from({ length: count }, (_, n) => `p${n},p${n}.${count}@x.example,${day}`);
  return ['id,email,asof', ...rows, ''].join('\n');
}
