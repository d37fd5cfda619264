import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { awsConfig } from '../../src/collectors/aws/config.ts';
import { hrConfig } from '../../src/collectors/hr/config.ts';
import { agentManifest, collectorManifest, environment, scopeManifest } from '../../src/config/schemas.ts';
import { attestationManifest } from '../../src/controls/attestation.ts';
import { checkManifest } from '../../src/controls/check.ts';
import { exceptionManifest } from '../../src/controls/exception.ts';
import { soaManifest } from '../../src/controls/soa.ts';

const pages = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', ...markdownBelow('docs')];
const configuration = readFileSync('docs/configuration.md', 'utf8');

describe('docs/configuration.md', () => {
  test.each([
    ['Agent', agentManifest],
    ['Scope', scopeManifest],
    ['Collector', collectorManifest],
    ['`aws`', awsConfig],
    ['`hr`', hrConfig],
    ['Check', checkManifest],
    ['StatementOfApplicability', soaManifest],
    ['Exception', exceptionManifest],
    ['Attestation', attestationManifest],
  ] as const)('names every field of %s in its section', (title, schema) => {
    const text = section(title);
    const missing = fieldsOf(schema).filter((field) => !new RegExp(`\\b${field}\\b`).test(text));
    expect(missing).toEqual([]);
  });

  test('names every variable of the environment', () => {
    expect(Object.keys(environment).filter((name) => !configuration.includes(`\`${name}\``))).toEqual([]);
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
