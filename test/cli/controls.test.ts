import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { controls } from '../../src/cli/controls.ts';
import { UsageError } from '../../src/cli/command.ts';
import { validate } from '../../src/cli/validate.ts';
import type { ControlCoverage, CoverageSums } from '../../src/controls/coverage.ts';
import { own } from '../../src/engine/own.ts';

const api = 'apiVersion: annexa.dev/v1alpha1';
const MANIFESTS = {
  'agent.yaml': `${api}\nkind: Agent\nmetadata: { name: t }\nspec: { organisation: T, domain: t.example }\n`,
  'hr.yaml': `${api}
kind: Collector
metadata: { name: people }
spec:
  plugin: hr
  settings:
    scope: t
    file: people.csv
    asOf: { column: asof }
    columns: { personId: id, workEmail: email, lastDay: last }
`,
  'scope.yaml': `${api}
kind: Scope
metadata: { name: all }
spec:
  { statement: all, entities: [T], sites: [], services: [], sources: [{ collector: people, scopes: [t] }],
    absent: [{ kinds: [cluster], reason: none is run, approver: Board }] }
`,
  'soa.yaml': `${api}
kind: StatementOfApplicability
metadata: { name: soa }
spec:
  version: "1"
  approver: Board
  approvedAt: 2026-01-01
  controls:
    - { control: A.7.4, applicable: false, justification: no premises }
    - { control: T-1, title: Our own, applicable: true, justification: ours, implementation: implemented }
`,
};

let directory: string;
let config: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'annexa-controls-'));
  config = await mkdtemp(join(directory, 'config-'));
  for (const [file, text] of Object.entries(MANIFESTS)) await writeFile(join(config, file), text);
});

afterEach(() => rm(directory, { recursive: true, force: true }));

/** What a command prints, and how it ends. */
async function run(command: typeof controls, ...args: readonly string[]) {
  const out: string[] = [];
  const io = {
    out: (line: string) => void out.push(line),
    err: (line: string) => void out.push(line),
    env: { PATH: process.env['PATH'] },
    stop: new AbortController().signal,
  };
  const code = await command.run(args, io);
  return { code, out, text: out.join('\n') };
}

describe('annexa controls', () => {
  test('tells of each aspect what answers it, what would, and what is excluded', async () => {
    const { code, text } = await run(controls, '--config', config, '--clauses');
    expect(code).toBe(0);
    expect(text).toMatch(/\nA\.5\.18 {2}Access rights\n( {2}blind {5}.*\n)*? {2}blind {5}removal:/);
    expect(text).toMatch(/identity-owner would, with identity \(aws\/iam-identities or \d+ more\)/);
    expect(text).toContain('  excluded  ');
    expect(text).toMatch(/ {2}recorded {2}soa: soa-excluded-quiet, soa-owner-employed, soa-owner-named/);
    expect(text).toMatch(/does not apply: cluster declared absent/);
    expect(text).toContain('T-1  Our own\n  blind     nothing says how it would be tested');
  });

  // People alone are known there: whether contractors have an end is recorded.
  test('sums up, with Annex A apart from the clauses', async () => {
    const { out } = await run(controls, '--config', config);
    expect(out.at(-3)).toMatch(/^93 controls: 0 with a live aspect, 1 counting recorded ones, .*1 excluded/);
    expect(out.at(-2)).toMatch(/^1 controls of your own: 0 with a live aspect/);
    expect(out.at(-1)).toMatch(/^\d+ aspects: 0 live, 1 recorded, 0 attested, \d excluded, \d+ blind$/);
  });

  test('prints one JSON object for machines', async () => {
    const { out } = await run(controls, '--config', config, '--control', '6.1.3', '--json');
    expect(out).toHaveLength(1);
    const found = own<{ controls: ControlCoverage[]; sums: CoverageSums }>(JSON.parse(out[0] ?? ''));
    expect(found.controls.map(({ control, state }) => [control.id, state])).toEqual([['6.1.3', 'recorded']]);
    expect(found.sums).toMatchObject({ total: 1, live: 0, recorded: 1 });
  });

  test('tells what the product can show at all', async () => {
    const { out } = await run(controls, '--possible');
    expect(out.at(-2)).toMatch(/^93 controls: [1-9]\d* with a live aspect/);
    await expect(run(controls, '--possible', '--config', config)).rejects.toThrow(UsageError);
  });

  test('refuses a control that there is not', async () => {
    await expect(run(controls, '--config', config, '--control', 'A.9.9')).rejects.toThrow(
      '--control A.9.9: there is none',
    );
  });
});

describe('attestations to fill in', () => {
  const templates = (...args: readonly string[]) =>
    run(controls, '--config', config, '--templates', join(directory, 'todo'), ...args);
  const files = async () => (await readdir(join(directory, 'todo'))).sort();

  test('are written for aspects that no check is for, one a file', async () => {
    expect((await templates()).code).toBe(0);
    const names = await files();
    expect(names).toContain('a-5-4-direction.yaml');
    expect(names).not.toContain('a-5-18-removal.yaml');
    expect(names.some((name) => name.startsWith('a-7-4-'))).toBe(false);
    expect(names.some((name) => /^\d/.test(name))).toBe(false);
  });

  test('are written for what systems can show when the control is named, or with --blind, and say so', async () => {
    await templates('--control', 'A.5.18');
    expect(await files()).toEqual(expect.arrayContaining(['a-5-18-approval.yaml', 'a-5-18-removal.yaml']));
    const text = await readFile(join(directory, 'todo/a-5-18-removal.yaml'), 'utf8');
    expect(text).toContain('# Systems or registers can show this');
    await rm(join(directory, 'todo'), { recursive: true });
    await templates('--blind');
    expect(await files()).toContain('a-5-18-removal.yaml');
  });

  test('say what an assessor would look at', async () => {
    await templates('--control', 'A.5.4');
    const text = await readFile(join(directory, 'todo/a-5-4-direction.yaml'), 'utf8');
    expect(text).toMatch(/^# A\.5\.4 Management responsibilities\n/);
    expect(text).toContain('# What an assessor would look at: ');
    expect(text).toMatch(/expires: # TODO: .* such as \d{4}-\d\d-\d\d/);
  });

  test('are never written over, and then nothing is written', async () => {
    await templates('--control', 'A.5.4');
    await writeFile(join(directory, 'todo/a-5-4-direction.yaml'), 'filled in');
    await expect(templates()).rejects.toThrow(/a-5-4-direction\.yaml is there already/);
    expect(await readFile(join(directory, 'todo/a-5-4-direction.yaml'), 'utf8')).toBe('filled in');
    expect(await files()).toHaveLength(2);
  });

  test('are refused by validation until each TODO is filled in, which names it', async () => {
    await templates('--control', 'A.5.4');
    const text = await readFile(join(directory, 'todo/a-5-4-direction.yaml'), 'utf8');
    await writeFile(join(config, 'attestation.yaml'), text);
    const refused = await run(validate, config).then(
      ({ text }) => text,
      (error: unknown) => String(error),
    );
    for (const field of ['statement', 'by', 'at', 'expires'])
      expect(refused).toContain(`spec.${field}: found`);
  });

  test('make the aspect attested once they are', async () => {
    await templates('--control', 'A.5.4');
    for (const name of await files()) {
      const text = await readFile(join(directory, 'todo', name), 'utf8');
      const filled = text
        .replace(/statement: #.*/, 'statement: Seen in the minutes')
        .replace(/by: #.*/, 'by: CISO')
        .replace(/at: # .*such as (.*)/, 'at: $1')
        .replace(/expires: #.*such as (.*)/, 'expires: $1');
      await writeFile(join(config, name), filled);
    }
    expect((await run(validate, config)).code).toBe(0);
    const { text } = await run(controls, '--config', config, '--control', 'A.5.4');
    expect(text).toContain('  attested  direction: a-5-4-direction');
    expect(text).toContain('1 answered in every aspect');
  });
});
