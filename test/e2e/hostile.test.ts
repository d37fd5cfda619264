import { expect, test } from 'vitest';
import { startServer } from '../../src/server/server.ts';
import { iamEstate } from '../collectors/aws/estate/iam.ts';
import { startStub } from '../collectors/aws/stub.ts';
import { makeWorld } from '../engine/world.ts';

const check = (name: string, fails: string) => `
apiVersion: annexa.dev/v1alpha1
kind: Check
metadata: { name: ${name} }
spec: { title: x, aspects: [A.5.16/owner], nature: state, severity: low, within: 1h, kind: identity, fails: "${fails}", reason: "'x'", remediation: x, rationale: x }
---
`;

/** With everybody owned by nobody, each of the joins gives everybody. */
const ENDLESS =
  '(SELECT count(*) FROM identity AS a JOIN identity AS b ON b.owner = a.owner JOIN identity AS c ON c.owner = b.owner) > 1';

test('while a check runs without end the agent answers; the check is stopped and unknown, the others are judged', async () => {
  await using stub = await startStub(iamEstate({ now: Date.now(), size: 400, pageSize: 1000 }));
  await using world = await makeWorld({
    manifests: {
      'aws.yaml': `{ apiVersion: annexa.dev/v1alpha1, kind: Collector, metadata: { name: aws }, spec: { plugin: aws, only: [iam-identities, iam-account], settings: {
        endpoint: "${stub.endpoint}", credentials: { accessKeyId: { env: KEY }, secretAccessKey: { env: KEY } },
        accounts: [{ id: "123456789012" }], reportPoll: 0.01 } } }`,
      'checks.yaml': check('endless', ENDLESS) + check('sound', "it.name = ''"),
    },
    env: { KEY: 'test' },
    sandbox: { deadline: 2 },
  });
  world.now = Math.floor(Date.now() / 1000);
  await using opened = await world.open();
  const { agent } = opened;
  await agent.open();
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  const server = await startServer({ view: agent.view, listen: '127.0.0.1:0', logger });
  try {
    const pass = agent.collectOnce();
    const seen = { ended: false, answers: 0 };
    void pass.finally(() => (seen.ended = true));
    while (!seen.ended) {
      expect((await fetch(`${server.url}/livez`)).status).toBe(200);
      expect((await fetch(`${server.url}/api/v1/checks`)).status).toBe(200);
      seen.answers += 1;
    }
    await pass;
    expect(seen.answers).toBeGreaterThan(5);
    expect(await agent.view.check('endless')).toMatchObject({
      outcome: 'unknown',
      why: expect.stringContaining('check endless: stopped, it took longer than 2 s'),
    });
    expect(await agent.view.check('sound')).toMatchObject({ outcome: 'pass' });
  } finally {
    await server.close(1);
  }
});
