import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { awsConfig } from '../../src/collectors/aws/config.ts';
import { bamboohrConfig } from '../../src/collectors/bamboohr/config.ts';
import { githubConfig } from '../../src/collectors/github/config.ts';
import { googleConfig } from '../../src/collectors/google/config.ts';
import { hrConfig } from '../../src/collectors/hr/config.ts';
import { kubernetesConfig } from '../../src/collectors/kubernetes/config.ts';
import { kindOf, registerConfig } from '../../src/collectors/register/config.ts';
import { fieldsOf as cellsOf } from '../../src/collectors/register/field.ts';
import { registers } from '../../src/collectors/register/registers.ts';
import { agentManifest, collectorManifest, environment, scopeManifest } from '../../src/config/schemas.ts';
import { attestationManifest } from '../../src/controls/attestation.ts';
import { controls } from '../../src/cli/controls.ts';
import { builtinChecks } from '../../src/controls/builtin.ts';
import { checkManifest } from '../../src/controls/check.ts';
import type { CoverageSums } from '../../src/controls/coverage.ts';
import { exceptionManifest } from '../../src/controls/exception.ts';
import { soaManifest } from '../../src/controls/soa.ts';

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CHANGELOG.md',
  ...markdownBelow('docs'),
  ...markdownBelow('src/collectors'),
];
const configuration = readFileSync('docs/configuration.md', 'utf8');

describe('docs/configuration.md', () => {
  test.each([
    ['Agent', agentManifest],
    ['Scope', scopeManifest],
    ['Collector', collectorManifest],
    ['`aws`', awsConfig],
    ['`bamboohr`', bamboohrConfig],
    ['`github`', githubConfig],
    ['`google`', googleConfig],
    ['`hr`', hrConfig],
    ['`kubernetes`', kubernetesConfig],
    ['Check', checkManifest],
    ['StatementOfApplicability', soaManifest],
    ['Exception', exceptionManifest],
    ['Attestation', attestationManifest],
  ] as const)('names every field of %s in its section', (title, schema) => {
    const text = section(title);
    const missing = fieldsOf(schema).filter((field) => !named(field, text));
    expect(missing).toEqual([]);
  });

  test('names every field of `register` in its section, or those of the kinds in the readme', () => {
    const text = section('`register`');
    const readme = readFileSync('src/collectors/register/README.md', 'utf8');
    const ofKinds = new Set(registers.flatMap(({ kind }) => cellsOf(kindOf(kind)).map(({ name }) => name)));
    const missing = fieldsOf(registerConfig).filter(
      (field) => !named(field, text) && !(ofKinds.has(field) && named(field, readme)),
    );
    expect(missing).toEqual([]);
  });

  test('names parameters that the product’s checks have', async () => {
    const checks = (await builtinChecks()).map((manifest) => checkManifest.parse(manifest));
    const paramsOf = new Map(checks.map(({ metadata, spec }) => [metadata.name, Object.keys(spec.params)]));
    const rows = [...section('Parameters').matchAll(/^\|(.*?)\| (`.*?) \|/gm)];
    expect(rows.length).toBeGreaterThan(5);
    const words = (cell = '') => [...cell.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word);
    let told: readonly string[] = [];
    for (const [, first, second] of rows) {
      if (words(first).length > 0) told = words(first);
      const params = told.flatMap((name) => paramsOf.get(name) ?? [`no check ${name}`]);
      expect(params).toEqual(expect.arrayContaining(words(second)));
      expect(params.filter((param) => param.startsWith('no check'))).toEqual([]);
    }
  });

  test('names every variable of the environment', () => {
    expect(Object.keys(environment).filter((name) => !configuration.includes(`\`${name}\``))).toEqual([]);
  });
});

describe('README.md', () => {
  test('claims no more checks and controls than there are', async () => {
    const out: string[] = [];
    const io = {
      out: (line: string) => void out.push(line),
      err() {},
      env: {},
      stop: new AbortController().signal,
    };
    await controls.run(['--possible', '--json'], io);
    const { sums }: { sums: CoverageSums } = JSON.parse(out.join('\n'));
    const told =
      /At least (\d+) checks\..* at least (\d+) of the (\d+) controls .* and (\d+) one .*; (\d+) are answered/;
    const [checks, live, total, recorded, whole] = (told.exec(readFileSync('README.md', 'utf8')) ?? [])
      .slice(1)
      .map(Number);
    expect(total).toBe(sums.total);
    expect(checks).toBeLessThanOrEqual((await builtinChecks()).length);
    expect(live).toBeLessThanOrEqual(sums.live);
    expect(recorded).toBeLessThanOrEqual(sums.recorded);
    expect(whole).toBeLessThanOrEqual(sums.whole);
  });
});

describe('every page', () => {
  test.each(pages)('%s links only to what is there', (page) => {
    const links = [...readFileSync(page, 'utf8').matchAll(/\]\(([^)#]+)[^)]*\)/g)].map(
      (found) => found[1] ?? '',
    );
    const broken = links.filter((link) => !/^https?:/.test(link) && !existsSync(join(dirname(page), link)));
    expect(broken).toEqual([]);
  });

  test.each(pages)('%s draws no conclusion that is the auditor’s', (page) => {
    const quotes = /"[^"]*"|Never "compliant", never "proves"/g;
    expect(readFileSync(page, 'utf8').replaceAll(quotes, '')).not.toMatch(/\bcompliant\b|\bproves\b/i);
  });
});

/** From the heading that begins with the title to the next one of the same depth or higher; common fields count for every kind. */
function section(title: string): string {
  const parts = configuration.split(/^(?=##)/m);
  const start = parts.findIndex((part) => new RegExp(`^#+ ${title}`).test(part));
  expect(start, `a section ${title}`).toBeGreaterThan(0);
  const common = parts.find((part) => part.startsWith('## Every document')) ?? '';
  const level = (part: string) => /^#*/.exec(part)?.[0].length ?? 0;
  const end = parts.findIndex((part, at) => at > start && level(part) <= level(parts[start] ?? ''));
  return `${common}${parts.slice(start, end < 0 ? undefined : end).join('')}`;
}

function named(field: string, text: string): boolean {
  return new RegExp(`\\b${field}\\b`).test(text);
}

/** The names of all fields, at any depth. */
function fieldsOf(schema: z.ZodType): readonly string[] {
  return [...new Set(names(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })))];
}

function names(node: unknown): readonly string[] {
  if (typeof node !== 'object' || node === null) return [];
  const properties = 'properties' in node ? Object.keys(Object(node.properties)) : [];
  return [...properties, ...Object.values(node).flatMap(names)];
}

function markdownBelow(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(directory, name));
}
