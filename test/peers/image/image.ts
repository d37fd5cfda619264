import { cp, copyFile, link, mkdtemp, rm, stat } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { cache, limits, podman } from './podman.ts';

const run = promisify(execFile);
const root = resolve(import.meta.dirname, '../../..');

/** Networks of their own would need more of the machine than the tests do. */
const common = ['build', '--pull=never', '--isolation', 'oci', '--network', 'host', ...limits];

export interface Bases {
  /** By digest. */
  readonly buildBase: string;
  readonly base: string;
}

/** Makes the bases. Nothing is made again while Node, npm and Debian are the same. */
export async function makeBases(): Promise<Bases> {
  const context = await mkdtemp(join(tmpdir(), 'annexa-bases-'));
  try {
    const { stdout: modules } = await run('npm', ['root', '--global']);
    await cp(join(modules.trim(), 'npm'), join(context, 'npm'), { recursive: true, preserveTimestamps: true });
    await copyFile(process.execPath, join(context, 'node'));
    await copyFile('/etc/ssl/certs/ca-certificates.crt', join(context, 'machine-ca.crt'));
    await link(join(cache, 'debian.tar'), join(context, 'debian.tar')).catch(() =>
      copyFile(join(cache, 'debian.tar'), join(context, 'debian.tar')),
    );
    const file = ['--file', join(import.meta.dirname, 'bases.Dockerfile')];
    for (const target of ['build-base', 'base'])
      await podman(...common, ...file, '--target', target, '--tag', `localhost/annexa-${target}`, context);
    return {
      buildBase: await withDigest('localhost/annexa-build-base'),
      base: await withDigest('localhost/annexa-base'),
    };
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}

async function withDigest(image: string): Promise<string> {
  return `${image}@${await podman('image', 'inspect', '--format', '{{.Digest}}', image)}`;
}

/** Builds the Dockerfile as somebody would, from the files of this checkout. The build stage is kept: npm is asked once a lockfile. */
export async function buildImage(
  { buildBase, base }: Bases,
  revision: string,
  ...more: readonly string[]
): Promise<string> {
  const args = [`BUILD_BASE=${buildBase}`, `BASE=${base}`, `REVISION=${revision}`];
  const given = args.flatMap((one) => ['--build-arg', one]);
  const image = 'localhost/annexa';
  const build = [...common, ...(await npmVolumes()), ...given, ...more];
  await podman(...build, '--target', 'build', '--tag', `${image}-build`, root);
  await podman(...build, '--tag', image, root);
  await podman('image', 'prune', '--force');
  return image;
}

/** What npm of this machine has at hand, and how it reaches its registry; none of it enters a layer. */
async function npmVolumes(): Promise<readonly string[]> {
  const settings = join(homedir(), '.npmrc');
  const known = await stat(settings).then(
    () => ['--volume', `${settings}:/root/.npmrc:ro`],
    () => [],
  );
  return ['--volume', `${join(homedir(), '.npm')}:/root/.npm`, ...known];
}
