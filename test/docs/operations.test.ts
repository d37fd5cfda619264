import { existsSync } from 'node:fs';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { manifests, people, training } from '../upgrade/organisation.ts';
import { type Answers, answersOf, lasting } from '../upgrade/answers.ts';
import { annexa } from '../e2e/process.ts';
import { blocksOf, createMachine, type Machine, type Ran } from './page.ts';

/** The procedures of docs/operations.md, on one organisation, in the order of the page. */

let machine: Machine;
let url: string;
let blocks: Awaited<ReturnType<typeof blocksOf>>;

beforeAll(async () => {
  blocks = await blocksOf('docs/operations.md', 'sh');
  const listen = `127.0.0.1:${await freePort()}`;
  url = `http://${listen}`;
  machine = await createMachine(listen);
  for (const [file, text] of Object.entries(manifests))
    if (file !== 'exceptions.yaml' && file !== 'checks.yaml')
      await writeFile(at(`/etc/annexa/${file}`), text);
  const day = new Date().toISOString().slice(0, 10);
  await writeFile(at('/etc/annexa/people.csv'), people(day));
  await writeFile(at('/etc/annexa/training.csv'), training(day));
  const keys = ['envelope.pem', 'checkpoint.pem', 'body.key'].map(
    (file) => `    ${file.split('.')[0]}: { file: ${at('/secrets/2026')}/${file} }\n`,
  );
  await writeFile(
    at('/etc/annexa/annexa.yaml'),
    `apiVersion: annexa.dev/v1alpha1\nkind: Agent\nmetadata: { name: acme }\nspec:\n  organisation: Acme\n  domain: acme.example\n` +
      `  commitWindow: 1s\n  keys:\n${keys.join('')}`,
  );
}, 60_000);

afterAll(() => machine[Symbol.asyncDispose]());

const at = (path: string) => machine.at(path);

/** All blocks of a section. */
async function section(title: string): Promise<Ran> {
  const own = blocks.get(title) ?? [];
  expect(own.length, title).toBeGreaterThan(0);
  const ran = await machine.run(own);
  expect(ran.code, ran.output).toBe(0);
  return ran;
}

const backup = () => blocks.get('Back up')?.[0] ?? '';

const fingerprintsOf = async (path: string) =>
  [...(await annexa(['keys', at(path)]).ended).out.matchAll(/[0-9a-f]{64}/g)].map(String);

/** What may not change by any of the procedures: but for the times of assessments, and what these have added. */
async function standing(): Promise<Answers> {
  const answers = await answersOf(url, { details: false });
  return { ...lasting(answers), ...current(answers) };
}

function current(answers: Answers): Answers {
  const lists = ['controls', 'checks', 'deviations', 'exceptions', 'attestations', 'soa', 'scope'];
  return Object.fromEntries(lists.map((list) => [list, untimed(answers[list])]));
}

function untimed(value: unknown): unknown {
  const text = JSON.stringify(value, (key, inner: unknown) =>
    ['lastAssessedAt', 'assessedAt'].includes(key) || (key === 'evidence' && typeof inner === 'number')
      ? undefined
      : inner,
  );
  return JSON.parse(text);
}

async function keeps(title: string): Promise<Ran> {
  const before = await standing();
  const ran = await section(title);
  expect(await standing()).toMatchObject(before);
  return ran;
}

describe('docs/operations.md', { timeout: 400_000 }, () => {
  test('Install', async () => {
    const { output } = await section('Install');
    expect(output).toContain('verified: everything follows');
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    const items = z.object({ items: z.array(z.object({ outcome: z.string() })) });
    const runs = items.parse(await (await fetch(`${url}/api/v1/runs`)).json());
    expect(runs.items.map(({ outcome }) => outcome)).toEqual(['ok', 'ok']);
  });

  test('Back up', async () => {
    await keeps('Back up');
    const own = await readFile(at('/var/lib/annexa/evidence/log/checkpoint'), 'utf8');
    expect(await readFile(at('/backup/annexa/log/checkpoint'), 'utf8')).toBe(own);
    expect(existsSync(at('/elsewhere/keys/2026/envelope.pem'))).toBe(true);
  });

  test('Rotate keys', async () => {
    const before = await fingerprintsOf('/var/lib/annexa/evidence');
    await keeps('Rotate keys');
    const after = await fingerprintsOf('/var/lib/annexa/evidence');
    expect(after).toEqual(expect.arrayContaining(before));
    expect(new Set(after).size).toBe(new Set(before).size + 2);
  });

  test('Lose the state', async () => {
    await keeps('Lose the state');
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
  });

  test('Lose the high-water mark', async () => {
    // What is sealed from here on is in no backup.
    expect((await machine.run([backup()])).code).toBe(0);
    const { output } = await keeps('Lose the high-water mark');
    expect(output).toContain('the high-water mark in state/ is lost');
  });

  test('Lose the volume', async () => {
    const newest = at('/elsewhere/newest.checkpoint');
    await cp(at('/var/lib/annexa/evidence/log/checkpoint'), newest);
    const before = current(await answersOf(url, { details: false }));
    await section('Lose the volume');
    expect(current(await answersOf(url, { details: false }))).toMatchObject(before);
    // What was sealed since the backup is gone, and only the newest checkpoint shows it.
    const { code, out } = await annexa(['verify', at('/backup/annexa'), '--since', newest]).ended;
    expect({ code, out }).toEqual({ code: 1, out: expect.stringContaining('rolled-back') });
  });

  test('Run read-only for an audit', async () => {
    const { output } = await keeps('Run read-only for an audit');
    expect(output).toContain('read-only, answers at');
    expect(output).toContain('"items":[{"id":"A.5.1"');
  });

  test('Upgrade', async () => {
    const { output } = await keeps('Upgrade');
    expect(output).toContain('verified: everything follows');
  });

  test('Uninstall, keeping the evidence', async () => {
    await section('Uninstall, keeping the evidence');
    expect(existsSync(at('/var/lib/annexa'))).toBe(false);
    expect(await readFile(at('/elsewhere/verified.txt'), 'utf8')).toContain('verified: everything follows');
    const last = await readFile(at('/elsewhere/last.checkpoint'), 'utf8');
    expect(last).toBe(await readFile(at('/backup/annexa/log/checkpoint'), 'utf8'));
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
