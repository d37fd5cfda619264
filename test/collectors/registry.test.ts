import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { plugins } from '../../src/collectors/registry.ts';
import { kinds } from '../../src/inventory/kinds.ts';

const folders = readdirSync(join(import.meta.dirname, '../../src/collectors'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && existsSync(join(entry.parentPath, entry.name, 'index.ts')))
  .map((entry) => entry.name);

describe('the registry of collectors', () => {
  test('holds exactly the folders that have an index.ts', () => {
    expect([...plugins.keys()].sort()).toEqual(folders.sort());
  });

  test.each([...plugins])('%s exports the plugin of its folder, under its own type', async (type, plugin) => {
    const module: unknown = await import(`../../src/collectors/${type}/index.ts`);
    expect(module).toHaveProperty(type, plugin);
    expect(plugin.type).toBe(type);
  });

  test.each([...plugins])('%s offers datasets of known kinds, each name once', (_, plugin) => {
    const names = plugin.datasets.map((dataset) => dataset.name);
    expect(names).not.toEqual([]);
    expect(new Set(names).size).toBe(names.length);
    for (const dataset of plugin.datasets) {
      expect(dataset.kinds).not.toEqual([]);
      for (const kind of dataset.kinds) expect(kinds.has(kind), `${dataset.name}: ${kind}`).toBe(true);
    }
  });
});
