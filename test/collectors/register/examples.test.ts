import { join } from 'node:path';
import { expect, test } from 'vitest';
import { register } from '../../../src/collectors/register/index.ts';
import { datasets } from '../../../src/collectors/register/registers.ts';
import { plugins } from '../../../src/collectors/registry.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { typed } from '../../../src/inventory/typed.ts';
import type { RegisterConfig } from '../../../src/collectors/register/config.ts';
import { contextOf, recordsOf } from '../harness.ts';
import { at, now } from './harness.ts';

const directory = join(import.meta.dirname, '../../../examples/registers/annexa');
const loaded = await loadConfig(directory, {
  env: {},
  plugins: [...plugins.values()],
  builtinChecks: [],
  now,
});
const own = loaded.collectors.find(({ type }) => type === 'register');

test('the examples map a register for every dataset', () => {
  expect(own?.datasets.map(({ dataset }) => dataset)).toEqual(datasets.map(({ name }) => name));
});

test.each(datasets.map(({ name, kinds }) => [name, kinds[0]]))(
  'the example of %s becomes records of the kind %s',
  async (dataset, kind) => {
    const { context, told } = contextOf(() => now, {}, { directory });
    await using collector = register.connect(typed<RegisterConfig>(own?.settings), context);
    const records = await recordsOf(collector, dataset, { id: 'acme' });
    expect(records.length).toBeGreaterThan(0);
    expect(new Set(records.map((record) => record.kind))).toEqual(new Set([kind]));
    expect(told.asOf).toBe(at('2026-11-20T00:00:00+01:00'));
    expect(told.notes.get('sha256')).toMatch(/^[0-9a-f]{64}$/);
    expect(told.notes.get('rows')).toBe(records.length);
    expect(told.calls.map(({ operation }) => operation)).toEqual(['read']);
  },
);
