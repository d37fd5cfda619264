import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { bundle } from '../build.ts';
import { datasets } from '../src/collectors/aws/datasets.ts';
import { datasets as googleDatasets } from '../src/collectors/google/datasets.ts';
import { readChecks } from '../src/controls/builtin.ts';
import { estate } from './collectors/aws/estate/index.ts';
import { startStub } from './collectors/aws/stub.ts';
import { base as googleEstate, CUSTOMER, SUBJECT } from './collectors/google/estate.ts';
import { keyFile } from './collectors/google/identities.ts';
import { startStub as startGoogle } from './collectors/google/stub.ts';
import { key, spreadsheet, startSheets } from './collectors/register/sheet-stub.ts';

const run = promisify(execFile);

const agent = `
apiVersion: annexa.dev/v1alpha1
kind: Agent
metadata: { name: acme }
spec: { organisation: Acme, domain: acme.example, data: data }
`;

const badCheck = `
apiVersion: annexa.dev/v1alpha1
kind: Check
metadata: { name: bad-column }
spec:
  title: Reads a column that is not there
  aspects: [A.8.5/second-factor]
  nature: state
  severity: low
  within: 24h
  kind: identity
  fails: it.no_such_column
  reason: "'x'"
  remediation: None.
  rationale: None.
  cases:
    - { name: none, records: { identity: [] }, expect: { outcome: unknown } }
`;

describe('the bundle', () => {
  let directory = '';
  let dist = '';

  beforeAll(async () => {
    // Outside the checkout: nothing above it has a node_modules.
    directory = await mkdtemp(join(tmpdir(), 'annexa-bundle-'));
    dist = join(directory, 'dist');
    await bundle(dist);
  });

  afterAll(() => rm(directory, { recursive: true, force: true }));

  function annexa(...args: readonly string[]) {
    const entry = join(dist, 'annexa.mjs');
    return run(process.execPath, [entry, ...args], { cwd: directory, env: {}, timeout: 60_000 });
  }

  test('holds the agent, the process that runs checks, the checks and what they need beside them', async () => {
    const files = await readdir(dist, { recursive: true });
    expect(files).toEqual(
      expect.arrayContaining([
        'annexa.mjs',
        'sandbox-child.mjs',
        'bundle-child.mjs',
        'sqlparser_rs_wasm_bg.wasm',
      ]),
    );
    const checks: unknown = JSON.parse(await readFile(join(dist, 'checks.json'), 'utf8'));
    expect(checks).toEqual(await readChecks());
  });

  test('runs without anything of node_modules', async () => {
    const { stdout } = await annexa('--help');
    expect(stdout).toMatch(/^usage: annexa COMMAND/);
  });

  test('collects from every source of the sample organisation, what it loads late included', async () => {
    const sample = join(import.meta.dirname, '../examples/acme');
    const env = { ANNEXA_DATA: join(directory, 'data') };
    const entry = join(dist, 'annexa.mjs');
    const { stdout, stderr } = await run(process.execPath, [entry, 'collect', '--config', sample], {
      env,
      timeout: 60_000,
    });
    expect(stdout).toContain('A.5.18/removal');
    expect(stderr).not.toContain('not collected');
  });

  test('collects every dataset of AWS, each of which loads its own part of the SDK', async () => {
    const manifests = await mkdtemp(join(directory, 'aws-'));
    await using stub = await startStub(estate({ now: Date.now(), users: 3, size: 2, pageSize: 5 }));
    await writeFile(join(manifests, 'agent.yaml'), agent);
    await writeFile(
      join(manifests, 'aws.yaml'),
      `{ apiVersion: annexa.dev/v1alpha1, kind: Collector, metadata: { name: aws }, spec: { plugin: aws, settings: {
        endpoint: "${stub.endpoint}", credentials: { accessKeyId: { env: KEY }, secretAccessKey: { env: KEY } },
        accounts: [{ id: "${stub.account}" }], organization: { account: "${stub.account}" },
        identityCenter: { account: "${stub.account}" }, region: eu-west-1, reportPoll: 0.01 } } }`,
    );
    const entry = join(dist, 'annexa.mjs');
    const env = { ANNEXA_DATA: join(directory, 'aws-data'), KEY: 'test', ANNEXA_LOG_LEVEL: 'info' };
    const { stderr } = await run(process.execPath, [entry, 'collect', '--config', manifests], {
      env,
      timeout: 120_000,
    });
    const events = stderr.split('\n').filter((line) => line.startsWith('{'));
    const logged = z.looseObject({ event: z.string().optional(), dataset: z.string().optional() });
    const told = events.map((line) => logged.parse(JSON.parse(line)));
    const collected = told.flatMap(({ event, dataset }) => (event === 'collected' ? [dataset] : []));
    expect(collected).toHaveLength(datasets.length);
    expect(new Set(collected)).toEqual(new Set(datasets.map(({ name }) => name)));
  }, 180_000);

  test('collects every dataset of Google, whose libraries are loaded late', async () => {
    const manifests = await mkdtemp(join(directory, 'google-'));
    await using stub = await startGoogle(googleEstate);
    await writeFile(join(manifests, 'agent.yaml'), agent);
    await writeFile(
      join(manifests, 'google.yaml'),
      `{ apiVersion: annexa.dev/v1alpha1, kind: Collector, metadata: { name: google }, spec: { plugin: google, settings: {
        scope: ${CUSTOMER}, subject: ${SUBJECT}, credentials: { env: KEY }, endpoint: "${stub.endpoint}", oauthGrants: {} } } }`,
    );
    const entry = join(dist, 'annexa.mjs');
    const env = { ANNEXA_DATA: join(directory, 'google-data'), KEY: keyFile(), ANNEXA_LOG_LEVEL: 'info' };
    const { stderr } = await run(process.execPath, [entry, 'collect', '--config', manifests], {
      env,
      timeout: 60_000,
    });
    expect(stderr.match(/"event":"collected"/g)).toHaveLength(googleDatasets.length);
  }, 90_000);
  test('collects registers of every form, a sheet included', async () => {
    const examples = join(import.meta.dirname, '../examples/registers');
    const manifests = await mkdtemp(join(directory, 'registers-'));
    await using stub = await startSheets({
      cells: {
        Training: [
          ['Who', 'What'],
          ['lea@acme.example', 'x'],
        ],
      },
    });
    const registers = await readFile(join(examples, 'annexa/collectors.yaml'), 'utf8');
    await writeFile(join(manifests, 'agent.yaml'), agent);
    await writeFile(join(manifests, 'registers.yaml'), registers.replaceAll('../isms/', `${examples}/isms/`));
    await writeFile(
      join(manifests, 'sheet.yaml'),
      `{ apiVersion: annexa.dev/v1alpha1, kind: Collector, metadata: { name: sheet }, spec: { plugin: register, settings: {
        scope: sheet, google: { endpoint: "${stub.endpoint}", credentials: { env: KEY } }, training: {
        sheet: { spreadsheet: ${spreadsheet}, range: "Training!A1:B" }, asOf: { declared: 2026-11-20 }, id: Who,
        columns: { person: Who, course: What } } } } }`,
    );
    const entry = join(dist, 'annexa.mjs');
    const env = { ANNEXA_DATA: join(directory, 'registers-data'), KEY: key };
    const { stderr } = await run(process.execPath, [entry, 'collect', '--config', manifests], {
      env,
      timeout: 120_000,
    });
    expect(stderr.match(/"event":"collected"/g)).toHaveLength(22);
    expect(stderr).not.toContain('not collected');
  }, 180_000);

  test('compiles no check of the product again, and refuses one of the user that it can not compile', async () => {
    const manifests = await mkdtemp(join(directory, 'parser-'));
    const lame = join(manifests, 'dist');
    await cp(dist, lame, { recursive: true });
    await rm(join(lame, 'sqlparser_rs_wasm_bg.wasm'));
    const config = join(manifests, 'config');
    await mkdir(config);
    await writeFile(join(config, 'agent.yaml'), agent);
    const validate = () => run(process.execPath, [join(lame, 'annexa.mjs'), 'validate', config], { env: {} });
    await expect(validate()).resolves.toBeDefined();
    await writeFile(join(config, 'check.yaml'), badCheck.replace('no_such_column', 'second_factor'));
    await expect(validate()).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('bad-column'),
    });
  });

  test('compiles checks in its child process, and tells what does not compile', async () => {
    const manifests = await mkdtemp(join(directory, 'manifests-'));
    await writeFile(join(manifests, 'agent.yaml'), agent);
    await expect(annexa('validate', manifests)).resolves.toBeDefined();
    await writeFile(join(manifests, 'check.yaml'), badCheck);
    await expect(annexa('validate', manifests)).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/bad-column.*no_such_column/s),
    });
  });
});
