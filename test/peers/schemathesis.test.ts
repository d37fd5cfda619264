import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { appendFile, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { annexa, type Running } from '../e2e/process.ts';

/** The running sample, asked all that its own description allows and much that it doesn't, as a caller with every role. */

const token = `annexa_${randomBytes(32).toString('base64url')}`;
const authorization = `Bearer ${token}`;
const access = `
  access:
    tokens:
      - name: schemathesis
        sha256: ${createHash('sha256').update(token).digest('hex')}
        roles: [viewer, auditor, isms, operator]
        expires: 2099-01-01T00:00:00Z
`;

const described = z.object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) });
const archive = z.object({
  log: z.object({
    entries: z.array(
      z.object({
        request: z.object({ method: z.string(), url: z.url() }),
        response: z.object({ status: z.int() }),
      }),
    ),
  }),
});

let directory: string;
let agent: Running;
let url: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'annexa-schemathesis-'));
  await cp('examples/acme', join(directory, 'acme'), { recursive: true });
  await appendFile(join(directory, 'acme/annexa.yaml'), access);
  agent = annexa(['run', '--config', join(directory, 'acme')], {
    ANNEXA_DATA: join(directory, 'data'),
    ANNEXA_LISTEN: '127.0.0.1:0',
  });
  url = /listens on (\S+)/.exec(await agent.said('Ctrl-C'))?.[1] ?? '';
});

afterAll(async () => {
  agent.child.kill('SIGKILL');
  await agent.ended;
  await rm(directory, { recursive: true, force: true });
});

interface Outcome {
  readonly code: number | string;
  readonly output: string;
}

function schemathesis(args: readonly string[]): Promise<Outcome> {
  const venv = process.env['ANNEXA_PEERS_VENV'] ?? join(homedir(), '.cache/annexa/venv');
  const program = join(venv, 'bin/schemathesis');
  if (!existsSync(program)) throw new Error(`no ${program}: run test/peers/install.sh`);
  const env = {
    ...process.env,
    SCHEMATHESIS_HOOKS: join(import.meta.dirname, 'schemathesis_checks.py'),
  };
  return new Promise((resolve) => {
    execFile(program, args, { cwd: directory, env, maxBuffer: 1 << 26 }, (error, out, err) =>
      resolve({ code: error === null ? 0 : (error.code ?? 'killed'), output: out + err }),
    );
  });
}

/** The statuses of each operation's answers, as they were recorded. */
async function answered(report: string, paths: readonly string[]): Promise<Map<string, Set<number>>> {
  const forms = paths.map((path) => ({
    path,
    form: new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
  }));
  const seen = new Map<string, Set<number>>();
  for (const { request, response } of archive.parse(JSON.parse(await readFile(report, 'utf8'))).log.entries) {
    const { pathname } = new URL(request.url);
    const name = `${request.method} ${forms.find(({ form }) => form.test(pathname))?.path}`;
    seen.set(name, (seen.get(name) ?? new Set()).add(response.status));
  }
  return seen;
}

test('schemathesis finds no 5xx, no answer outside the description, no way in without a token, and nothing refused that fits', async () => {
  const answer = await fetch(`${url}/openapi.json`, { headers: { authorization } });
  const description = await answer.text();
  await writeFile(join(directory, 'openapi.json'), description);
  const { code, output } = await schemathesis([
    'run',
    'openapi.json',
    `--url=${url}`,
    `--header=Authorization:${authorization}`,
    '--phases=coverage,fuzzing,stateful',
    '--max-examples=10',
    '--generation-deterministic',
    '--continue-on-failure',
    '--no-shrink',
    // Its own knows nothing of cursors: `fitting_data_acceptance` stands in.
    '--exclude-checks=positive_data_acceptance',
    // What one caller may ask.
    '--rate-limit=80/s',
    '--request-timeout=20',
    '--report=har',
    '--report-har-path=answers.har',
    '--no-color',
  ]);
  expect(code, output).toBe(0);
  const { paths } = described.parse(JSON.parse(description));
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(output).toContain(`Tested: ${operations.length}\n`);
  const seen = await answered(join(directory, 'answers.har'), Object.keys(paths));
  const succeeded = operations.filter((name) => [...(seen.get(name) ?? [])].some((status) => status < 300));
  // What is only ever refused shows nothing of its answers.
  const wanted = operations.filter((name) => /^GET [^{]+$/.test(name));
  expect(succeeded).toEqual(
    expect.arrayContaining([
      ...wanted,
      'GET /api/v1/controls/{id}',
      'GET /api/v1/checks/{name}',
      'GET /api/v1/runs/{id}',
      'GET /api/v1/evidence/{index}',
      'POST /api/v1/collectors/{name}/runs',
      'POST /api/v1/bundles',
    ]),
  );
  expect(seen.get('GET /api/v1/evidence')).toEqual(new Set([200, 400, 401]));
});
