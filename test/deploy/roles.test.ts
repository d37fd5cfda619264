import { expect, test } from 'vitest';
import { z } from 'zod';
import { roles } from '../../deploy/helm/roles.ts';
import { serve } from '../server/harness.ts';

const operation = z.object({ 'x-annexa-role': z.string() });
const description = z.object({ paths: z.record(z.string(), z.record(z.string(), operation)) });

/** As RBAC holds a path against a rule: `*` at its end stands for anything. */
function allows(role: string, verb: string, path: string): boolean {
  const matches = (url: string) => (url.endsWith('*') ? path.startsWith(url.slice(0, -1)) : path === url);
  return (roles[role] ?? []).some((rule) => rule.verbs.includes(verb) && rule.nonResourceURLs.some(matches));
}

/** As the agent has a path reviewed. */
const reviewed = (path: string) =>
  path === '/metrics' ? path : `/annexa${path.replaceAll(/\{[^}]+\}/g, 'some')}`;

test('the ClusterRoles give each operation to the roles that the API names, and to no other', async () => {
  const server = await serve();
  const answer = await fetch(`${server.url}/openapi.json`);
  const operations = Object.entries(description.parse(await answer.json()).paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([verb, told]) => ({ verb, path, role: told['x-annexa-role'] })),
  );
  const guarded = operations.filter(({ role }) => role !== 'open');
  expect(guarded.length).toBeGreaterThan(15);
  for (const { verb, path, role } of guarded)
    for (const holder of ['viewer', 'auditor', 'isms', 'operator'])
      expect({ verb, path, holder, allowed: allows(holder, verb, reviewed(path)) }).toEqual({
        verb,
        path,
        holder,
        // Every role includes viewer, and no other.
        allowed: role === 'viewer' || role === holder,
      });
});

test('who scrapes may read metrics and nothing else', () => {
  expect(roles['metrics-reader']).toEqual([{ nonResourceURLs: ['/metrics'], verbs: ['get', 'head'] }]);
});
