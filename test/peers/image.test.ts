import { once } from 'node:events';
import { chown, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { bundle, papers } from '../../build.ts';
import { readStore } from '../../src/evidence/reader.ts';
import { type Container, type Mounts, runOnce, startContainer } from './image/container.ts';
import { type Bases, buildImage, makeBases } from './image/image.ts';
import { podman } from './image/podman.ts';

const examples = resolve(import.meta.dirname, '../../examples/registers');
const user = 65_532;
const revision = 'f'.repeat(40);
/** Datasets of the example, but HR's. */
const registers = 20;
/** Seconds that the chart gives the agent to end. */
const grace = 45;
const sealed = /"entry":(\d+),"leaf":"([0-9a-f]{64})"/;
let bases: Bases;
let image = '';

beforeAll(async () => {
  bases = await makeBases();
  image = await buildImage(bases, revision);
}, 900_000);

/** Calls back with the files of the image, while they can be read. */
async function inImage<T>(read: (root: string) => Promise<T>): Promise<T> {
  const root = await podman('image', 'mount', image);
  try {
    return await read(root);
  } finally {
    await podman('image', 'unmount', image);
  }
}

describe('the image', () => {
  test('is built on no base without its digest', async () => {
    const [name = ''] = bases.base.split('@');
    await expect(buildImage({ ...bases, base: name }, revision)).rejects.toMatchObject({
      stderr: expect.stringContaining(`${name}: expected an image with its digest`),
    });
  });

  test('starts the agent as a user without a name, and says what it is', async () => {
    const config = z
      .array(z.object({ Config: z.record(z.string(), z.unknown()) }))
      .parse(JSON.parse(await podman('image', 'inspect', image)))[0]?.Config;
    expect(config).toMatchObject({
      User: `${user}:${user}`,
      Entrypoint: [
        'node',
        '--initial-heap-size=40',
        '--max-semi-space-size=4',
        '--no-parallel-scavenge',
        '--optimize-for-size',
        '/app/annexa.mjs',
      ],
      Cmd: ['run'],
      StopSignal: 'SIGTERM',
      ExposedPorts: { '8080/tcp': {} },
      Env: expect.arrayContaining(['ANNEXA_CONFIG=/etc/annexa', 'ANNEXA_DATA=/var/lib/annexa']),
      Labels: {
        'org.opencontainers.image.licenses': 'Apache-2.0',
        'org.opencontainers.image.revision': revision,
        'org.opencontainers.image.base.name': bases.base,
      },
    });
  });

  test('holds the bundle that this commit makes, byte for byte, readable by all and writable by nobody but root', async () => {
    const dist = await mkdtemp(join(tmpdir(), 'annexa-image-'));
    process.env['ANNEXA_REVISION'] = revision;
    try {
      await papers(dist, await bundle(dist));
      await inImage(async (root) => {
        const app = join(root, 'app');
        const here = (await readdir(dist)).filter((file) => !file.endsWith('.map'));
        const there = (await readdir(app)).filter((file) => file !== 'cache');
        expect(there.toSorted()).toEqual(here.toSorted());
        for (const file of here) {
          const same = (await readFile(join(app, file))).equals(await readFile(join(dist, file)));
          expect({ file, same }).toEqual({ file, same: true });
        }
        for (const entry of await readdir(app, { recursive: true, withFileTypes: true })) {
          const { uid, gid, mode } = await stat(join(entry.parentPath, entry.name));
          const [read, write] = [mode & 0o444, mode & 0o022];
          expect({ name: entry.name, uid, gid, read, write }).toEqual({
            name: entry.name,
            uid: 0,
            gid: 0,
            read: 0o444,
            write: 0,
          });
        }
      });
    } finally {
      delete process.env['ANNEXA_REVISION'];
      await rm(dist, { recursive: true });
    }
  });
});

describe('the agent in its container', () => {
  let directory = '';
  let mounts: Mounts;
  let container: Container;
  let url = '';
  const hanging = createServer();
  const asked = once(hanging, 'request');

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'annexa-container-'));
    mounts = {
      config: join(directory, 'config'),
      data: join(directory, 'data'),
      isms: join(examples, 'isms'),
    };
    hanging.listen(0, '127.0.0.1');
    await once(hanging, 'listening');
    const { port } = z.object({ port: z.int() }).parse(hanging.address());
    await cp(join(examples, 'annexa'), mounts.config, { recursive: true });
    const collectors = join(mounts.config, 'collectors.yaml');
    const people = (await readFile(collectors, 'utf8')).replace(
      'file: ../isms/people.csv',
      `url: http://127.0.0.1:${port}/people.csv`,
    );
    await writeFile(collectors, people);
    await mkdir(mounts.data, { mode: 0o700 });
    await chown(mounts.data, user, user);
    container = startContainer(image, mounts, {
      ANNEXA_LISTEN: '127.0.0.1:0',
      ANNEXA_LOG_LEVEL: 'info',
      NODE_DEBUG_NATIVE: 'COMPILE_CACHE',
    });
    [url = ''] = await container.said(/(?<=listens on )http:\S+/);
  });

  afterAll(async () => {
    await container[Symbol.asyncDispose]();
    hanging.closeAllConnections();
    hanging.close();
    await rm(directory, { recursive: true, force: true });
  });

  test('gets ready on what was compiled when the image was built, every module of it', async () => {
    await container.said(/"event":"assessed"/);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    const compiled = await inImage((root) => readdir(join(root, 'app/cache'), { recursive: true }));
    const modules = compiled.filter((path) => path.includes('/'));
    expect(modules.length).toBeGreaterThan(30);
    const accepted = container.lines.filter((line) => line.includes('was accepted'));
    expect(accepted).toHaveLength(modules.length);
    expect(container.lines.filter((line) => line.includes('was rejected'))).toEqual([]);
  });

  test('has no capability, no way to more privileges, and its system calls filtered', async () => {
    const status = await readFile(`/proc/${await container.pid()}/status`, 'utf8');
    expect(status).toMatch(new RegExp(`^Uid:(\\t${user}){4}$`, 'm'));
    expect(status).toMatch(new RegExp(`^Gid:(\\t${user}){4}$`, 'm'));
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
      expect(status).toMatch(new RegExp(`^${set}:\\t0+$`, 'm'));
    expect(status).toMatch(/^NoNewPrivs:\t1$/m);
    expect(status).toMatch(/^Seccomp:\t2$/m);
  });

  test.each(['/etc', '/app', '/app/cache', '/nodejs/bin', '/'])('writes nothing under %s', async (place) => {
    const script = `try { fs.writeFileSync('${place}/x', ''), 'written' } catch (error) { error.code }`;
    await expect(container.evaluate(script)).resolves.toBe('EROFS');
  });

  test('is asked to end while it collects, ends by itself, and what it acknowledged is there', async () => {
    await asked;
    await container.said(/"event":"collected"/, registers);
    await expect(container.stop(grace)).resolves.toBe(0);
    const report = await runOnce(image, mounts, 'verify', '--json', '/var/lib/annexa/evidence');
    expect(JSON.parse(report)).toMatchObject({ ok: true, problems: [] });
    const store = await readStore(join(mounts.data, 'evidence'));
    const acknowledged = container.lines.map((line) => sealed.exec(line)).filter((match) => match !== null);
    expect(acknowledged.length).toBeGreaterThan(registers);
    for (const [, index, leaf] of acknowledged)
      expect(await store.entry(Number(index))).toMatchObject({ leafHash: leaf });
  });

  test('complains of nothing but the source that never answered', () => {
    const complaints = container.lines.filter((line) => /"level":[4-6]0|EROFS|EACCES|ENOENT/.test(line));
    expect(complaints).toEqual([expect.stringMatching(/"collector":"hr".*"reason":"stopped"/)]);
  });
});
