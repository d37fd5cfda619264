import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBundle } from '../../src/audit/bundle-evidence.ts';
import { reperform } from '../../src/audit/reperform/reperform.ts';
import { bodyNamed } from '../../src/audit/selection.ts';
import { fingerprint } from '../../src/evidence/public-keys.ts';
import { FROZEN } from '../bundles/make-bundle.ts';
import { readBundleGround } from '../torture/bundle-ground.ts';
import type { BundleGround } from '../torture/bundle-ground.ts';
import { manifestOf, pack, reseal, unpack } from '../torture/bundle-parts.ts';

const HONEST = join(FROZEN, 'honest.zip');
let ground: BundleGround;
let directory: string;

beforeAll(async () => {
  ground = await readBundleGround(FROZEN);
  directory = await mkdtemp(join(tmpdir(), 'annexa-evidence-'));
});

afterAll(() => rm(directory, { recursive: true, force: true }));

describe('a bundle as evidence', () => {
  test('gives range, context, tokens and the question', async () => {
    await using bundle = await openBundle(HONEST);
    const entries = await Array.fromAsync(bundle.entries());
    const { first, end } = bundle.range;
    expect(entries.map(({ index }) => index)).toEqual(
      Array.from({ length: end - first }, (_, at) => first + at),
    );
    expect(bundle.context[0]).toMatchObject({ index: 0, predicate: 'genesis' });
    expect(bundle.context.every(({ index }) => index < first || index >= end)).toBe(true);
    expect(bundle.tokens.map(({ size }) => size)).toEqual(
      bundle.tokens.map(({ size }) => size).sort((one, other) => one - other),
    );
    expect(bundle.question).toEqual(manifestOf(await unpack(ground.honest)).question);
    expect(bundle.checkpoint.size).toBe(bundle.question.at);
  });

  test('gives an entry by its index, of range and context alone', async () => {
    await using bundle = await openBundle(HONEST);
    const { first, end } = bundle.range;
    expect(bundle.entry(first)?.index).toBe(first);
    expect(bundle.entry(0)?.predicate).toBe('genesis');
    expect(bundle.entry(end + 1000)).toBeUndefined();
  });

  test('gives the lines of bodies, erased ones by what remains, and nothing for others', async () => {
    await using bundle = await openBundle(HONEST);
    let erased = 0;
    for await (const entry of bundle.entries()) {
      const body = entry.predicate === 'snapshot' ? bodyNamed(entry, 'records') : undefined;
      if (body === undefined) continue;
      const lines = await Array.fromAsync((await bundle.lines(body)) ?? []);
      expect(entry.fields['records']).toMatchObject({ count: lines.length });
      erased += lines.filter((line) => 'erased' in line).length;
      const records = lines.flatMap((line) => ('erased' in line ? [] : [line.record]));
      expect(records.filter((record) => 'salt' in record)).toEqual([]);
    }
    expect(erased).toBeGreaterThan(0);
    expect(await bundle.lines('0'.repeat(64))).toBeUndefined();
  });

  test('can be re-performed: no verdict differs', async () => {
    await using bundle = await openBundle(HONEST);
    const report = await reperform(bundle);
    expect(report.differences).toEqual([]);
    expect(report.verdicts).toBeGreaterThan(0);
  });

  test('is refused when anything in it does not follow, with the place', async () => {
    const files = await unpack(ground.honest);
    const name = [...files.keys()].find((one) => /^evidence\/[0-9a-f]{64}/.test(one)) ?? '';
    files.delete(name);
    await reseal(files, 'true', ground.keys);
    const path = join(directory, 'less.zip');
    await writeFile(path, pack(files));
    await expect(openBundle(path)).rejects.toMatchObject({ code: 'corrupt' });
    await expect(openBundle(path)).rejects.toThrow(name);
  });

  test('is refused when the true keys are given and it has others', async () => {
    const trusted = [ground.keys.envelope.spki, ground.keys.checkpoint.spki].map(fingerprint);
    const path = join(FROZEN, 'foreign.zip');
    await expect(openBundle(path, { trusted })).rejects.toMatchObject({ code: 'foreign-key' });
  });

  test('is refused when there is no such file', async () => {
    await expect(openBundle(join(directory, 'no-such.zip'))).rejects.toMatchObject({ code: 'io' });
  });
});
