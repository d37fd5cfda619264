import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { readStore } from '../../src/evidence/reader.ts';
import { annexa, type Running } from '../e2e/process.ts';

/** The agent as a user runs it: a bundle is asked for, downloaded in parts by curl, and verified; then by a link, once. */

const run = promisify(execFile);

let directory: string;
let agent: Running;
let url: string;
const tokens: Record<string, string> = {};
let entries = '';

const manifests = () => `
apiVersion: annexa.dev/v1alpha1
kind: Agent
metadata: { name: test }
spec:
  organisation: Test
  domain: test.example
  data: ${JSON.stringify(join(directory, 'data'))}
  listen: 127.0.0.1:0
  logLevel: debug
  commitWindow: 1s
  bundles: { keep: 1d, memory: 192 }
  access:
    tokens:
${entries}
---
apiVersion: annexa.dev/v1alpha1
kind: Collector
metadata: { name: people }
spec:
  plugin: hr
  datasets: { people: { schedule: every 1d } }
  settings:
    scope: people
    file: people.csv
    asOf: { column: asof }
    columns: { personId: id, workEmail: email, lastDay: last }
`;

function make(role: string): void {
  const secret = `annexa_${randomBytes(32).toString('base64url')}`;
  const sha256 = createHash('sha256').update(secret).digest('hex');
  tokens[role] = secret;
  entries += `      - { name: ${role}, sha256: ${sha256}, roles: [${role}], expires: "${nextDay()}" }\n`;
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'annexa-download-'));
  await mkdir(join(directory, 'config'));
  for (const role of ['auditor', 'isms']) make(role);
  await writeFile(
    join(directory, 'config/people.csv'),
    'id,email,last,asof\n1,ann@test.example,,2026-06-01\n',
  );
  await writeFile(join(directory, 'config/annexa.yaml'), manifests());
  agent = annexa(['run', '--config', join(directory, 'config')]);
  url = /listens on (\S+)/.exec(await agent.said('Ctrl-C'))?.[1] ?? '';
}, 60_000);

afterAll(async () => {
  agent.child.kill('SIGKILL');
  await agent.ended;
  await rm(directory, { recursive: true, force: true });
});

/** Its exit code, the status of the answer and what it wrote to standard output. */
async function curl(...args: string[]): Promise<{ status: number; text: string }> {
  const { stdout } = await run('curl', [
    '--silent',
    '--max-time',
    '30',
    '--write-out',
    '\n%{http_code}',
    ...args,
  ]);
  const end = stdout.lastIndexOf('\n');
  return { status: Number(stdout.slice(end)), text: stdout.slice(0, end) };
}

const as = (role: string) => ['--header', `authorization: Bearer ${tokens[role]}`];
const json = (content: object) => [
  '--header',
  'content-type: application/json',
  '--data',
  JSON.stringify(content),
];
const at = (name: string): string => join(directory, name);
const digest = async (name: string) =>
  createHash('sha256')
    .update(await readFile(at(name)))
    .digest('hex');

const job = z.looseObject({
  id: z.string(),
  state: z.string(),
  checkpoint: z.int(),
  made: z.looseObject({ bytes: z.int(), sha256: z.string(), manifest: z.string() }).nullable(),
});

describe('a bundle over HTTP', () => {
  let bundle: z.infer<typeof job>;
  let link: { id: string; url: string };
  const day = new Date().toISOString().slice(0, 10);
  const question = { from: '2026-01-01', to: day };

  test('is made by who may ask for it', async () => {
    expect((await curl(...as('isms'), ...json(question), `${url}/api/v1/bundles`)).status).toBe(403);
    const asked = await curl(...as('auditor'), ...json(question), `${url}/api/v1/bundles`);
    expect(asked.status).toBe(202);
    const { id } = job.parse(JSON.parse(asked.text));
    const look = async () => {
      bundle = job.parse(JSON.parse((await curl(...as('auditor'), `${url}/api/v1/bundles/${id}`)).text));
      return bundle.state;
    };
    await expect.poll(look, { timeout: 60_000, interval: 300 }).toBe('done');
  }, 90_000);

  test('is downloaded in two parts, verifies, and is what the command line writes', async () => {
    const content = `${url}/api/v1/bundles/${bundle.id}/content`;
    const first = await curl(...as('auditor'), '--range', '0-99999', '--output', at('parts.zip'), content);
    const rest = await curl(...as('auditor'), '--continue-at', '-', '--output', at('parts.zip'), content);
    expect([first.status, rest.status]).toEqual([206, 206]);
    expect(await digest('parts.zip')).toBe(bundle.made?.sha256);
    const size = String(bundle.checkpoint);
    const file = at('by-hand.zip');
    const period = ['--from', question.from, '--to', question.to];
    const [verified, written] = await Promise.all([
      annexa(['verify', at('parts.zip')]).ended,
      annexa(['bundle', ...period, '--at', size, '-o', file, '--config', at('config')]).ended,
    ]);
    expect([verified.code, written.code], verified.out + written.err).toEqual([0, 0]);
    expect(await digest('by-hand.zip')).toBe(bundle.made?.sha256);
  }, 60_000);

  test('is opened by a link: cut and resumed, once', async () => {
    const content = { bundle: bundle.id, for: 'ACME Cert', expires: `${nextDay()}T00:00:00Z` };
    const made = await curl(...as('isms'), ...json(content), `${url}/api/v1/links`);
    link = z.looseObject({ id: z.string(), url: z.string() }).parse(JSON.parse(made.text));
    const output = ['--output', at('linked.zip')];
    expect((await curl('--range', '0-99999', ...output, url + link.url)).status).toBe(206);
    expect((await curl('--continue-at', '-', ...output, url + link.url)).status).toBe(206);
    expect(await digest('linked.zip')).toBe(bundle.made?.sha256);
    expect((await curl(url + link.url)).status).toBe(410);
  });

  test('leaves who had it in the log, and no secret anywhere', async () => {
    agent.child.kill('SIGTERM');
    const { code, out, err } = await agent.ended;
    expect(code, err).toBe(0);
    const reader = await readStore(at('data/evidence'));
    const seen: unknown[] = [];
    let sealed = '';
    for await (const { predicate, subjects } of reader.entries())
      if (predicate === 'access')
        for await (const line of reader.body(subjects[0]?.sha256 ?? '')) {
          sealed += JSON.stringify(line);
          if (String(line['who']).startsWith('link:')) seen.push([line['who'], line['what'], line['status']]);
        }
    const bytes = bundle.made?.bytes ?? 0;
    const who = `link:${link.id}`;
    expect(seen).toEqual([
      [who, `bytes 0-99999 of ${bytes}, for "ACME Cert"`, 206],
      [who, `bytes 100000-${bytes - 1} of ${bytes}, for "ACME Cert"`, 206],
    ]);
    expect(err).toContain('"event":"link_refused"');
    const random = new RegExp(/annexa_link_([\w-]{43})$/.exec(link.url)?.[1] ?? 'none');
    for (const text of [out, err, sealed]) expect(text).not.toMatch(random);
    const kept = await readdir(at('data'), { recursive: true, withFileTypes: true });
    const files = kept
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name));
    for (const file of files) expect(await readFile(file, 'latin1'), file).not.toMatch(random);
  }, 60_000);
});

function nextDay(): string {
  return new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
}
