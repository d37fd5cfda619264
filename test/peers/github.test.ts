import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EMPTY } from '../collectors/github/estate.ts';
import { APP, collectGithub, TOKEN } from '../collectors/github/harness.ts';
import { startStub, type Stub } from '../collectors/github/stub.ts';
import { descriptions } from './descriptions.ts';
import { type Prism, startPrism } from './prism.ts';

/** The repository of the description's examples. */
const HELLO = 1_296_269;

let prism: Prism;
let stub: Stub;
let front: Server;
let endpoint: string;

/** GraphQL is answered by the stub, over GitHub's own schema; everything else by Prism, over GitHub's own description. */
beforeAll(async () => {
  prism = await startPrism(descriptions.github());
  stub = await startStub({
    ...EMPTY,
    login: 'github',
    repositories: [{ id: HELLO, name: 'Hello-World', branch: {} }],
  });
  front = createServer((incoming, outgoing) => {
    const { method, url = '/', headers } = incoming;
    const to = new URL(url, url === '/graphql' ? stub.endpoint : prism.endpoint);
    const asked = request(to, { method, headers: { ...headers, host: to.host } });
    asked.on('response', (answer) => {
      // An example's next page is on github.com; Prism would give the same again.
      const { link: _, ...kept } = answer.headers;
      outgoing.writeHead(answer.statusCode ?? 502, kept);
      pipeline(answer, outgoing).catch(() => outgoing.destroy());
    });
    asked.on('error', () => outgoing.destroy());
    pipeline(incoming, asked).catch(() => outgoing.destroy());
  });
  front.listen(0, '127.0.0.1');
  await once(front, 'listening');
  const address = front.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  endpoint = `http://127.0.0.1:${address.port}`;
});

afterAll(async () => {
  front.closeAllConnections();
  front.close();
  await stub[Symbol.asyncDispose]();
  await prism[Symbol.asyncDispose]();
});

const settings = { organizations: ['github'], auth: TOKEN };

describe("GitHub's own description", () => {
  test.each([
    [
      'members',
      'GET /orgs/github/outside_collaborators',
      { kind: 'identity', external: true, logins: ['octocat'] },
    ],
    [
      'repositories',
      'GET /orgs/github/repos',
      { kind: 'repository', full_name: 'github/Hello-World', secret_scanning: true, push_protection: false },
    ],
    [
      'repository-access',
      'GET /orgs/github',
      { kind: 'repository_grant', grantee_type: 'everyone', permission: 'read' },
    ],
    [
      'dependabot-alerts',
      'GET /orgs/github/dependabot/alerts',
      { kind: 'vulnerability', resource_type: 'dependency', fix_available: true },
    ],
    [
      'code-scanning-alerts',
      'GET /orgs/github/code-scanning/alerts',
      { kind: 'vulnerability', resource_type: 'source_code' },
    ],
    [
      'secret-scanning-alerts',
      'GET /orgs/github/secret-scanning/alerts',
      { kind: 'leaked_secret', repository: 'octocat/Hello-World' },
    ],
  ])('%s: %s is allowed as it is asked, and its example is understood', async (dataset, asked, expected) => {
    const before = prism.answered.length;
    const { records } = await collectGithub(endpoint, dataset, { settings, scope: 'github' });
    expect(records).toContainEqual(expect.objectContaining(expected));
    const answered = prism.answered.slice(before);
    expect(answered.filter((line) => !line.endsWith(' 200'))).toEqual([]);
    expect(answered.map((line) => line.split(/[? ](?!\/)/)[0])).toContain(asked);
  });

  test("an app's token is asked for as the description says; the example's app is installed on selected repositories", async () => {
    const before = prism.answered.length;
    const collecting = collectGithub(endpoint, 'dependabot-alerts', {
      settings: { organizations: ['github'], auth: APP },
      scope: 'github',
    });
    await expect(collecting).rejects.toMatchObject({ message: expect.stringContaining('install it on all') });
    expect(prism.answered.slice(before)).toEqual(['POST /app/installations/2/access_tokens 201']);
  });
});
