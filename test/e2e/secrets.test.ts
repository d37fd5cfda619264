import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { selfSigned } from '../server/certificate.ts';
import { annexa, type Ended, type Running } from './process.ts';
import { found, plant } from './secrets/planted.ts';
import { type Spilling, startSpilling } from './secrets/spilling.ts';

/**
 * A running agent with a secret in each place where one can be, among systems that answer every request by telling all that it held. What it
 * writes, answers, seals and keeps holds none of it, in whatever spelling.
 */

const planted = plant();
const valid = `annexa_${randomBytes(32).toString('base64url')}`;
const secrets: Record<string, string> = { ...planted, valid };

let directory: string;
let spilling: Spilling;
let agent: Running | undefined;
let url: string;
/** What it has written to stderr, where a log goes that no terminal reads. */
let log = '';
let env: Record<string, string>;

const config = (file: string, text: string) => writeFile(join(directory, 'config', file), text);

const agentManifest = () => `
apiVersion: annexa.dev/v1alpha1
kind: Agent
metadata: { name: test }
spec:
  organisation: Test
  domain: test.example
  data: ${JSON.stringify(join(directory, 'data'))}
  listen: 127.0.0.1:0
  logLevel: trace
  commitWindow: 1s
  tls: { certificate: tls.crt, key: tls.key }
  access:
    tokens:
      - { name: kim, sha256: ${createHash('sha256').update(valid).digest('hex')}, roles: [viewer, auditor, operator], expires: 2099-01-01T00:00:00Z }
    oidc: { issuer: ${spilling.url}/401/oidc, audience: https://annexa.example, roles: { claim: groups, map: { team: [viewer] } } }
    kubernetes: { kubeconfig: { file: access-kubeconfig } }
`;

const collector = (name: string, plugin: string, settings: object, more: object = {}) =>
  JSON.stringify({
    apiVersion: 'annexa.dev/v1alpha1',
    kind: 'Collector',
    metadata: { name },
    spec: { plugin, settings, ...more },
  });

const kubeconfig = (server: string, token: string) =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    clusters: [{ name: 'test', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'agent', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'agent' } }],
  });

/** Each source at an address that answers with the status. */
function collectors(status: number): readonly string[] {
  const at = `${spilling.url}/${status}`;
  const people = {
    scope: `p${status}`,
    columns: { personId: 'id', workEmail: 'email' },
    asOf: { column: 'exported' },
  };
  const badges = {
    asOf: { column: 'exported' },
    id: 'badge',
    columns: { holder: 'holder', type: 'kind', active: 'active' },
  };
  const keys = {
    accessKeyId: { env: 'WORK_ID' },
    secretAccessKey: { env: 'WORK_B' },
    sessionToken: { env: 'WORK_C' },
  };
  return [
    collector(`hr-${status}`, 'hr', { ...people, url: `${at}/hr`, token: { env: 'WORK_A' } }),
    collector(`hr-file-${status}`, 'hr', {
      ...people,
      scope: `f${status}`,
      url: `${at}/hr`,
      token: { file: 'hr.token' },
    }),
    collector(`badges-${status}`, 'register', {
      scope: `b${status}`,
      badges: { ...badges, url: `${at}/badges`, token: { file: 'badges.token' } },
    }),
    collector(`github-${status}`, 'github', {
      organizations: [`o${status}`],
      baseUrl: `${at}/github`,
      auth: { token: { env: 'WORK_D' } },
      maxAttempts: 1,
    }),
    collector(`bamboo-${status}`, 'bamboohr', {
      company: `c${status}`,
      url: `${at}/bamboo`,
      apiKey: { env: 'WORK_E' },
    }),
    collector(
      `aws-${status}`,
      'aws',
      { accounts: [{ id: '123456789012' }], endpoint: `${at}/aws`, credentials: keys, maxAttempts: 1 },
      { only: ['iam-account'] },
    ),
    collector(
      `cluster-${status}`,
      'kubernetes',
      { cluster: `k${status}`, kubeconfig: { file: `kubeconfig-${status}` } },
      { only: ['namespaces'] },
    ),
  ];
}

const STATUSES = [200, 401, 500];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'annexa-secrets-'));
  await mkdir(join(directory, 'config'));
  spilling = await startSpilling();
  const pair = await selfSigned('localhost', 2_400_000_000);
  secrets['tlsKey'] = pair.key.split('\n')[2] ?? '';
  await config('tls.crt', pair.cert);
  await config('tls.key', pair.key);
  await config('hr.token', planted.hrFileToken);
  await config('badges.token', planted.badgesToken);
  await config('access-kubeconfig', kubeconfig(`${spilling.url}/401`, planted.accessClusterToken));
  for (const status of STATUSES) {
    await config(`kubeconfig-${status}`, kubeconfig(`${spilling.url}/${status}`, planted.clusterToken));
    await config(`${status}.yaml`, collectors(status).join('\n---\n'));
  }
  const beyond = {
    scope: 'beyond',
    url: { env: 'BEYOND' },
    columns: { personId: 'id', workEmail: 'email' },
    asOf: { column: 'exported' },
  };
  await config('beyond.yaml', collector('beyond', 'hr', { ...beyond, token: { env: 'WORK_A' } }));
  await config('agent.yaml', agentManifest());
  env = {
    WORK_A: planted.hrToken,
    WORK_ID: planted.awsKeyId,
    WORK_B: planted.awsSecretKey,
    WORK_C: planted.awsSessionToken,
    WORK_D: planted.githubToken,
    WORK_E: planted.bambooKey,
    // Reached by the proxy alone, which spills as well.
    BEYOND: 'https://people.invalid/export.csv',
    HTTPS_PROXY: `http://agent:${planted.proxyPassword}@${new URL(spilling.url).host}`,
    NODE_NO_WARNINGS: '1',
  };
  agent = annexa(['run', '--config', join(directory, 'config')], env);
  agent.child.stderr?.on('data', (chunk: Buffer) => (log += chunk.toString()));
  url = /listens on (\S+)/.exec(await agent.said('Ctrl-C'))?.[1] ?? '';
}, 120_000);

afterAll(async () => {
  agent?.child.kill('SIGKILL');
  await agent?.ended;
  await spilling[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

/** Status, headers and content of an answer. */
function ask(
  path: string,
  headers: Record<string, string> = { authorization: `Bearer ${valid}` },
): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request(url + path, { headers, rejectUnauthorized: false, agent: false }, (response) => {
      let text = `${response.statusCode} ${JSON.stringify(response.headers)}\n`;
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve(text));
    });
    sent.on('error', reject);
    sent.end();
  });
}

const spilledBy = ({ out, err }: Pick<Ended, 'out' | 'err'>) => found(secrets, out + err);

test('validate and doctor tell none, whatever fails', async () => {
  for (const command of ['validate', 'doctor']) {
    const args =
      command === 'validate' ? [join(directory, 'config')] : ['--config', join(directory, 'config')];
    const ended = await annexa([command, ...args], env).ended;
    expect(ended.out.length, command).toBeGreaterThan(10);
    expect(spilledBy(ended), `${command}: ${ended.out}${ended.err}`).toEqual([]);
  }
}, 120_000);

test('every source was asked, failed as it was made to, and none of them is told by the API or by /metrics', async () => {
  await expect
    .poll(
      async () => /^annexa_collector_runs_total\{collector="(\S+)"\} 0$/m.exec(await ask('/metrics'))?.[1],
      {
        timeout: 60_000,
        interval: 250,
      },
    )
    .toBeUndefined();
  expect([...spilling.asked].sort()).toEqual(expect.arrayContaining(['200', '401', '500']));
  const paths = [
    '/metrics',
    '/openapi.json',
    '/readyz',
    ...[
      'controls',
      'checks',
      'deviations',
      'collectors',
      'runs',
      'evidence',
      'exceptions',
      'attestations',
      'soa',
      'checkpoint',
    ].map((name) => `/api/v1/${name}?limit=1000`.replace(/(soa|checkpoint)\?.+/, '$1')),
  ];
  for (const path of paths) {
    const answer = await ask(path);
    expect(answer, path).toMatch(/^200 /);
    expect(found(secrets, answer), `${path}: ${answer}`).toEqual([]);
  }
}, 90_000);

test('a secret that is sent to the agent in the wrong place is not given back', async () => {
  const { strayToken, strayJwt, strayPassword } = planted;
  const basic = Buffer.from(`kim:${strayPassword}`).toString('base64');
  const jwt = (issuer: string) =>
    ['e30', Buffer.from(JSON.stringify({ iss: issuer, stray: strayJwt })).toString('base64url'), 'x'].join(
      '.',
    );
  const asked = [
    ...[strayToken, strayJwt, jwt(`${spilling.url}/401/oidc`), jwt('elsewhere'), strayPassword].map((text) =>
      ask('/metrics', { authorization: `Bearer ${text}` }),
    ),
    ask('/metrics', { authorization: `Basic ${basic}`, cookie: `session=${strayPassword}` }),
    ...[strayToken, strayJwt, strayPassword].flatMap((text) => {
      const written = encodeURIComponent(text);
      return [
        `/metrics?access_token=${written}`,
        `/api/v1/evidence?token=${written}`,
        `/api/v1/evidence/${written}`,
        `/${written}`,
        `/api/v1/controls?cursor=${written}`,
        `/api/v1/runs/x?${written}`,
      ].flatMap((path) => [ask(path), ask(path, {})]);
    }),
  ];
  for (const answer of await Promise.all(asked)) {
    expect(answer).toMatch(/^(400|401|403|404|503) /);
    expect(found(secrets, answer), answer).toEqual([]);
  }
});

test('a configuration that holds one, a key of another certificate and a kubeconfig that is none are refused without it', async () => {
  await config(
    'inline.yaml',
    collector('inline', 'hr', {
      url: `https://x:${planted.inlineSecret}@hr.example/`,
      token: planted.inlineSecret,
    }),
  );
  await config('tls.key', (await selfSigned('other', 2_400_000_000)).key);
  await config('access-kubeconfig', `: ${planted.accessClusterToken}: [`);
  for (const event of ['reload_refused', 'tls_refused'])
    await expect.poll(() => log, { timeout: 40_000, interval: 250 }).toContain(event);
}, 60_000);

test('nothing of it is in the log, in the evidence or anywhere else that the agent keeps', async () => {
  if (agent === undefined) throw new Error('it was not started');
  agent.child.kill('SIGTERM');
  const ended = await agent.ended;
  expect(ended.code, ended.err).toBe(0);
  const lines = (ended.out + ended.err).split('\n');
  expect(
    lines.filter((line) => line.includes('"level":"debug"') || line.includes('"level":20')).length,
  ).toBeGreaterThan(10);
  for (const line of lines) expect(found(secrets, line), line).toEqual([]);
  let bodies = 0;
  for (const file of await readdir(join(directory, 'data'), { recursive: true, withFileTypes: true })) {
    if (!file.isFile()) continue;
    const path = join(file.parentPath, file.name);
    const bytes = await readFile(path);
    const isBody = file.name.endsWith('.zst');
    if (isBody) bodies += 1;
    // Envelopes hold their statements in base64, which `found` reads, too.
    const text = (isBody ? zstdDecompressSync(bytes) : bytes).toString('latin1');
    expect(found(secrets, text), path).toEqual([]);
  }
  expect(bodies).toBeGreaterThan(10);
}, 90_000);
