import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { readStore } from '../../src/evidence/reader.ts';
import { verifyDirectory } from '../../src/evidence/verify.ts';
import type { VerifyOptions } from '../../src/evidence/verify.ts';
import { bodiesIn, frozen } from '../bundles/make-agent-store.ts';
import { STARTS } from '../bundles/make.ts';

const folder = 'test/bundles';
const stores = readdirSync(folder).filter((name) => /^store-[\d-]+$/.test(name));

/** As the README beside the stores gives them. */
async function valuesOf(use: string): Promise<string[]> {
  const readme = await readFile(`${folder}/README.md`, 'utf8');
  return [...readme.matchAll(new RegExp(`^\\| ${use} \\| (\\S+) \\|$`, 'gm'))].map(
    ([, value]) => value ?? '',
  );
}

/** All that came another way. */
async function given(name: string): Promise<VerifyOptions> {
  const trusted = [...(await valuesOf('envelope')), ...(await valuesOf('checkpoint'))];
  const ca = `${folder}/${name}.ca.pem`;
  return {
    trusted,
    witnesses: await valuesOf('witness'),
    ...(existsSync(ca) ? { tsaCa: await readFile(ca, 'latin1') } : {}),
  };
}

describe('a store written by an earlier version', () => {
  test('is there for every format', () => {
    expect(stores).toEqual(expect.arrayContaining(Object.keys(STARTS)));
  });

  test.each(Object.entries(STARTS))('%s was written when its name says', async (name, start) => {
    const reader = await readStore(`${folder}/${name}`);
    expect((await reader.entry(0)).sealedAt).toBe(start);
    expect(`store-${new Date(start * 1000).toISOString().slice(0, 7)}`).toBe(name);
  });

  test.each(stores)('%s verifies, by keys that came another way', async (name) => {
    const options = await given(name);
    expect(options.trusted).toHaveLength(4);
    const report = await verifyDirectory(`${folder}/${name}`, options);
    expect(report.problems).toEqual([]);
    expect(report.ok).toBe(true);
    expect(report.trust.map(({ from }) => from)).not.toContain('store');
    expect(report.trust.length).toBeGreaterThanOrEqual(2);
    expect(report.entries).toBeGreaterThan(10);
    expect(report.bodies).toBeGreaterThan(5);
  });

  test('store-2026-11 shows when, to whom, and what was erased', async () => {
    const report = await verifyDirectory(`${folder}/store-2026-11`, await given('store-2026-11'));
    expect(report.time).toEqual({
      tokens: 5,
      newest: { size: 34, authority: 'acme-time', genTime: 1_793_543_180 },
      covered: 34,
      late: 0,
      asserted: 12,
    });
    expect(report.splitView).toEqual({ size: 34, by: 'the witness witness.example' });
    expect(report.notes.filter((note) => note.includes('erased by entry 28'))).toHaveLength(2);
    expect(report.trust.map(({ use, name }) => `${use} ${name}`)).toEqual([
      'envelope entries 0 to 12',
      'checkpoint entries 0 to 20',
      'envelope since entry 13',
      'checkpoint since entry 14',
      'authority O=Test, CN=Root',
      'witness witness.example',
    ]);
  });

  test.each(stores)('%s is not verified by other keys', async (name) => {
    const report = await verifyDirectory(`${folder}/${name}`, { trusted: ['0'.repeat(64)] });
    expect(new Set(report.problems.map(({ code }) => code))).toEqual(new Set(['foreign-key']));
    expect(report.problemCount).toBe(
      report.trust.filter(({ use }) => /envelope|checkpoint/.test(use)).length,
    );
  });
});

const agentStores = readdirSync(folder).filter((name) => /^store-\d{4}-\d\d-[a-z]+$/.test(name));

describe('a store that an agent sealed', () => {
  test('is there for access', () => {
    expect(agentStores).toContain('store-2026-11-access');
  });

  test.each(agentStores)('%s verifies by its keys, and what it says is read back', async (name) => {
    const told = frozen.parse(JSON.parse(await readFile(`${folder}/${name}.json`, 'utf8')));
    const report = await verifyDirectory(`${folder}/${name}`, { trusted: told.trusted });
    expect(report).toMatchObject({ ok: true, problems: [], entries: told.entries });
    expect(report.trust.map(({ from }) => from)).not.toContain('store');
    expect(told.access).not.toEqual([]);
    for (const predicate of ['access', 'attestation'] as const)
      expect(await bodiesIn(`${folder}/${name}`, predicate), predicate).toEqual(told[predicate]);
  });

  test('store-2026-11-access holds what was attested, and a population that is named whole', async () => {
    const told = frozen.parse(JSON.parse(await readFile(`${folder}/store-2026-11-access.json`, 'utf8')));
    expect(told.attestation.flat().map(({ name, by }) => [name, by])).toEqual([
      ['site-visit', 'token:kim'],
      ['drill', 'oidc:lee'],
      ['drill', 'oidc:lee'],
    ]);
    const reader = await readStore(`${folder}/store-2026-11-access`);
    const all = await Array.fromAsync(reader.entries());
    const assessment = all.findLast(
      ({ predicate, fields }) => predicate === 'assessment' && fields['full'] === true,
    );
    const verdicts = assessment?.subjects.find((subject) => subject.name === 'verdicts');
    const [verdict] = await Array.fromAsync(reader.body(verdicts?.sha256 ?? ''));
    expect(verdict).toMatchObject({ outcome: 'pass', population: 'whole' });
    const records = await Array.fromAsync(reader.body(String(verdict?.['body'])));
    expect(records.map(({ outcome }) => outcome)).toEqual(['pass']);
  });

  test('store-2026-11-access holds the configuration that says who may ask', async () => {
    const reader = await readStore(`${folder}/store-2026-11-access`);
    const config = await Array.fromAsync(reader.entries()).then((all) =>
      all.find(({ predicate }) => predicate === 'config'),
    );
    const documents = config?.subjects.find((subject) => subject.name === 'documents');
    const lines = await Array.fromAsync(reader.body(documents?.sha256 ?? ''));
    expect(lines.find((line) => line['kind'] === 'Agent')).toMatchObject({
      manifest: {
        spec: {
          access: { tokens: [{ name: 'kim', roles: ['auditor'] }], kubernetes: { audiences: ['annexa'] } },
        },
      },
    });
  });
});
