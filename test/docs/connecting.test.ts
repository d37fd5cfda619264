import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { appManifest, datasets as github } from '../../src/collectors/github/datasets.ts';
import { datasets as google } from '../../src/collectors/google/datasets.ts';
import { plugins } from '../../src/collectors/registry.ts';
import { collectorManifest } from '../../src/config/schemas.ts';

const page = readFileSync('docs/connecting.md', 'utf8');
const sections = new Map(
  page
    .split(/^(?=## )/m)
    .slice(1)
    .map((part) => [/^## `(\w+)`$/m.exec(part)?.[1] ?? '', part]),
);
const types = [...plugins.keys()];

describe('docs/connecting.md', () => {
  test('has a section for each source, and a row that leads to it', () => {
    expect([...sections.keys()].toSorted()).toEqual(types.toSorted());
    expect(types.filter((type) => !page.includes(`](#${type}) | \`${type}\` |`))).toEqual([]);
  });

  test.each(types)('names every permission that the datasets of %s need, or links to what does', (type) => {
    const text = sections.get(type) ?? '';
    const told = [text, ...linked(text)].join('\n');
    const needed = new Set(plugins.get(type)?.datasets.flatMap(({ permissions }) => permissions));
    expect(needed.size).toBeGreaterThan(0);
    expect([...needed].filter((permission) => !told.includes(permission))).toEqual([]);
  });

  test.each([
    ['github', github],
    ['google', google.map((dataset) => ({ ...dataset, permissions: dataset.permissions.map(short) }))],
  ] as const)('says in the row of each dataset of %s what it needs, and nothing else', (type, declared) => {
    for (const { name, permissions } of declared) {
      const cell = row(type, name)[1] ?? '';
      const told =
        type === 'github' ? cell.split('; ') : cell.split(', ').map((one) => one.replaceAll('`', ''));
      expect({ name, told: told.sort() }).toEqual({ name, told: [...permissions].sort() });
    }
  });

  test('says in the row of each dataset of kubernetes what it lists', () => {
    for (const { name, permissions } of plugins.get('kubernetes')?.datasets ?? []) {
      const told = [...(row('kubernetes', name)[1] ?? '').matchAll(/`(list [^`]+)`/g)].map(([, one]) => one);
      expect({ name, told }).toEqual({ name, told: permissions.filter((one) => one.startsWith('list ')) });
    }
  });

  test('names the privileges that each dataset of google needs', () => {
    for (const { name, privileges } of google)
      expect({ name, told: row('google', name)[2]?.split('; ') }).toEqual({ name, told: privileges });
  });

  test('registers an app with the permissions of its manifest, and no others', () => {
    const address = /`(https:\/\/github\.com\/organizations\/[^`]+)`/.exec(page)?.[1] ?? '';
    const asked = Object.fromEntries(new URL(address).searchParams);
    expect(asked).toEqual({
      name: 'annexa',
      url: 'https://annexa.dev',
      public: 'false',
      webhook_active: 'false',
      ...Object(Reflect.get(appManifest(), 'default_permissions')),
    });
  });

  test.each(types)('has a manifest for %s', (type) => {
    const manifests = collectorsIn(sections.get(type) ?? '');
    expect(manifests.length).toBeGreaterThan(0);
    expect(manifests.map(pluginOf)).toEqual(manifests.map(() => type));
  });
});

const markdown = [
  'README.md',
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' }).map((name) => join('docs', name)),
  ...types.map((type) => `src/collectors/${type}/README.md`),
].filter((name) => name.endsWith('.md'));

describe('every Collector manifest in the documents', () => {
  test.each(
    markdown.flatMap((name) => collectorsIn(read(name)).map((manifest) => [name, manifest] as const)),
  )('of %s is one that loads', (_, manifest) => {
    const { spec } = collectorManifest.parse(manifest);
    const plugin = plugins.get(spec.plugin);
    expect(plugin?.config.safeParse(spec.settings).error?.issues ?? []).toEqual([]);
    const names = plugin?.datasets.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining([...(spec.only ?? []), ...Object.keys(spec.datasets)]));
  });
});

function read(name: string): string {
  return readFileSync(name, 'utf8');
}

/** The whole documents of kind Collector in the fenced YAML, with a plugin: parts of documents are left out. */
function collectorsIn(text: string): readonly unknown[] {
  return [...text.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)]
    .flatMap(([, block = '']) => parseAllDocuments(block).map((document): unknown => document.toJS()))
    .filter((document) => {
      const { kind, spec } = Object(document);
      return kind === 'Collector' && Object(spec).plugin !== undefined;
    });
}

function pluginOf(manifest: unknown): unknown {
  return collectorManifest.parse(manifest).spec.plugin;
}

/** The cells of the table's row that begins with the dataset's name. */
function row(type: string, dataset: string): readonly string[] {
  const line = sections
    .get(type)
    ?.split('\n')
    .find((candidate) => candidate.startsWith(`| \`${dataset}\``));
  expect(line, `a row for ${dataset}`).toBeDefined();
  return (line ?? '').split(' | ').map((cell) => cell.replace(/^\||\|$/g, '').trim());
}

function short(scope: string): string {
  return scope.replace('https://www.googleapis.com/auth/', '');
}

/** What stands in the files of deploy/permissions that the text links to. */
function linked(text: string): readonly string[] {
  return [...text.matchAll(/\]\(\.\.\/(deploy\/permissions\/[^)]+)\)/g)].map(([, file = '']) => {
    expect(existsSync(file), file).toBe(true);
    return read(file);
  });
}
