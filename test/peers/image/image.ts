import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFile, cp, link, mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { cache, limits, podman } from './podman.ts';

const run = promisify(execFile);
const root = resolve(import.meta.dirname, '../../..');

/** Networks of their own would need more of the machine than the tests do. */
const building = ['build', '--pull=never', '--isolation', 'oci', '--network', 'host', ...limits];

export interface Bases {
  /** By digest. */
  readonly buildBase: string;
  readonly base: string;
}

/** Makes the bases, unless those of the same Node, npm and Debian are there. */
export async function makeBases(): Promise<Bases> {
  const { stdout } = await run('npm', ['--version']);
  const archive = await stat(join(cache, 'debian.tar'));
  const file = join(import.meta.dirname, 'bases.Dockerfile');
  const made = [process.version, stdout.trim(), archive.mtimeMs, await readFile(file, 'utf8')];
  const tag = createHash('sha256').update(JSON.stringify(made)).digest('hex').slice(0, 12);
  const [buildBase, base] = [`localhost/annexa-build-base:${tag}`, `localhost/annexa-base:${tag}`];
  if (!(await exists(base))) {
    const context = await mkdtemp(join(cache, 'bases-'));
    try {
      await fill(context);
      const common = [...building, '--file', file];
      await podman(...common, '--target', 'build-base', '--tag', buildBase, context);
      await podman(...common, '--target', 'base', '--tag', base, context);
    } finally {
      await rm(context, { recursive: true, force: true });
    }
  }
  return { buildBase: await withDigest(buildBase), base: await withDigest(base) };
}

async function fill(context: string): Promise<void> {
  const { stdout: modules } = await run('npm', ['root', '--global']);
  await cp(join(modules.trim(), 'npm'), join(context, 'npm'), { recursive: true });
  await copyFile(process.execPath, join(context, 'node'));
  await copyFile('/etc/ssl/certs/ca-certificates.crt', join(context, 'machine-ca.crt'));
  await link(join(cache, 'debian.tar'), join(context, 'debian.tar'));
}

function exists(image: string): Promise<boolean> {
  return podman('image', 'exists', image).then(
    () => true,
    () => false,
  );
}

async function withDigest(image: string): Promise<string> {
  return `${image}@${await podman('image', 'inspect', '--format', '{{.Digest}}', image)}`;
}

/** Builds the Dockerfile as somebody would, from the files of this checkout. Its build stage is kept, so that npm is asked once a lockfile. */
export async function buildImage({ buildBase, base }: Bases, revision: string): Promise<string> {
  const given = [`BUILD_BASE=${buildBase}`, `BASE=${base}`, `REVISION=${revision}`];
  const args = [...building, ...(await npmVolumes()), ...given.flatMap((one) => ['--build-arg', one])];
  const image = 'localhost/annexa';
  await podman(...args, '--target', 'build', '--tag', `${image}-build`, root);
  await podman(...args, '--tag', image, root);
  await podman('image', 'prune', '--force');
  return image;
}

/** What npm of this machine has at hand, and how it reaches its registry; none of it enters a layer. */
async function npmVolumes(): Promise<readonly string[]> {
  const [kept, settings] = [join(homedir(), '.npm'), join(homedir(), '.npmrc')];
  await mkdir(kept, { recursive: true });
  const known = await stat(settings).catch(() => undefined);
  const volumes = [`${kept}:/root/.npm`, ...(known === undefined ? [] : [`${settings}:/root/.npmrc:ro`])];
  return volumes.flatMap((one) => ['--volume', one]);
}
