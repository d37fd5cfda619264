import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { derive } from '../../src/audit/derive/derive.ts';
import { verifyFiles } from '../../src/audit/verify.ts';
import type { Workers } from '../../src/audit/verify.ts';
import { openPacked } from '../../src/audit/verify/files.ts';
import type { BundleFiles } from '../../src/audit/verify/files.ts';
import { fingerprint } from '../../src/evidence/public-keys.ts';
import type { VerifyReport } from '../../src/evidence/verify/report.ts';
import { CA, readBundleGround, SAW } from './bundle-ground.ts';
import type { BundleGround } from './bundle-ground.ts';
import { framings, holdsTheSame, tampers } from './bundle-changes.ts';
import type { BundleTamper, Scene } from './bundle-changes.ts';
import { pack, reseal, unpack } from './bundle-parts.ts';
import type { Files, Hiding } from './bundle-parts.ts';
import { createRandom } from './random.ts';
import type { Random } from './random.ts';

/** A share of the rounds. */
export interface Work {
  /** Where makeBundleGround put its files. */
  readonly ground: string;
  readonly temporary: string;
  readonly seed: number;
  readonly rounds: number;
  /** How many changes verify.sh is tried on: the first ones that leave files to unpack. */
  readonly scripted: number;
}

interface Count {
  readonly changes: number;
  readonly found: number;
  readonly scripted: number;
  readonly foundByScript: number;
}

/** By kind of change. `harmless`: other bytes that hold the same files. */
export interface Counts {
  readonly kinds: Readonly<Record<string, Count>>;
  readonly harmless: number;
}

export const NO_COUNTS: Counts = { kinds: {}, harmless: 0 };
const NONE: Count = { changes: 0, found: 0, scripted: 0, foundByScript: 0 };

export interface Result {
  readonly counts: Counts;
  readonly wrong: readonly string[];
}

/** Rounds in which it is the ZIP that is changed, of a hundred. */
const FRAMED = 15;
/** How what was changed is hidden: the last two by signing the manifest again. */
const HIDINGS: readonly Hiding[] = ['none', 'sums', 'foreign', 'true', 'true'];
const EVERY = 250;

export async function runRounds(work: Work, report: (line: string) => void): Promise<Result> {
  const ground = await prepare(await readBundleGround(work.ground));
  const random = createRandom(work.seed);
  const wrong: string[] = [];
  let counts = NO_COUNTS;
  let scripts = work.scripted;
  const untouched = await judge(ground, ground.zip);
  if (!untouched.ok) wrong.push(`untouched: ${said(untouched)}`);
  if (scripts > 0 && (await isFoundByScript(work, ground, ground.files)))
    wrong.push('untouched: refused by verify.sh');
  const kinds = Object.entries(tampers).flatMap(([kind, all]) => all.map((tamper) => ({ kind, tamper })));
  for (let round = 0; round < work.rounds; round += 1) {
    const outcome =
      random.below(100) < FRAMED
        ? await framed(ground, random)
        : await changed(ground, random, kinds[round] ?? random.pick(kinds));
    if (outcome === undefined) {
      round -= 1;
      continue;
    }
    const { kind, what, zip, files, harmless } = outcome;
    const verdict = await judge(ground, zip);
    if (harmless !== verdict.ok)
      wrong.push(`round ${round}, ${what}: ${verdict.ok ? 'not found' : said(verdict)}`);
    const tried = !harmless && files !== undefined && scripts > 0;
    if (tried) scripts -= 1;
    const foundByScript = tried && (await isFoundByScript(work, ground, files));
    counts = merge(counts, {
      kinds: harmless
        ? {}
        : {
            [kind]: {
              changes: 1,
              found: verdict.ok ? 0 : 1,
              scripted: tried ? 1 : 0,
              foundByScript: foundByScript ? 1 : 0,
            },
          },
      harmless: harmless ? 1 : 0,
    });
    if ((round + 1) % EVERY === 0) report(`${round + 1}/${work.rounds} changes, ${wrong.length} wrong`);
  }
  return { counts, wrong };
}

interface Prepared {
  readonly zip: Buffer;
  readonly ground: BundleGround;
  readonly files: Files;
  readonly others: Pick<Scene, 'later' | 'narrow' | 'fork' | 'foreign'>;
  readonly leaves: readonly Uint8Array[];
  readonly trusted: readonly string[];
  /** Deriving would take most of the time. */
  readonly memory: Workers;
}

/** Derives once from the same evidence. */
export function rememberDerived(): Workers['derive'] {
  const known = new Map<string, Map<string, readonly Uint8Array[]>>();
  return async (evidence, question, write) => {
    const { checkpoint, range, context, tokens } = evidence;
    const entries = (await Array.fromAsync(evidence.entries())).map(({ leafHash }) => leafHash);
    const leaves = context.map(({ leafHash }) => leafHash);
    const key = JSON.stringify([checkpoint.root, range, question, entries, leaves, tokens]);
    const made = known.get(key) ?? new Map<string, readonly Uint8Array[]>();
    if (!known.has(key)) {
      await derive(evidence, question, async (name, bytes) => {
        made.set(name, await Array.fromAsync(bytes, (piece) => Buffer.from(piece)));
      });
      known.set(key, made);
    }
    for (const [name, pieces] of made) await write(name, Readable.from(pieces));
  };
}

async function prepare(ground: BundleGround): Promise<Prepared> {
  const files = await unpack(ground.honest);
  return {
    zip: ground.honest,
    ground,
    files,
    others: {
      later: await unpack(ground.later),
      narrow: await unpack(ground.narrow),
      fork: await unpack(ground.fork),
      foreign: await unpack(ground.foreign),
    },
    leaves: ground.leaves,
    trusted: [ground.keys.envelope.spki, ground.keys.checkpoint.spki].map(fingerprint),
    memory: { derive: rememberDerived() },
  };
}

async function judge({ ground, trusted, memory }: Prepared, zip: Buffer): Promise<VerifyReport> {
  const options = { trusted, tsaCa: CA, witnesses: [SAW.vkey], since: ground.kept };
  let files: BundleFiles;
  try {
    files = await openPacked(zip);
  } catch {
    return REFUSED;
  }
  return verifyFiles(files, options, memory);
}

const REFUSED: VerifyReport = {
  kind: 'bundle',
  ok: false,
  problems: [{ code: 'malformed', where: '', message: 'not the ZIP of a bundle' }],
  problemCount: 1,
  notes: [],
  entries: 0,
  bodies: 0,
  checkpoint: null,
  trust: [],
  time: { tokens: 0, newest: null, covered: 0, late: 0, asserted: 0 },
  witnessed: [],
  splitView: null,
};

function said({ problems: [first] }: VerifyReport): string {
  return `${first?.code} ${first?.where}: ${first?.message}`;
}

interface Outcome {
  readonly kind: string;
  readonly what: string;
  readonly zip: Buffer;
  /** As they are when it is unpacked; undefined when the change is one of the ZIP. */
  readonly files?: Files;
  readonly harmless: boolean;
}

function sceneOf(prepared: Prepared, random: Random, hiding: Hiding): Scene {
  const { files, others, leaves, ground } = prepared;
  return {
    ...others,
    files: new Map(files),
    random,
    hiding,
    keys: hiding === 'true' ? ground.keys : ground.foreignKeys,
    leaves,
    say: (manifest) => manifest,
  };
}

async function changed(
  prepared: Prepared,
  random: Random,
  { kind, tamper }: { readonly kind: string; readonly tamper: BundleTamper },
): Promise<Outcome | undefined> {
  const hiding = random.pick(HIDINGS);
  const scene = sceneOf(prepared, random, hiding);
  const what = await tamper(scene);
  if (what === undefined) return undefined;
  await reseal(scene.files, hiding, scene.keys, scene.say);
  if (isSame(scene.files, prepared.files)) return undefined;
  return {
    kind,
    what: `${what}; hidden by ${hiding}`,
    zip: pack(scene.files),
    files: scene.files,
    harmless: false,
  };
}

function isSame(one: Files, other: Files): boolean {
  return (
    one.size === other.size && [...one].every(([name, bytes]) => other.get(name)?.equals(bytes) === true)
  );
}

async function framed(prepared: Prepared, random: Random): Promise<Outcome | undefined> {
  const how = random.pick([...Object.keys(framings), 'bit', 'bit', 'level']);
  const scene = sceneOf(prepared, random, 'none');
  if (how === 'level') {
    const zip = pack(scene.files, { level: random.below(10) });
    return { kind: 'framing', what: 'deflated at another level', zip, harmless: true };
  }
  const zip = framings[how]?.(prepared.zip, scene);
  if (zip === undefined || zip.equals(prepared.zip)) return undefined;
  const harmless = how === 'bit' && holdsTheSame(prepared.zip, zip);
  return { kind: 'framing', what: `the ZIP: ${how}`, zip, harmless };
}

const SCRIPT = resolve(import.meta.dirname, '../../src/audit/bundle/verify.sh');

/** verify.sh as published, over the unpacked files, told of the true keys and certificates. */
async function isFoundByScript({ temporary }: Work, { trusted }: Prepared, files: Files): Promise<boolean> {
  const directory = mkdtempSync(join(temporary, 'unpacked-'));
  const ca = join(temporary, 'ca.pem');
  if (!existsSync(ca)) writeFileSync(ca, CA);
  try {
    for (const [name, bytes] of files) {
      const path = join(directory, name);
      // Unpacking refuses what leads out of the folder.
      if (!path.startsWith(`${directory}/`)) return true;
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, bytes);
    }
    const keys = trusted.flatMap((key) => ['--key', key]);
    const path = `${join(homedir(), '.cache/annexa/bin')}:${process.env['PATH']}`;
    const child = spawn('bash', [SCRIPT, '--all', '--jobs', '1', '--tsa', ca, ...keys, directory], {
      stdio: 'ignore',
      env: { ...process.env, PATH: path },
    });
    const [code] = await once(child, 'exit');
    if (code !== 0 && code !== 1) throw new Error(`verify.sh ended with ${String(code)}`);
    return code === 1;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

export function merge(one: Counts, other: Counts): Counts {
  const kinds: Record<string, Count> = { ...one.kinds };
  for (const [kind, more] of Object.entries(other.kinds)) {
    const known = kinds[kind] ?? NONE;
    kinds[kind] = {
      changes: known.changes + more.changes,
      found: known.found + more.found,
      scripted: known.scripted + more.scripted,
      foundByScript: known.foundByScript + more.foundByScript,
    };
  }
  return { kinds, harmless: one.harmless + other.harmless };
}

/** For people, a line a kind. */
export function tableOf({ kinds, harmless }: Counts): string[] {
  const rows = Object.entries(kinds).sort(([one], [other]) => (one < other ? -1 : 1));
  const total = rows
    .map(([, count]) => count)
    .reduce(
      (sum, count) => ({
        changes: sum.changes + count.changes,
        found: sum.found + count.found,
        scripted: sum.scripted + count.scripted,
        foundByScript: sum.foundByScript + count.foundByScript,
      }),
      NONE,
    );
  const line = (kind: string, count: Count): string =>
    `| ${kind.padEnd(16)} | ${String(count.changes).padStart(7)} | ${String(count.found).padStart(15)} | ` +
    `${String(count.scripted).padStart(18)} | ${String(count.foundByScript).padStart(18)} |`;
  return [
    '| kind             | changes | found by verify | tried by verify.sh | found by verify.sh |',
    '| ---------------- | ------- | --------------- | ------------------ | ------------------ |',
    ...rows.map(([kind, count]) => line(kind, count)),
    line('all', total),
    `${harmless} changes of the ZIP alone, of no consequence: all accepted`,
  ];
}
