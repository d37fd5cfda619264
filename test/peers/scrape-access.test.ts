import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { roles } from '../../deploy/helm/roles.ts';
import { annexa } from '../e2e/process.ts';
import { CLIENT_SECRET, startProvider } from '../server/access/provider.ts';
import { startCluster } from './kubernetes-server.ts';
import { type Prometheus, startPrometheus } from './prometheus.ts';
import { accountsOf, REVIEWS } from './service-accounts.ts';

/**
 * Prometheus scrapes a running agent, over TLS, by each way to say who one is: with the configurations of docs/monitoring.md, their addresses and
 * files alone replaced. Beside each the same with a credential that doesn't do.
 */

const AUDIENCE = 'https://annexa.acme.example';

const started = new AsyncDisposableStack();
let directory: string;
let prometheus: Prometheus;

const at = (name: string) => join(directory, name);

function newToken(): { readonly text: string; readonly sha256: string } {
  const text = `annexa_${randomBytes(32).toString('base64url')}`;
  return { text, sha256: createHash('sha256').update(text).digest('hex') };
}

/** A CA, and the agent's certificate by it. */
async function makeCertificate(): Promise<void> {
  const openssl = (...args: readonly string[]) =>
    promisify(execFile)('openssl', ['req', '-x509', '-nodes', '-newkey', 'rsa:2048', '-days', '1', ...args]);
  await openssl('-subj', '/CN=Acme', '-keyout', at('ca.key'), '-out', at('ca.pem'));
  const names = 'subjectAltName=IP:127.0.0.1,DNS:annexa.annexa.svc';
  const by = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-addext', 'basicConstraints=critical,CA:FALSE'];
  await openssl(
    ...by,
    '-subj',
    '/CN=annexa',
    '-addext',
    names,
    '-keyout',
    at('tls.key'),
    '-out',
    at('tls.crt'),
  );
}

/** A cluster with the agent's service account, Prometheus' and one that may nothing; their tokens in files. */
async function cluster(): Promise<void> {
  const one = started.use(await startCluster());
  const accounts = accountsOf(one);
  for (const name of ['annexa', 'prometheus', 'stranger']) await accounts.make(name);
  await accounts.grant('annexa', REVIEWS);
  await accounts.grant('prometheus', roles['metrics-reader'] ?? []);
  await writeFile(at('kubeconfig'), one.kubeconfig(await accounts.token('annexa')));
  await writeFile(at('account.token'), await accounts.token('prometheus'));
  await writeFile(at('stranger.token'), await accounts.token('stranger'));
}

const manifest = (issuer: string, good: string, expired: string) => `
apiVersion: annexa.dev/v1alpha1
kind: Agent
metadata: { name: acme }
spec:
  organisation: Acme
  domain: acme.example
  data: ${JSON.stringify(at('data'))}
  listen: 127.0.0.1:0
  tls: { certificate: tls.crt, key: tls.key }
  access:
    tokens:
      - { name: prometheus, sha256: ${good}, roles: [viewer], expires: 2099-01-01T00:00:00Z }
      - { name: former, sha256: ${expired}, roles: [viewer], expires: 2026-01-01T00:00:00Z }
    oidc: { issuer: ${issuer}, audience: ${AUDIENCE}, roles: { claim: groups, map: { watchers: [viewer] } } }
    kubernetes: { kubeconfig: { file: kubeconfig } }
`;

const job = z.looseObject({
  job_name: z.string(),
  authorization: z.object({ credentials_file: z.string() }).optional(),
  oauth2: z
    .looseObject({ client_id: z.string(), endpoint_params: z.object({ resource: z.literal(AUDIENCE) }) })
    .optional(),
  tls_config: z.looseObject({ ca_file: z.string() }).optional(),
});
type Job = z.infer<typeof job>;

/** Those of the docs that say who is asking. */
async function documented(): Promise<Job[]> {
  const [, block = ''] =
    /```yaml\n(scrape_configs:.+?)\n```/s.exec(await readFile('docs/monitoring.md', 'utf8')) ?? [];
  const { scrape_configs } = z.object({ scrape_configs: z.array(job) }).parse(parse(block));
  return scrape_configs.filter(
    ({ authorization, oauth2 }) => authorization !== undefined || oauth2 !== undefined,
  );
}

interface Here {
  readonly target: string;
  readonly tokenUrl: string;
  /** Of the static token, and of the service account. */
  readonly token: string;
  readonly account: string;
  readonly client: string;
}

/** The job at the addresses of this test. */
function placed(one: Job, { target, tokenUrl, token, account, client }: Here): object {
  const { kubernetes_sd_configs: discovers, authorization, oauth2, ...rest } = one;
  return {
    ...rest,
    scrape_interval: '1s',
    static_configs: [{ targets: [target] }],
    ...(authorization && {
      authorization: { credentials_file: at(discovers === undefined ? token : account) },
    }),
    ...(oauth2 && {
      oauth2: { ...oauth2, client_id: client, client_secret_file: at('client.secret'), token_url: tokenUrl },
    }),
    tls_config: { ...one.tls_config, ca_file: at('ca.pem') },
  };
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'annexa-scrape-'));
  started.defer(() => rm(directory, { recursive: true, force: true }));
  const provider = started.use(await startProvider({ prometheus: ['watchers'], cook: ['cooks'] }));
  const [good, expired] = [newToken(), newToken()];
  await Promise.all([
    makeCertificate(),
    cluster(),
    writeFile(at('good.token'), good.text),
    writeFile(at('expired.token'), expired.text),
    writeFile(at('client.secret'), CLIENT_SECRET),
    writeFile(at('agent.yaml'), manifest(provider.issuer, good.sha256, expired.sha256)),
  ]);
  const agent = annexa(['run', '--config', directory]);
  started.defer(async () => {
    agent.child.kill('SIGKILL');
    await agent.ended;
  });
  const target = /listens on https:\/\/(\S+)/.exec(await agent.said('Ctrl-C'))?.[1] ?? '';
  const here = { target, tokenUrl: `${provider.issuer}/token` };
  const jobs = await documented();
  prometheus = started.use(
    await startPrometheus({
      jobs: jobs.flatMap((one) => [
        placed(one, { ...here, token: 'good.token', account: 'account.token', client: 'prometheus' }),
        placed(
          { ...one, job_name: `not-${one.job_name}` },
          { ...here, token: 'expired.token', account: 'stranger.token', client: 'cook' },
        ),
      ]),
    }),
  );
});

afterAll(() => started.disposeAsync());

test('Prometheus scrapes with a static token, as a client of the provider, and as a service account; with another credential the target is down', async () => {
  await vi.waitFor(
    async () =>
      expect(await prometheus.health()).toEqual({
        'annexa-token': 'up',
        'annexa-oidc': 'up',
        'annexa-cluster': 'up',
        'not-annexa-token': 'server returned HTTP status 401 Unauthorized',
        'not-annexa-oidc': 'server returned HTTP status 403 Forbidden',
        'not-annexa-cluster': 'server returned HTTP status 403 Forbidden',
      }),
    { timeout: 30_000, interval: 250 },
  );
});

test('what it scraped can be asked for, who was not let in counted by reason', async () => {
  const counted = async (reason: string): Promise<ReadonlySet<string | undefined>> => {
    const found = await prometheus.query(
      `annexa_access_denied_total{job=~"annexa-.+", reason="${reason}"} > 0`,
    );
    return new Set(found.map(({ metric }) => metric['job']));
  };
  const jobs = ['annexa-cluster', 'annexa-oidc', 'annexa-token'];
  await vi.waitFor(
    async () => {
      expect(await counted('expired')).toEqual(new Set(jobs));
      expect(await counted('role')).toEqual(new Set(jobs));
      expect(await counted('missing')).toEqual(new Set());
    },
    { timeout: 30_000, interval: 250 },
  );
  const ready = await prometheus.query('annexa_ready');
  expect(Object.fromEntries(ready.map(({ metric, value }) => [metric['job'], value]))).toEqual(
    Object.fromEntries(jobs.map((name) => [name, 1])),
  );
});
