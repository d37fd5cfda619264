import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Sealed, StatementDraft } from '../../src/evidence/contract.ts';
import { generateKeys } from '../../src/evidence/keys.ts';
import { fingerprint } from '../../src/evidence/public-keys.ts';
import { createLog } from '../../src/evidence/log.ts';

const now = 1_790_000_000;

interface Store {
  readonly root: string;
  readonly evidence: string;
  readonly env: Readonly<Record<string, string>>;
  readonly entry: Sealed;
}

let store: Store;
beforeEach(async () => {
  store = await makeStore();
});
afterEach(() => rm(store.root, { recursive: true }));

describe('the commands that docs/auditor.md gives', () => {
  test('verify an entry of a log with more than one tile', async () => {
    const { code, output } = await byHand(store);
    expect(output).toContain('Signature Verified Successfully');
    expect(output.match(/Verified OK/g)).toHaveLength(2);
    expect(output).toContain(`${store.entry.index + 1}:${store.entry.leafHash}`);
    expect(code).toBe(0);
  });

  test('refuse a checkpoint with another root', async () => {
    await change('log/checkpoint', (text) => text.replace(/^(.*\n.*\n)./, (_, head: string) => `${head}_`));
    expect((await byHand(store)).code).not.toBe(0);
  });

  test('refuse a statement that was changed', async () => {
    await change(envelopePath(store.entry), (text) => {
      const envelope: { payload: string } = JSON.parse(text);
      const payload = Buffer.from(envelope.payload, 'base64').toString().replace('"complete"', '"COMPLETE"');
      return JSON.stringify({ ...envelope, payload: Buffer.from(payload).toString('base64') });
    });
    expect((await byHand(store)).code).not.toBe(0);
  });

  test('refuse a leaf that was changed in its tile', async () => {
    const path = join(store.evidence, 'log/tile/0/000');
    const tile = await readFile(path);
    tile[0] = (tile[0] ?? 0) ^ 1;
    await writeFile(path, tile);
    expect((await byHand(store)).code).not.toBe(0);
  });

  test('refuse a body that was changed', async () => {
    const digest = store.entry.subjects[0]?.sha256 ?? '';
    const body = join(store.evidence, `content/${digest}.zst`);
    await run(
      'bash',
      ['-c', `printf '{"id":"another"}\\n' | zstd -qf -o "$1"`, 'bash', body],
      store.evidence,
    );
    expect((await byHand(store)).code).not.toBe(0);
  });

  test('refuse another key under the name of the one that was told', async () => {
    const key = store.env['ENVELOPE_KEY'] ?? '';
    await run(
      'bash',
      [
        '-c',
        'openssl ecparam -genkey -name prime256v1 | openssl pkey -pubout > "$1"',
        'bash',
        `keys/${key}.pem`,
      ],
      store.evidence,
    );
    expect((await byHand(store)).code).not.toBe(0);
  });
});

/** 300 entries: a full tile and a partial one. */
async function makeStore(): Promise<Store> {
  const root = await mkdtemp(join(tmpdir(), 'annexa-by-hand-'));
  const evidence = join(root, 'evidence');
  await mkdir(join(root, 'work'));
  const keys = await generateKeys(join(root, 'keys'));
  const agent = { version: '0.0.0', build: 'test' };
  await using log = await createLog({
    directory: evidence,
    keys,
    now: () => now,
    agent,
    domain: 'acme.example',
    sample: false,
    window: 0,
  });
  const body = await log.storeBody([{ id: 'aws:1:a' }, { id: 'aws:1:b' }]);
  const drafts = Array.from({ length: 299 }, (_, index): StatementDraft => ({
    predicate: 'snapshot',
    stream: 'snapshot/aws/iam-identities/1',
    runId: `run-${index}`,
    startedAt: now,
    finishedAt: now,
    config: null,
    subjects: [{ name: 'records', sha256: body.sha256 }],
    fields: {
      collector: 'aws',
      dataset: 'iam-identities',
      scope: '1',
      asOf: now,
      kinds: {},
      records: body.records,
      provenance: {},
      outcome: 'complete',
    },
  }));
  const sealed = await log.append(drafts);
  const entry = sealed[270];
  if (entry === undefined) throw new Error('not sealed');
  const env = {
    LOG_KEY: fingerprint(keys.checkpoint.spki),
    ENVELOPE_KEY: fingerprint(keys.envelope.spki),
    ENTRY: envelopePath(entry),
    WORK: join(root, 'work'),
  };
  return { root, evidence, env, entry };
}

function envelopePath({ leafHash }: Sealed): string {
  return `envelopes/${leafHash.slice(0, 2)}/${leafHash}.dsse.json`;
}

/** Runs the `sh` blocks of the page, in their order, as one script in the evidence directory. */
async function byHand({ evidence, env }: Store): Promise<{ readonly code: number; readonly output: string }> {
  const page = await readFile('docs/auditor.md', 'utf8');
  const blocks = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map((found) => found[1] ?? '');
  return run('bash', ['-euo', 'pipefail', '-c', blocks.join('\n')], evidence, env);
}

function run(
  file: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number; readonly output: string }> {
  const path = `${join(homedir(), '.cache/annexa/bin')}:${process.env['PATH']}`;
  return new Promise((resolve) => {
    const child = execFile(file, args, { cwd, env: { ...process.env, ...env, PATH: path } }, (_, out, err) =>
      resolve({ code: child.exitCode ?? -1, output: `${out}${err}` }),
    );
  });
}

async function change(key: string, edit: (text: string) => string): Promise<void> {
  const path = join(store.evidence, key);
  const before = await readFile(path, 'utf8');
  const after = edit(before);
  expect(after).not.toBe(before);
  await writeFile(path, after);
}
