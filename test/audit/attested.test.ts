import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBundle } from '../../src/audit/bundle-evidence.ts';
import { writeBundle } from '../../src/audit/bundle/write.ts';
import { derive } from '../../src/audit/derive/derive.ts';
import { reperform } from '../../src/audit/reperform/reperform.ts';
import { verifyBundle } from '../../src/audit/verify.ts';
import { createKinds } from '../../src/audit/verify/kinds.ts';
import { attestationContent } from '../../src/controls/sealed-attestation.ts';
import type { AgentView, PeriodItem } from '../../src/engine/view.ts';
import { keyFiles, loadKeys } from '../../src/evidence/keys.ts';
import { readStore } from '../../src/evidence/reader.ts';
import { makeWorld, NOW, type World } from '../engine/world.ts';
import { pack, reseal, unpack } from '../torture/bundle-parts.ts';
import { deriveFrom, MINUTE, type Row, rowsOf } from './derive-world.ts';

const MANIFEST = `
apiVersion: annexa.dev/v1alpha1
kind: Attestation
metadata: { name: plans }
spec: { aspects: [A.7.3/design], statement: Seen., by: the owner, at: 2026-01-01, expires: 2026-12-01 }
`;

const content = (name: string, aspects: readonly string[], expires: string, statement = 'Seen.') =>
  attestationContent.parse({ name, aspects, statement, at: '2026-05-01', expires });

const END = '2026-12-01';

/** Ten minutes apart. */
const STEPS: readonly ((view: AgentView) => Promise<unknown>)[] = [
  (view) => view.attest(content('visit', ['A.7.1/defined', 'A.7.1/inspected'], END), 'token:maria'),
  (view) => view.attest(content('plans', ['A.7.3/design'], '2026-06-01T12:35:00Z'), 'token:maria'),
  (view) => view.attest(content('visit', ['A.7.1/inspected'], END, 'Only seen.'), 'token:lee'),
  // Expires meanwhile.
  (view) => view.attest(content('plans', ['A.7.3/design', 'A.7.3/inspected'], END), 'token:maria'),
  (view) => view.withdraw('visit', 'the wrong site', 'token:lee'),
];
const CONTROLS = ['A.7.1', 'A.7.3'];

interface Told {
  readonly at: number;
  readonly controls: ReadonlyMap<string, readonly [status: string, why: string]>;
}

let world: World;
const told: Told[] = [];
const store = () => join(world.directory, 'data/evidence');

async function live(): Promise<void> {
  for (const [step, act] of STEPS.entries()) {
    world.now = NOW + step * 10 * MINUTE;
    await using opened = await world.open();
    const { agent } = opened;
    await agent.open();
    await act(agent.view);
    world.now += 1;
    await agent.settled();
    // All checks are judged once more, as they are every quarter of an hour.
    world.now += MINUTE;
    await agent.collectOnce();
    const { items } = await agent.view.controls({ limit: 1000 });
    told.push({
      at: world.now,
      controls: new Map(items.map(({ id, status, why }) => [id, [status, why] as const])),
    });
  }
}

beforeAll(async () => {
  world = await makeWorld({ manifests: {} });
  await live();
});

afterAll(() => world[Symbol.asyncDispose]());

const controlsOf = (files: ReadonlyMap<string, Buffer>) =>
  new Map(
    rowsOf(files, 'controls.csv')
      .filter((row) => row['aspect'] === '')
      .map((row) => [row['control'] ?? '', [row['status_at_end'], row['why']]]),
  );

const secondsIn = (row: Row | undefined): Record<string, number> =>
  Object.fromEntries(
    ['effective', 'correcting', 'accepted', 'ineffective', 'unknown', 'not_applicable'].map((status) => [
      status,
      Number(row?.[`${status}_seconds`]),
    ]),
  );

describe('the statuses of a bundle', () => {
  test('all of this changed them', () => {
    const of = (id: string) => told.map(({ controls }) => controls.get(id)?.[0]);
    expect(of('A.7.1')).toEqual(['effective', 'effective', 'unknown', 'unknown', 'unknown']);
    expect(of('A.7.3')).toEqual(['unknown', 'unknown', 'unknown', 'effective', 'effective']);
  });

  test('are the agent’s own, wherever the period begins and ends', async () => {
    const begins = [NOW - MINUTE, ...told.map(({ at }) => at)];
    const pairs = [
      [0, 0],
      [0, 2],
      [0, 4],
      [1, 3],
      [2, 4],
      [4, 4],
    ] as const;
    for (const [first, step] of pairs) {
      const [from, end] = [(begins[first] ?? 0) + 1, told[step]];
      const files = await deriveFrom(store(), { from, to: (end?.at ?? 0) + 1 });
      expect(controlsOf(files), `step ${first} to ${step}`).toEqual(end?.controls);
    }
  });

  test('stood as long as the agent says', async () => {
    await using opened = await world.open();
    const { view } = opened.agent;
    for (const begin of [NOW - MINUTE, told[2]?.at ?? 0]) {
      const period = { from: begin + 1, to: NOW + 45 * MINUTE };
      const rows = rowsOf(await deriveFrom(store(), period), 'controls.csv');
      for (const id of CONTROLS) {
        const fared: PeriodItem | null | undefined = (await view.control(id, period))?.period;
        const of = (aspect: string) => rows.find((row) => row['control'] === id && row['aspect'] === aspect);
        expect([id, secondsIn(of(''))]).toEqual([id, fared?.seconds]);
        for (const aspect of fared?.aspects ?? [])
          expect([aspect.id, secondsIn(of(aspect.id))]).toEqual([aspect.id, aspect.seconds]);
      }
    }
  });
});

describe('attestations.csv', () => {
  const rows = async (asked = {}) =>
    rowsOf(await deriveFrom(store(), { from: NOW, to: NOW + 60 * MINUTE, ...asked }), 'attestations.csv').map(
      (row) =>
        ['attestation', 'by_known', 'state_at_end', 'withdrawn', 'withdrawn_why'].map(
          (column) => row[column],
        ),
    );
  const at = (minute: number) => new Date((NOW + minute * MINUTE) * 1000).toISOString().replace('.000', '');
  const [maria, lee] = ['authenticated as token:maria', 'authenticated as token:lee'];

  test('says how it is known who attests, and until when each wording stood', async () => {
    expect(await rows()).toEqual([
      ['visit', maria, 'withdrawn', at(20), ''],
      ['plans', maria, 'withdrawn', at(30), ''],
      ['visit', lee, 'withdrawn', at(40), 'the wrong site'],
      ['plans', maria, 'valid', '', ''],
    ]);
  });

  test('holds what stood in the period, for the controls that were asked for', async () => {
    expect(await rows({ from: NOW + 25 * MINUTE, controls: ['A.7.3'], to: NOW + 45 * MINUTE })).toEqual([
      ['plans', maria, 'withdrawn', at(30), ''],
      ['plans', maria, 'valid', '', ''],
    ]);
  });
});

describe('a bundle', () => {
  async function write(name: string, controls: readonly string[] | null): Promise<string> {
    const file = join(world.directory, `${name}.zip`);
    await using kinds = createKinds();
    const { checkpoint } = await loadKeys(keyFiles(join(world.directory, 'data/keys')));
    await writeBundle(await readStore(store()), {
      question: { from: NOW + 25 * MINUTE, to: NOW + 60 * MINUTE, controls, collectors: null },
      signer: checkpoint,
      kindsOf: kinds.kindsOf,
      derive,
      agent: { version: '0.0.0', build: 'test' },
      file,
    });
    return file;
  }

  test('of a later period holds what was attested before it, and verifies', async () => {
    const file = await write('whole', null);
    expect((await verifyBundle(file)).problems).toEqual([]);
    await using bundle = await openBundle(file);
    expect(bundle.context.filter(({ predicate }) => predicate === 'attestation')).toHaveLength(3);
    expect((await reperform(bundle)).differences).toEqual([]);
  });

  test('of other controls does not say what was attested, nor by whom, and verifies', async () => {
    const file = await write('narrow', ['A.7.3']);
    expect((await verifyBundle(file)).problems).toEqual([]);
    const text = [...(await unpack(await readFile(file))).values()].map((bytes) => bytes.toString()).join('');
    expect(text).toContain('token:maria');
    expect(text).not.toContain('token:lee');
    expect(text).not.toContain('Only seen.');
  });

  test('that leaves out what took the place of another is found', async () => {
    const files = await unpack(await readFile(await write('cut', null)));
    await using bundle = await openBundle(join(world.directory, 'cut.zip'));
    const left = bundle.context.filter(({ predicate }) => predicate === 'attestation')[2];
    const without = (name: string) =>
      (files.get(name) ?? '')
        .toString()
        .split('\n')
        .filter((line) => !line.startsWith(`{"index":${left?.index},`));
    for (const name of ['envelopes.jsonl', 'proofs.jsonl'])
      files.set(name, Buffer.from(without(name).join('\n')));
    files.delete(`evidence/${left?.subjects[0]?.sha256}.ndjson`);
    const keys = await loadKeys(keyFiles(join(world.directory, 'data/keys')));
    await reseal(files, 'true', keys);
    const { problems } = await verifyBundle(await saved(pack(files)));
    expect(problems).toContainEqual(
      expect.objectContaining({ code: 'missing', message: 'an attestation sealed before it is left out' }),
    );
  });
});

async function saved(bytes: Uint8Array): Promise<string> {
  const file = join(world.directory, 'changed.zip');
  await writeFile(file, bytes);
  return file;
}

test('a manifest of the same name is told beside it', async () => {
  world.now = NOW + 50 * MINUTE;
  await world.write('plans.yaml', MANIFEST);
  {
    await using opened = await world.open();
    await opened.agent.open();
    const { items } = await opened.agent.view.controls({ limit: 1000 });
    const own = new Map(items.map(({ id, status, why }) => [id, [status, why]]));
    const files = await deriveFrom(store(), { from: NOW + 45 * MINUTE, to: world.now + 1 });
    expect(controlsOf(files)).toEqual(own);
    expect(rowsOf(files, 'attestations.csv')).toMatchObject([
      { attestation: 'plans', by_known: 'asserted in the configuration', entry: '' },
      { attestation: 'plans', by_known: 'authenticated as token:maria', state_at_end: 'displaced' },
    ]);
    expect((files.get('report.html') ?? '').toString()).toContain('authenticated as token:maria');
  }
});
