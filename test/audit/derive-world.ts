import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import type { Evidence, Question } from '../../src/audit/contract.ts';
import { derive } from '../../src/audit/derive/derive.ts';
import { openStoreEvidence } from '../../src/audit/store-evidence.ts';
import { createKinds } from '../../src/audit/verify/kinds.ts';
import { readStore } from '../../src/evidence/reader.ts';
import { makeWorld, NOW, type World } from '../engine/world.ts';

export const START = NOW;
export const MINUTE = 60;
/** A record that wants to be markup, a formula, and to turn the text around. */
export const HOSTILE = '=2+5<img/src=x>\u202e&"';

const SETTINGS = `
apiVersion: annexa.dev/v1alpha1
kind: Agent
metadata: { name: test }
spec: { organisation: 'Acme <b>GmbH</b>', domain: test.example, data: DATA, commitWindow: 1s, evaluateEvery: 15m, listen: "127.0.0.1:0" }
`;

const COLLECTOR = `
apiVersion: annexa.dev/v1alpha1
kind: Collector
metadata: { name: people }
spec:
  plugin: hr
  datasets: { people: { schedule: every 10m, freshness: 1d, maxShrink: 0.9 } }
  settings:
    scope: test
    file: people.csv
    asOf: { column: asof }
    columns: { personId: id, workEmail: email, lastDay: last }
`;

const check = (name: string, aspect: string, within: string, fails: string) => `
apiVersion: annexa.dev/v1alpha1
kind: Check
metadata: { name: ${name} }
spec:
  title: Nobody of ${name} has left
  aspects: [${aspect}]
  nature: state
  severity: high
  within: ${within}
  params: { states: { value: [left, "it's gone", "a:b"] } }
  kind: person
  where: it.id <> 'hr:test::states'
  fails: ${fails}
  reason: "substr(it.id, 9) || ' has left'"
  remediation: none
  rationale: The register says who has left.
`;
const STRICT = `it.status IN (SELECT s.value FROM json_each(:states) AS s)`;
const WEAK = `it.status IN (SELECT s.value FROM json_each(:states) AS s WHERE s.value <> 'left')`;

const OTHERS = `
apiVersion: annexa.dev/v1alpha1
kind: Scope
metadata: { name: scope }
spec:
  statement: Everything that Acme does
  entities: [Acme GmbH]
  sites: [Bremen]
  services: []
  sources: [{ collector: people, scopes: [test] }]
  exclusions: [{ what: the shop, reason: sold, approver: the board }]
---
apiVersion: annexa.dev/v1alpha1
kind: StatementOfApplicability
metadata: { name: soa }
spec:
  version: '7'
  approver: the board
  approvedAt: 2026-01-01
  controls:
    - { control: A.5.18, applicable: true, justification: 'risk 4', implementation: implemented, owner: hr }
    - { control: A.7.1, applicable: false, justification: no site of our own }
---
apiVersion: annexa.dev/v1alpha1
kind: Attestation
metadata: { name: review }
spec:
  aspects: [A.5.18/review]
  statement: reviewed
  by: the owner
  at: 2026-05-01
  expires: 2026-12-01
`;

const EXCEPTION = `
apiVersion: annexa.dev/v1alpha1
kind: Exception
metadata: { name: accepted, annotations: { annexa.dev/approved-by: the board, annexa.dev/approved-at: 2026-06-01T12:00:00Z } }
spec: { check: leavers, records: ['hr:test:3'], reason: on call, risk: R-3, approver: the board, approvedAt: 2026-06-01T12:00:00Z, expires: 2027-01-01 }
`;

const register = (left: readonly string[]) =>
  [
    'id,email,last,asof',
    ...['1', '2', '3', '4', HOSTILE].map(
      (id) => `"${id.replaceAll('"', '""')}",,${left.includes(id) ? '2026-05-01' : ''},2026-06-01`,
    ),
    '',
  ].join('\n');

/** What the last assessment made of the controls, as the agent itself tells it. */
export type AgentsView = ReadonlyMap<string, { readonly status: string; readonly why: string }>;

export interface DeriveWorld extends AsyncDisposable {
  readonly world: World;
  readonly store: string;
  readonly view: AgentsView;
  /** Digest of the records of the last snapshot. */
  readonly snapshot: string;
}

/**
 * Minute by minute: 10: 1 leaves; 20: 1 is back; 30: 2, 3 and the hostile one leave; 40: an exception for 3; 50: the register can't be read;
 * 60: the second check is weakened; 120: the register is read again.
 */
export async function makeDeriveWorld(): Promise<DeriveWorld> {
  const world = await makeWorld({
    manifests: {
      'collector.yaml': COLLECTOR,
      'leavers.yaml': check('leavers', 'A.5.18/removal', '1h', STRICT),
      'second.yaml': check('second', 'A.5.11/devices-returned', '1d', STRICT),
      'others.yaml': OTHERS,
    },
  });
  await world.write('agent.yaml', SETTINGS.replace('DATA', JSON.stringify(`${world.directory}/data`)));
  let view: AgentsView = new Map();
  let snapshot = '';
  const at = async (minute: number) => {
    world.now = START + minute * MINUTE;
    await using opened = await world.open();
    await opened.agent.open();
    await opened.agent.collectOnce();
    const { items } = await opened.agent.view.controls({ limit: 1000 });
    view = new Map(items.map(({ id, status, why }) => [id, { status, why }]));
    const { items: entries } = await opened.agent.view.evidence({ limit: 1000 });
    const last = entries.findLast(({ stream }) => stream.startsWith('snapshot/'));
    snapshot = last?.subjects.find(({ name }) => name === 'records')?.sha256 ?? '';
  };
  const stays = ['2', '3', HOSTILE];
  const steps: readonly (readonly [number, string, string])[] = [
    [0, 'people.csv', register([])],
    [10, 'people.csv', register(['1'])],
    [20, 'people.csv', register([])],
    [30, 'people.csv', register(stays)],
    [40, 'exception.yaml', EXCEPTION],
    [50, 'people.csv', 'nothing\n'],
    [60, 'second.yaml', check('second', 'A.5.11/devices-returned', '1d', `"${WEAK}"`)],
    [120, 'people.csv', register(stays)],
  ];
  for (const [minute, file, text] of steps) {
    await world.write(file, text);
    await at(minute);
  }
  const store = join(world.directory, 'data/evidence');
  return { world, store, view, snapshot, [Symbol.asyncDispose]: () => world[Symbol.asyncDispose]() };
}

export type Asked = Partial<Omit<Question, 'at'>>;

/** The period from half an hour before the start to ten minutes after the end. */
const PERIOD = { from: START - 30 * MINUTE, to: START + 130 * MINUTE };

/** Every derived file, by name. */
export async function deriveFrom(
  store: string,
  asked: Asked = {},
  change: (evidence: Evidence) => Evidence = (evidence) => evidence,
): Promise<ReadonlyMap<string, Buffer>> {
  const temporary = await mkdtemp(join(tmpdir(), 'annexa-test-'));
  await using kinds = createKinds();
  try {
    const question = { ...PERIOD, controls: null, collectors: null, ...asked };
    await using evidence = await openStoreEvidence(await readStore(store), {
      question,
      temporary,
      kindsOf: kinds.kindsOf,
    });
    const files = new Map<string, Buffer>();
    await derive(change(evidence), evidence.question, async (name, bytes) => {
      files.set(name, Buffer.concat(await Array.fromAsync(bytes)));
    });
    return files;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

export type Row = Readonly<Record<string, string>>;

export function rowsOf(files: ReadonlyMap<string, Buffer>, name: string): Row[] {
  return parse(files.get(name) ?? '', { columns: true, relaxColumnCount: false });
}

export function digests(files: ReadonlyMap<string, Buffer>): Record<string, string> {
  return Object.fromEntries(
    [...files].map(([name, bytes]) => [name, createHash('sha256').update(bytes).digest('hex')]),
  );
}
