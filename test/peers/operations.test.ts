import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { HeadObjectCommand, ListObjectVersionsCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { blocksOf, createMachine, type Machine } from '../docs/page.ts';
import { annexa } from '../e2e/process.ts';
import { answersOf, lasting } from '../upgrade/answers.ts';
import { startCluster } from './kubernetes-server.ts';
import { startS3, type S3Server } from './s3-server.ts';
import { freePort } from './authorities.ts';

const run = promisify(execFile);
const PAGE = 'docs/operations.md';

const agentManifest = `apiVersion: annexa.dev/v1alpha1
kind: Agent
metadata: { name: acme }
spec:
  organisation: Acme
  domain: acme.example
  commitWindow: 1s
`;

const people = `apiVersion: annexa.dev/v1alpha1
kind: Collector
metadata: { name: hr }
spec:
  plugin: hr
  settings:
    scope: acme
    file: people.csv
    asOf: { column: asof }
    columns: { personId: id, workEmail: email }
`;

describe('Move to S3', () => {
  let server: S3Server;
  let machine: Machine;
  let env: Record<string, string>;
  let url: string;

  beforeAll(async () => {
    const listen = `127.0.0.1:${await freePort()}`;
    url = `http://${listen}`;
    [server, machine] = await Promise.all([startS3(), createMachine(listen)]);
    env = {
      AWS_ENDPOINT_URL_S3: server.endpoint,
      AWS_REGION: 'us-east-1',
      ANNEXA_S3_FORCE_PATH_STYLE: 'true',
    };
    await writeFile(machine.at('/etc/annexa/annexa.yaml'), agentManifest);
    await writeFile(machine.at('/etc/annexa/people.yaml'), people);
    const day = new Date().toISOString().slice(0, 10);
    await writeFile(machine.at('/etc/annexa/people.csv'), `id,email,asof\n1,ann@acme.example,${day}\n`);
  });
  afterAll(async () => {
    await machine[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  test('as docs/operations.md gives it: one log, locked as long as the agent would, answered as before', async () => {
    const { bucket } = await server.place({ objectLock: true });
    const [block = ''] = (await blocksOf(PAGE, 'sh s3')).get('Move to S3') ?? [];
    expect(block).toContain('s3://acme-evidence/annexa');
    const script = block
      .replaceAll('acme-evidence', bucket)
      .replace('prefix: annexa/,', '$& forcePathStyle: true,');
    await succeeds('systemctl start annexa');
    const before = lasting(await answersOf(url, { details: false }));
    const first = await readFile(machine.at('/var/lib/annexa/evidence/log/checkpoint'), 'utf8');
    await succeeds(script);
    expect(lasting(await answersOf(url, { details: false }))).toMatchObject(before);
    const found = await annexa(['verify', `s3://${bucket}/annexa`, '--json'], env).ended;
    const report = z.object({ ok: z.boolean(), entries: z.number() }).parse(JSON.parse(found.out));
    expect(report.ok).toBe(true);
    expect(report.entries).toBeGreaterThan(Number(first.split('\n')[1]));
    await locked(bucket);
  });

  test('refuses the directory that was left: the log can not fork', async () => {
    const data = machine.at('/var/lib/annexa');
    await succeeds('systemctl stop annexa\nmv /var/lib/annexa/moved/* /var/lib/annexa/evidence/');
    const manifest = machine.at('/etc/annexa/annexa.yaml');
    const inBucket = await readFile(manifest, 'utf8');
    await writeFile(manifest, inBucket.replace(/^ {2}store:.*\n/m, ''));
    const { code, err } = await annexa(['run', '--config', machine.at('/etc/annexa')], {
      ...env,
      ANNEXA_DATA: data,
    }).ended;
    expect(code).toBe(3);
    expect(err).toContain('entries were published from here');
    await writeFile(manifest, inBucket);
  });

  test('and back: the directory has what was sealed in the bucket', async () => {
    const back = machine.at('/backup/back');
    const [, bucket = ''] =
      /bucket: (\S+),/.exec(await readFile(machine.at('/etc/annexa/annexa.yaml'), 'utf8')) ?? [];
    expect(await annexa(['copy', `s3://${bucket}/annexa`, back], env).ended).toMatchObject({ code: 0 });
    const since = join(back, 'log/checkpoint');
    const verified = await annexa(['verify', `s3://${bucket}/annexa`, '--since', since], env).ended;
    expect(verified.out).toContain('verified: everything follows');
    expect(await annexa(['verify', back]).ended).toMatchObject({ code: 0 });
  });

  test('a retention that the bucket can not keep is refused before anything is copied', async () => {
    const { bucket } = await server.place();
    const ended = await annexa(
      ['copy', machine.at('/var/lib/annexa/evidence'), `s3://${bucket}/x`, '--retention', 'COMPLIANCE:1'],
      env,
    ).ended;
    expect(ended).toMatchObject({ code: 3, err: expect.stringContaining('has no Object Lock') });
    const { Versions = [] } = await server.client.send(new ListObjectVersionsCommand({ Bucket: bucket }));
    expect(Versions).toEqual([]);
  });

  async function succeeds(script: string): Promise<void> {
    const { code, output } = await machine.run([script], env);
    expect(code, output).toBe(0);
  }

  /** Everything that never changes, once, for ten years; the checkpoint and partial tiles not at all. */
  async function locked(Bucket: string): Promise<void> {
    const { Versions = [] } = await server.client.send(new ListObjectVersionsCommand({ Bucket }));
    const keys = Versions.map(({ Key = '' }) => Key).filter((key) => key.startsWith('annexa/'));
    expect(keys.length).toBeGreaterThan(20);
    const mayChange = (key: string) => key === 'annexa/log/checkpoint' || key.includes('.p/');
    const fixed = keys.filter((key) => !mayChange(key));
    expect(fixed.length).toBe(new Set(fixed).size);
    for (const Key of new Set(keys)) {
      const { ObjectLockMode } = await server.client.send(new HeadObjectCommand({ Bucket, Key }));
      expect({ Key, ObjectLockMode }).toEqual({
        Key,
        ObjectLockMode: mayChange(Key) ? undefined : 'COMPLIANCE',
      });
    }
  }
});

describe('Run read-only for an audit', () => {
  test('serve, verify, keys and proof work on a file system that is mounted read-only, and write nothing there', async () => {
    const listen = `127.0.0.1:${await freePort()}`;
    await using machine = await createMachine(listen);
    const store = machine.at('/backup/annexa');
    await cp('test/upgrade/2026-11/evidence', store, { recursive: true });
    // A mount namespace of its own: the mount goes with the last process in it.
    const script = `mount --bind "$STORE" "$STORE"
mount -o remount,bind,ro "$STORE"
if touch "$STORE/x" 2>/dev/null; then exit 9; fi
npx annexa verify "$STORE" >&2
npx annexa keys "$STORE" >&2
npx annexa proof "$STORE" 3 -o "$PROOF" >&2
exec npx annexa serve "$STORE"`;
    const unshared = `exec unshare --mount --propagation private bash -euo pipefail -c '${script}'`;
    const served = machine.start(unshared, { STORE: store, PROOF: machine.at('/elsewhere/proof') });
    const said = await served.said('Ctrl-C');
    expect(said).toContain('33 entries');
    expect(await (await fetch(`http://${listen}/api/v1/checkpoint`)).json()).toMatchObject({ size: 33 });
    expect((await fetch(`http://${listen}/api/v1/evidence/32`)).status).toBe(200);
    served.child.kill('SIGTERM');
    expect((await served.ended).code).toBe(0);
    expect(existsSync(join(store, 'state'))).toBe(false);
  });
});

describe('what the page gives for a machine and a cluster', () => {
  test('the unit is one that systemd takes', async () => {
    const [unit = ''] = (await blocksOf(PAGE, 'ini')).get('Install') ?? [];
    expect(unit).toContain('ExecStart=');
    const directory = await mkdtemp(join(tmpdir(), 'annexa-unit-'));
    const file = join(directory, 'annexa.service');
    // The program of this checkout, and a user that every machine has.
    await writeFile(
      file,
      unit.replaceAll('/opt/annexa', process.cwd()).replace('User=annexa', 'User=daemon'),
    );
    const verdict = await systemd(file);
    expect(verdict).toEqual({ code: 0, err: '' });
    await writeFile(file, unit.replace('/opt/annexa/node_modules/.bin/node', '/nowhere/node'));
    expect((await systemd(file)).err).toContain('/nowhere/node');
    await rm(directory, { recursive: true });
  });

  test('its pods are admitted under Pod Security restricted, and one that may more is not', async () => {
    const manifests = [...(await blocksOf(PAGE, 'yaml')).values()]
      .flat()
      .flatMap((text) => parseAllDocuments(text));
    const found = manifests.map((document) => workload.parse(document.toJS()));
    expect(found.map(({ kind }) => kind)).toEqual(['Job', 'Pod']);
    await using cluster = await startCluster();
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'operations', labels } };
    await cluster.call('POST', '/api/v1/namespaces', namespace);
    for (const one of found) {
      const plural = one.kind === 'Job' ? '/apis/batch/v1/namespaces/operations/jobs' : PODS;
      await cluster.call('POST', plural, one);
      const pod = podOf(one);
      await cluster.call('POST', PODS, pod);
      const rooted = {
        ...pod,
        metadata: { name: `${pod.metadata.name}-root` },
        spec: { ...pod.spec, securityContext: {} },
      };
      await expect(cluster.call('POST', PODS, rooted)).rejects.toThrow('violates PodSecurity');
    }
  });
});

const PODS = '/api/v1/namespaces/operations/pods';

const spec = z.looseObject({ containers: z.array(z.looseObject({ args: z.array(z.string()) })) });
const metadata = z.looseObject({ name: z.string() });
const workload = z.discriminatedUnion('kind', [
  z.looseObject({ kind: z.literal('Pod'), metadata, spec }),
  z.looseObject({
    kind: z.literal('Job'),
    metadata,
    spec: z.looseObject({ template: z.looseObject({ spec }) }),
  }),
]);

/** What a controller would make of it; nothing runs here. */
function podOf(one: z.infer<typeof workload>) {
  const pod = one.kind === 'Job' ? one.spec.template.spec : one.spec;
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: `${one.metadata.name}-pod` }, spec: pod };
}

async function systemd(file: string): Promise<{ readonly code: number; readonly err: string }> {
  return run('systemd-analyze', ['verify', '--man=no', '--recursive-errors=no', file]).then(
    ({ stderr }) => ({ code: 0, err: stderr }),
    ({ code, stderr }) => ({ code: Number(code), err: String(stderr) }),
  );
}
