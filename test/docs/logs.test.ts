import { globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const sources = globSync('src/**/*.ts').map((path) => readFileSync(path, 'utf8'));
const events = new Set(
  sources.flatMap((text) => [...text.matchAll(/\bevent: '(\w+)'/g)].map(([, name]) => name)),
);

test('docs/logs.md has each event that is logged, once, by name', () => {
  const rows = readFileSync('docs/logs.md', 'utf8').matchAll(/^\| `(\w+)` \| (?:debug|info|warn|error) \|/gm);
  const told = [...rows].map(([, name]) => name);
  expect(told).toEqual(told.toSorted((one = '', other = '') => (one < other ? -1 : 1)));
  expect(new Set(told).size).toBe(told.length);
  expect([...events].filter((name) => !told.includes(name))).toEqual([]);
});

test('what is logged has an event', () => {
  const calls = sources.flatMap((text) =>
    [...text.matchAll(/logger\.(?:debug|info|warn|error)\(([^;]*);/g)].map(([, rest = '']) => rest),
  );
  expect(calls.length).toBeGreaterThan(15);
  // The two that log `fields` name the event where these are made.
  expect(calls.filter((rest) => !rest.includes('event: ') && !/^\s*fields\b/.test(rest))).toEqual([]);
});
