import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { plugins } from '../../src/collectors/registry.ts';
import { loadConfig } from '../../src/config/load.ts';
import { builtinChecks } from '../../src/controls/builtin.ts';
import { catalogue } from '../../src/controls/catalogue.ts';
import { now } from './harness.ts';

const path = join(import.meta.dirname, '../../examples/acme');
const acme = await loadConfig(path, {
  env: {},
  plugins: [...plugins.values()],
  builtinChecks: await builtinChecks(),
  now,
});

test('the Statement of Applicability answers for each of the 93 controls', () => {
  expect(acme.soa?.spec.controls.map(({ control }) => control)).toEqual(
    catalogue.controls.map(({ id }) => id),
  );
  expect(acme.soa?.spec.controls.filter(({ applicable }) => !applicable).length).toBeGreaterThan(0);
});

test('the scope names every collector', () => {
  expect(acme.scope?.sources.map(({ collector }) => collector)).toEqual(
    acme.collectors.map(({ name }) => name),
  );
});

test('the organisation is a sample, and says so', () => {
  expect(acme.agent.sample?.estate).toBe(join(path, 'estate'));
});

test('attested documents have the digests stated', async () => {
  const documents = acme.attestations.flatMap(({ spec }) => spec.documents);
  expect(documents.length).toBeGreaterThan(0);
  for (const { name, sha256 } of documents) {
    const bytes = await readFile(join(path, name));
    expect(createHash('sha256').update(bytes).digest('hex'), name).toBe(sha256);
  }
});
