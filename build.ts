import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';
import { z } from 'zod';
import { licenceTexts } from './build/licences.ts';
import { bundledPackages } from './build/packages.ts';
import { sbom } from './build/sbom.ts';
import { readChecks } from './src/controls/builtin.ts';
import { checkManifest, queryOf } from './src/controls/check.ts';
import { precompile } from './src/inventory/precompile.ts';

/**
 * Bundles the agent: `annexa.mjs`, `sandbox-child.mjs` and `bundle-child.mjs` (the processes that run checks and make bundles), the chunks that they share or load later, and
 * what they read beside themselves. Needs nothing of node_modules.
 */

const root = dirname(fileURLToPath(import.meta.url));

/** CommonJS dependencies expect these; an ES module doesn't have them. */
const banner = [
  "import { createRequire as annexaCreateRequire } from 'node:module';",
  'const require = annexaCreateRequire(import.meta.url);',
  'const __filename = import.meta.filename;',
  'const __dirname = import.meta.dirname;',
].join('\n');

const wasmUrl = /new URL\((["'])((?:[^"']*\/)?[^"'/]+\.wasm)\1, import\.meta\.url\)/g;

/** WebAssembly that a dependency reads beside itself is copied beside the bundle. */
function wasmBeside(directory: string): esbuild.Plugin {
  return {
    name: 'wasm-beside',
    setup(build) {
      build.onLoad({ filter: /sqlparser-ts\/.*\.m?js$/ }, async ({ path }) => {
        const source = await readFile(path, 'utf8');
        const files = [...source.matchAll(wasmUrl)].map(([, , file = '']) => resolve(dirname(path), file));
        for (const file of new Set(files)) await copyFile(file, join(directory, basename(file)));
        const contents = source.replaceAll(
          wasmUrl,
          (_whole, _quote, file: string) => `new URL("./${basename(file)}", import.meta.url)`,
        );
        return { contents, loader: 'js' };
      });
    },
  };
}

/** Parts of dependencies that are never run: whatever asks for one fails at once. */
const leftOut = ['@fastify/ajv-compiler', '@fastify/fast-json-stringify-compiler', 'light-my-request'];

function leaveOut(): esbuild.Plugin {
  return {
    name: 'leave-out',
    setup(build) {
      build.onLoad({ filter: new RegExp(`/node_modules/(?:${leftOut.join('|')})/`) }, ({ path }) => ({
        contents: `throw new Error('left out of the bundle: ${basename(dirname(path))}');`,
        loader: 'js',
      }));
      // Of zod's messages in 50 languages, English is used.
      build.onLoad({ filter: /\/zod\/v4\/locales\/index\.js$/ }, () => ({
        contents: "export { default as en } from './en.js';",
        loader: 'js',
      }));
    },
  };
}

/** Of what few starts need: TLS and HTTP/2 take 50 ms to load. */
const whenUsed = ['https', 'http2'];

/**
 * To `import` Node's http is to read each of its exports, and three of them load a WebSocket client: 50 ms and 14 MB for nothing
 * (https://github.com/nodejs/node/issues/59686). Asked for as CommonJS, an export is read when it is used; and of `whenUsed` the module itself.
 */
function httpWhenUsed(): esbuild.Plugin {
  return {
    name: 'http-when-used',
    setup(build) {
      build.onResolve({ filter: /^(?:node:)?http(?:s|2)?$/ }, ({ path, kind }) => {
        const name = path.replace('node:', '');
        const isTaken = kind === 'import-statement' || (kind === 'require-call' && whenUsed.includes(name));
        return isTaken ? { path: name, namespace: 'when-used' } : undefined;
      });
      build.onLoad({ filter: /./, namespace: 'when-used' }, ({ path }) => ({
        contents: whenUsed.includes(path)
          ? readWhenUsed(path)
          : `module.exports = process.getBuiltinModule('${path}');`,
        loader: 'js',
      }));
    },
  };
}

function readWhenUsed(name: string): string {
  const names = Object.keys(createRequire(import.meta.url)(`node:${name}`));
  const properties = names.map(
    (key) => `get ${key}() { return builtin().${key}; }, set ${key}(value) { builtin().${key} = value; },`,
  );
  return `const builtin = () => process.getBuiltinModule('${name}');\nmodule.exports = {\n${properties.join('\n')}\n};`;
}

/** The commit that is checked out, with `-dirty` when files differ from it; `unknown` outside a checkout. */
function revision(): string {
  // The image is built without one: it is told.
  const given = process.env['ANNEXA_REVISION'];
  if (given !== undefined && given !== '') return given;
  try {
    return execFileSync('git', ['describe', '--always', '--abbrev=40', '--exclude=*', '--dirty'], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return 'unknown';
  }
}

async function version(): Promise<string> {
  const manifest: unknown = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  return z.object({ version: z.string() }).parse(manifest).version;
}

/** Writes the bundle into the directory, which is emptied first. Rejects when anything doesn't resolve. */
export async function bundle(directory: string): Promise<esbuild.Metafile> {
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  const checks = await readChecks();
  await writeFile(join(directory, 'checks.json'), JSON.stringify(checks));
  const compiled = await precompile(checks.map((check) => queryOf(checkManifest.parse(check))));
  await copyFile(join(root, 'src/audit/bundle/verify.sh'), join(directory, 'verify.sh'));
  const { metafile, warnings, outputFiles } = await esbuild.build({
    absWorkingDir: root,
    entryPoints: [
      { in: 'src/main.ts', out: 'annexa' },
      { in: 'src/inventory/sandbox-child.ts', out: 'sandbox-child' },
      { in: 'src/audit/jobs/bundle-child.ts', out: 'bundle-child' },
    ],
    // Wherever it is written: names of chunks depend on the maps, which have paths from here.
    outdir: join(root, 'dist'),
    write: false,
    outExtension: { '.js': '.mjs' },
    // All in one directory: what stands beside one stands beside all.
    chunkNames: 'chunk-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    mainFields: ['module', 'main'],
    conditions: ['module'],
    banner: { js: banner },
    define: {
      ANNEXA_VERSION: JSON.stringify(await version()),
      ANNEXA_REVISION: JSON.stringify(revision()),
      // A string: as an object it would be a module of its own, that every chunk loads.
      ANNEXA_COMPILED: JSON.stringify(JSON.stringify(compiled)),
    },
    plugins: [wasmBeside(directory), leaveOut(), httpWhenUsed()],
    // Names are kept, for stack traces.
    minifyWhitespace: true,
    minifySyntax: true,
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'linked',
    metafile: true,
    logLevel: 'warning',
  });
  if (warnings.length > 0) throw new Error(`the bundle has ${warnings.length} warnings`);
  for (const { path, contents } of outputFiles) await writeFile(join(directory, basename(path)), contents);
  return metafile;
}

/** Writes what has to go with the bundle: `sbom.json` and `LICENSES.txt`. Rejects when a package's licence is not on the allow list. */
export async function papers(directory: string, metafile: esbuild.Metafile): Promise<void> {
  const packages = await bundledPackages(metafile, root, new Set(leftOut));
  const bom = sbom(packages, { version: await version(), revision: revision() });
  await writeFile(join(directory, 'sbom.json'), `${JSON.stringify(bom, null, 2)}\n`);
  await writeFile(join(directory, 'LICENSES.txt'), await licenceTexts(packages, root));
}

if (import.meta.main) {
  const directory = join(root, 'dist');
  const metafile = await bundle(directory);
  await papers(directory, metafile);
  const bytes = Object.entries(metafile.outputs).map(([path, { bytes }]) =>
    path.endsWith('.mjs') ? bytes : 0,
  );
  const megabytes = bytes.reduce((sum, one) => sum + one, 0) / 1e6;
  process.stdout.write(`${directory}: ${megabytes.toFixed(1)} MB of code\n`);
}
