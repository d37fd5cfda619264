import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readStore } from '../../src/evidence/reader.ts';
import { openToken, parseAuthorities } from '../../src/evidence/timestamp/token.ts';
import { annexa } from '../e2e/process.ts';
import {
  freePort,
  makeOpenssl,
  type OpensslAuthorities,
  startSigstore,
  type TimestampServer,
} from './authorities.ts';

// Real authorities, of others' making: sigstore's timestamp-server and `openssl ts`, good ones and bad ones, through the whole agent.
const run = promisify(execFile);
const cleanup = new AsyncDisposableStack();
let base: string;
let openssl: OpensslAuthorities;
let servers: Readonly<Record<string, Pick<TimestampServer, 'url' | 'ca'>>>;

const bad = ['down', 'slow', 'nonce', 'replay', 'eku', 'expired', 'ahead'];

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'annexa-timestamps-'));
  cleanup.defer(() => rm(base, { recursive: true, force: true }));
  openssl = cleanup.use(await makeOpenssl());
  const signer = await openssl.issue('signer', '-1h', 3650);
  const expired = await openssl.issue('signer', '@2025-01-01 00:00:00', 30);
  const code = await openssl.issue('code', '-1h', 3650);
  const serve = async (...args: Parameters<OpensslAuthorities['serve']>) =>
    cleanup.use(await openssl.serve(...args));
  servers = {
    openssl: await serve(signer),
    sigstore: cleanup.use(await startSigstore()),
    down: { url: `http://127.0.0.1:${await freePort()}/`, ca: openssl.ca },
    slow: await serve(signer, 'slow'),
    nonce: await serve(signer, 'nonce'),
    replay: await serve(signer, 'replay'),
    eku: await serve(code, 'any-certificate'),
    expired: await serve(expired),
    ahead: await serve(signer, 'ahead'),
  };
  // The one honest answer of the authority that gives it again and again.
  await (await fetch(servers['replay']?.url ?? '', { method: 'POST', body: await anyQuery() })).arrayBuffer();
});
afterAll(() => cleanup.disposeAsync());

async function anyQuery(): Promise<Buffer> {
  const file = join(base, 'any.tsq');
  await run('openssl', ['ts', '-query', '-digest', '00'.repeat(32), '-sha256', '-cert', '-out', file]);
  return readFile(file);
}

interface Organisation {
  readonly config: string;
  readonly evidence: string;
}

/** One register of people, and the authorities named. */
async function organisation(name: string, authorities: readonly string[]): Promise<Organisation> {
  const [config, data] = [join(base, name), join(base, `${name}-data`)];
  const list = authorities.map((one) => ({ name: one, ...pick(one), timeout: one === 'slow' ? '2s' : '1m' }));
  const manifest = (kind: string, spec: object) =>
    JSON.stringify({ apiVersion: 'annexa.dev/v1alpha1', kind, metadata: { name: 'peers' }, spec });
  await mkdir(config, { recursive: true });
  await writeFile(
    join(config, 'agent.yaml'),
    manifest('Agent', {
      organisation: 'Peers',
      domain: 'peers.test.example',
      data,
      listen: '127.0.0.1:0',
      commitWindow: '1s',
      timestamps: { every: '1s', authorities: list },
    }),
  );
  const columns = { personId: 'id', workEmail: 'email', lastDay: 'last' };
  const settings = { scope: 'peers', file: 'people.csv', asOf: { column: 'asof' }, columns };
  await writeFile(
    join(config, 'people.yaml'),
    manifest('Collector', { plugin: 'hr', datasets: { people: { schedule: 'every 30s' } }, settings }),
  );
  const today = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
  await writeFile(join(config, 'people.csv'), `id,email,last,asof\n1,a@test.example,,${today}\n`);
  return { config, evidence: join(data, 'evidence') };
}

function pick(name: string): Pick<TimestampServer, 'url' | 'ca'> {
  const server = servers[name];
  if (server === undefined) throw new Error(`no authority ${name}`);
  return { url: server.url, ca: server.ca };
}

interface KeptToken {
  readonly size: string;
  readonly authority: string;
  readonly file: string;
}

async function kept({ evidence }: Organisation): Promise<readonly KeptToken[]> {
  const folder = join(evidence, 'log/checkpoints');
  return (await readdir(folder)).flatMap((name) => {
    const [size = '', authority = '', ending] = name.split('.');
    return ending === 'tsr' ? [{ size, authority, file: join(folder, name) }] : [];
  });
}

/** What `openssl ts -verify` says of a kept token, at its own time. */
async function opensslVerifies({ size, authority, file }: KeptToken, attime?: number): Promise<string> {
  const checkpoint = join(file, '..', size);
  const { ca } = pick(authority);
  const caFile = join(base, `${authority}.pem`);
  await writeFile(caFile, ca);
  const at = attime ?? (await timeOf({ size, authority, file })).genTime;
  const args = ['-attime', `${at}`, '-in', file, '-data', checkpoint, '-CAfile', caFile];
  const verified = await run('openssl', ['ts', '-verify', ...args]).catch((error: unknown) => ({
    stdout: String(error),
  }));
  return verified.stdout;
}

async function timeOf({ size, authority, file }: KeptToken) {
  const checkpoint = await readFile(join(file, '..', size));
  return openToken(await readFile(file), checkpoint, parseAuthorities(pick(authority).ca));
}

function events(err: string, event: string): Record<string, unknown>[] {
  const lines = err.split('\n').filter((line) => line.startsWith('{'));
  return lines
    .map((line): Record<string, unknown> => JSON.parse(line))
    .filter((line) => line['event'] === event);
}

describe('real authorities', () => {
  test('timestamp what one pass collected, and the bad ones among them change nothing', async () => {
    const org = await organisation('pass', Object.keys(servers));
    const { code, err } = await annexa(['collect', '--config', org.config]).ended;
    expect([code, err]).toEqual([0, expect.anything()]);
    const { size } = (await readStore(org.evidence)).checkpoint();
    const tokens = await kept(org);
    expect(tokens.map((token) => `${token.size} ${token.authority}`).sort()).toEqual([
      `${size} openssl`,
      `${size} sigstore`,
    ]);
    for (const token of tokens) {
      expect(await opensslVerifies(token)).toContain('Verification: OK');
      expect(Math.abs((await timeOf(token)).genTime - Date.now() / 1000)).toBeLessThan(300);
    }
    const failed = events(err, 'timestamp_failed');
    expect(Object.fromEntries(failed.map((line) => [line['authority'], line['detail']]))).toEqual({
      down: expect.stringContaining('ECONNREFUSED'),
      slow: 'no answer within 2 s',
      nonce: expect.stringContaining('does not have the nonce that was sent'),
      replay: 'the token is for other data',
      eku: expect.stringContaining('is not for time stamping alone: 1.3.6.1.5.5.7.3.3'),
      expired: expect.stringMatching(/is valid from 2025-01-01T00:00:00Z to 2025-01-31T00:00:00Z, not at /),
      ahead: expect.stringMatching(/^its clock is 3[56]\d\d s ahead of ours$/),
    });
    const verified = await annexa(['verify', org.evidence]).ended;
    expect([verified.code, verified.out + verified.err]).toEqual([0, expect.anything()]);
  });

  test('are asked again and again while the agent runs: failures are counted, collecting goes on, stopping is prompt', async () => {
    const org = await organisation('run', Object.keys(servers));
    const agent = annexa(['run', '--config', org.config]);
    const out = await agent.said('listens on ');
    const url = /listens on (\S+)/.exec(out)?.[1] ?? '';
    const value = async (name: string) => {
      const text = await (await fetch(`${url}/metrics`)).text();
      const line = text.split('\n').find((one) => one.startsWith(`annexa_${name} `));
      return line === undefined ? Number.NaN : Number(line.split(' ').at(-1));
    };
    const failures = (authority: string) => value(`timestamp_failures_total{authority="${authority}"}`);
    const least = async () => Math.min(...(await Promise.all(bad.map((name) => failures(name)))));
    // Nothing is told before the configuration is loaded.
    while (!((await least()) >= 3 && (await value('evidence_last_token_timestamp_seconds')) > 0))
      await sleep(200);
    const good = [await failures('openssl'), await failures('sigstore')];
    expect(await value('collector_runs_total{collector="peers"}')).toBeGreaterThan(0);
    expect(await value('collector_run_failures_total{collector="peers",reason="unavailable"}')).toBe(0);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    agent.child.kill('SIGTERM');
    const { code, err } = await agent.ended;
    const ofGood = events(err, 'timestamp_failed').filter((line) => !bad.includes(String(line['authority'])));
    expect([good, ofGood]).toEqual([[0, 0], []]);
    expect(code).toBe(0);
    expect(events(err, 'stop_deadline')).toEqual([]);
    const tokens = await kept(org);
    expect(new Set(tokens.map((token) => token.authority))).toEqual(new Set(['openssl', 'sigstore']));
    for (const token of tokens) expect(await opensslVerifies(token)).toContain('Verification: OK');
    expect((await annexa(['verify', org.evidence]).ended).code).toBe(0);
  });

  test('are believed for ever: a token verifies long after its certificate has expired', async () => {
    const brief = await openssl.issue('signer', '-1h', 1);
    const server = cleanup.use(await openssl.serve(brief));
    servers = { ...servers, brief: server };
    const org = await organisation('brief', ['brief']);
    expect((await annexa(['collect', '--config', org.config]).ended).code).toBe(0);
    const [token] = await kept(org);
    if (token === undefined) throw new Error('no token was kept');
    const inAYear = Math.floor(Date.now() / 1000) + 365 * 86_400;
    expect(await opensslVerifies(token, inAYear)).not.toContain('Verification: OK');
    expect(await opensslVerifies(token)).toContain('Verification: OK');
    const later = await run('faketime', [
      '-f',
      '+365d',
      process.execPath,
      'src/main.ts',
      'verify',
      org.evidence,
      '--json',
    ]);
    const report: unknown = JSON.parse(later.stdout);
    expect(report).toMatchObject({ ok: true, time: { tokens: 1, newest: { authority: 'brief' } } });
  });

  test('are examined by doctor, which says what each answers', async () => {
    const org = await organisation('doctor', Object.keys(servers));
    const { code, out } = await annexa(['doctor', '--config', org.config, '--json']).ended;
    expect(code).toBe(3);
    const findings = out.split('\n').filter((line) => line.includes('timestamp authority'));
    const states = findings.map((line): { subject: string; state: string } => JSON.parse(line));
    expect(
      Object.fromEntries(states.map(({ subject, state }) => [subject.split(' ').at(-1), state])),
    ).toEqual({
      ...Object.fromEntries(Object.keys(servers).map((name) => [name, 'ok'])),
      ...Object.fromEntries(bad.map((name) => [name, 'failed'])),
    });
  });
});
