import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { datasets } from '../../../src/collectors/google/datasets.ts';
import { privilegesText, scopesText } from '../../../src/collectors/google/permissions.ts';

const root = join(import.meta.dirname, '../../..');
const folder = join(root, 'deploy/permissions');

describe('deploy/permissions', () => {
  test('has the line of OAuth scopes for the Admin console (made anew by vitest -u)', async () => {
    await expect(scopesText(datasets)).toMatchFileSnapshot(join(folder, 'google-scopes.txt'));
  });

  test("has the privileges of the subject's administrator role", async () => {
    await expect(privilegesText(datasets)).toMatchFileSnapshot(join(folder, 'google-privileges.txt'));
  });
});

test('every OAuth scope only reads, but the one of which there is none that does', () => {
  const scopes = [...new Set(datasets.flatMap(({ permissions }) => permissions))];
  const directory = /^https:\/\/www\.googleapis\.com\/auth\/admin\.directory\./;
  expect(scopes.filter((scope) => !directory.test(scope))).toEqual([]);
  expect(scopes.filter((scope) => !scope.endsWith('.readonly'))).toEqual([
    'https://www.googleapis.com/auth/admin.directory.user.security',
  ]);
  const writing = datasets.filter(({ permissions }) =>
    permissions.some((scope) => !scope.endsWith('.readonly')),
  );
  expect(writing.map(({ name, needs }) => ({ name, needs }))).toEqual([
    { name: 'oauth-grants', needs: 'oauthGrants' },
  ]);
});

test('the table of datasets in the README is what the plugin declares', async () => {
  const named = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(', ');
  const short = (scope: string): string => scope.replace('https://www.googleapis.com/auth/admin.', '');
  const rows = datasets.map(
    ({ name, kinds, cadence, permissions, operations }) =>
      `| \`${name}\` | ${named(kinds)} | ${cadence} | ${named(permissions.map(short))} | ${named(
        operations.filter((operation) => operation.endsWith('.list')),
      )} |`,
  );
  const readme = await readFile(join(root, 'src/collectors/google/README.md'), 'utf8');
  expect(readme.split('\n').filter((line) => /^\| `[a-z0-9-]+` \|.*\|.*\|.*\|.*\|$/.test(line))).toEqual(
    rows,
  );
});
