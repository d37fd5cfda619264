import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';
import { z } from 'zod';

export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** An SPDX identifier of the allow list. */
  readonly licence: string;
  readonly author: string | undefined;
  /** Of the package's tarball, as the lockfile has it: Subresource Integrity. */
  readonly integrity: string;
  readonly directory: string;
}

/** What may be shipped with Apache-2.0 code, without more ado than the licence's text. */
const allowed: ReadonlySet<string> = new Set(['Apache-2.0', 'BSD-3-Clause', 'ISC', 'MIT', 'Unlicense']);

/** What a manifest says that is no SPDX identifier, and what the package's LICENSE file is. */
const corrected: Readonly<Record<string, string>> = { 'url-template@2.0.8': 'BSD-3-Clause' };

const manifest = z.object({
  name: z.string(),
  version: z.string(),
  license: z.string().optional(),
  author: z.union([z.string(), z.object({ name: z.string() }).transform(({ name }) => name)]).optional(),
});

const lockfile = z.object({
  packages: z.record(z.string(), z.object({ integrity: z.string().optional() })),
});

/**
 * The packages whose code stands in the outputs, sorted, each version once. Rejects when one has no licence of the allow list, or isn't in
 * the lockfile.
 */
export async function bundledPackages(
  { outputs }: Pick<Metafile, 'outputs'>,
  root: string,
  leftOut: ReadonlySet<string>,
): Promise<readonly BundledPackage[]> {
  const lock = lockfile.parse(JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')));
  const found = new Map<string, BundledPackage>();
  for (const path of [...packagePaths(outputs)].sort()) {
    const one = await readPackage(root, path, lock.packages[path]?.integrity);
    if (!leftOut.has(one.name)) found.set(`${one.name}@${one.version}`, one);
  }
  return [...found.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}

/** `node_modules/a`, `node_modules/@b/c/node_modules/d`: the paths of the lockfile. */
function packagePaths(outputs: Metafile['outputs']): ReadonlySet<string> {
  const inputs = Object.values(outputs).flatMap((output) => Object.entries(output.inputs));
  const shipped = inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0);
  const paths = shipped.map(([input]) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(input)?.[0]);
  return new Set(paths.filter((path) => path !== undefined));
}

async function readPackage(root: string, path: string, integrity?: string): Promise<BundledPackage> {
  const directory = join(root, path);
  const { name, version, license, author } = manifest.parse(
    JSON.parse(await readFile(join(directory, 'package.json'), 'utf8')),
  );
  const licence = corrected[`${name}@${version}`] ?? license;
  if (licence === undefined || !allowed.has(licence)) {
    const expected = [...allowed].join(', ');
    throw new Error(`${path}/package.json: license is ${licence ?? 'missing'}; expected one of ${expected}`);
  }
  if (integrity === undefined) throw new Error(`package-lock.json: no integrity of ${path}`);
  return { name, version, licence, author, integrity, directory };
}
