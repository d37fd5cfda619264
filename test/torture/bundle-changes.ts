import { CONSISTENCY, ENVELOPES, FRONTIER, PROOFS, SUMS } from '../../src/audit/layout.ts';
import type { Manifest } from '../../src/audit/layout.ts';
import { provenIn } from '../../src/audit/range.ts';
import { checkpointKey, signCheckpoint } from '../../src/evidence/checkpoint.ts';
import { encodeEnvelope, envelopeLeaf, parseEnvelope, signEnvelope } from '../../src/evidence/dsse.ts';
import type { EvidenceKeys } from '../../src/evidence/keys.ts';
import { leafHash, readFrontier } from '../../src/evidence/merkle.ts';
import { publicKeyPath, publicKeyPem } from '../../src/evidence/public-keys.ts';
import type { Random } from './random.ts';
import {
  base64,
  consistency,
  inclusion,
  inflated,
  manifestOf,
  nodesOf,
  pack,
  rootOf,
  sha256,
} from './bundle-parts.ts';
import type { Files, Hiding } from './bundle-parts.ts';

/** A bundle that is being changed, and what an attacker has beside it. */
export interface Scene {
  files: Files;
  readonly later: Files;
  readonly narrow: Files;
  readonly fork: Files;
  readonly foreign: Files;
  readonly random: Random;
  readonly hiding: Hiding;
  /** The keys that the attacker signs with: their own, or, being the operator, the true ones. */
  readonly keys: EvidenceKeys;
  /** Leaf hashes of the whole log. */
  readonly leaves: readonly Uint8Array[];
  /** What the manifest is made to say. */
  say: (manifest: Manifest) => Manifest;
}

/** What was done; undefined when the dice gave nothing to change. */
export type BundleTamper = (scene: Scene) => string | undefined | Promise<string | undefined>;

const TEXT = /\.(csv|ndjson|jsonl|html|md|json)$|SHA256SUMS$/;
/** What the manifest's signer says of themselves, and what only others can know to be missing. */
const OWN = /^manifest\.(json|note)$|^SHA256SUMS$/;

function names({ files, hiding }: Scene, pattern = /^/): string[] {
  const all = [...files.keys()].filter((name) => pattern.test(name));
  return hiding === 'none' ? all : all.filter((name) => !OWN.test(name));
}

/** Any file, each kind of file as likely as the others. */
function anyName(scene: Scene, pattern?: RegExp): string {
  const groups = new Map<string, string[]>();
  for (const name of names(scene, pattern)) {
    const group = name.replace(/[0-9a-f]{64}|\d+/, '*');
    groups.set(group, [...(groups.get(group) ?? []), name]);
  }
  return scene.random.pick(scene.random.pick([...groups.values()]));
}

function content({ files }: Scene, name: string): Buffer {
  return files.get(name) ?? Buffer.alloc(0);
}

function flip(random: Random, bytes: Buffer): Buffer {
  const changed = Buffer.from(bytes);
  const at = random.below(changed.length);
  changed.writeUInt8(changed.readUInt8(at) ^ (1 << random.below(8)), at);
  return changed;
}

function byteFlipped(scene: Scene): string | undefined {
  const name = anyName(scene);
  const before = content(scene, name);
  if (before.length === 0) return undefined;
  const after = flip(scene.random, before);
  // Which version of SQLite wrote it is for who signs to say: it is compared by what it says, then.
  const version = name === 'inventory.sqlite' && !after.subarray(96, 100).equals(before.subarray(96, 100));
  // A cosignature under another name or key id is one of an unknown witness: who signs the manifest is free to leave any out.
  const witness =
    name.endsWith('.sigs') && !after.subarray(0, keyEnd(before)).equals(before.subarray(0, keyEnd(before)));
  if ((version || witness) && scene.hiding === 'true') return undefined;
  scene.files.set(name, after);
  return `a bit of ${name}`;
}

/** Where the key id of the first signature line ends: six characters of base64 hold it. */
function keyEnd(note: Buffer): number {
  return note.lastIndexOf(' ', note.indexOf('\n')) + 1 + 6;
}

function keyFlipped(scene: Scene): string {
  const name = anyName(scene, /^(keys|tsa)\/|^trusted_root/);
  scene.files.set(name, flip(scene.random, content(scene, name)));
  return `a bit of ${name}`;
}

function lineChanged(scene: Scene): string | undefined {
  const { random } = scene;
  const name = anyName(scene, TEXT);
  const lines = content(scene, name).toString().split('\n');
  const at = random.below(lines.length);
  const other = random.below(lines.length);
  const line = lines[at] ?? '';
  const how = random.pick(['dropped', 'twice', 'exchanged', 'digit', 'space']);
  if (how === 'dropped') lines.splice(at, 1);
  else if (how === 'twice') lines.splice(at, 0, line);
  else if (how === 'exchanged') [lines[at], lines[other]] = [lines[other] ?? '', line];
  else if (how === 'digit') lines[at] = line.replace(/\d/, (digit) => String((Number(digit) + 1) % 10));
  else lines[at] = `${line} `;
  const after = Buffer.from(lines.join('\n'));
  if (after.equals(content(scene, name))) return undefined;
  scene.files.set(name, after);
  return `line ${at + 1} of ${name}: ${how}`;
}

function cut(scene: Scene): string | undefined {
  const name = anyName(scene);
  const before = content(scene, name);
  if (before.length === 0) return undefined;
  scene.files.set(name, before.subarray(0, scene.random.below(before.length)));
  return `${name} cut`;
}

function lengthened(scene: Scene): string {
  const name = anyName(scene);
  const more = scene.random.pick([Buffer.from('\n'), Buffer.alloc(1), scene.random.bytes(20)]);
  scene.files.set(name, Buffer.concat([content(scene, name), more]));
  return `${more.length} bytes after ${name}`;
}

function dropped(scene: Scene): string | undefined {
  const name = anyName(scene);
  // Who has the keys may as well never have had these.
  if (scene.hiding === 'true' && name.endsWith('.sigs')) return undefined;
  scene.files.delete(name);
  return `${name} dropped`;
}

function swapped(scene: Scene): string | undefined {
  const one = anyName(scene);
  const other = scene.random.pick(names(scene).filter((name) => placeLike(name, one)));
  const [a, b] = [content(scene, one), content(scene, other)];
  if (a.equals(b)) return undefined;
  scene.files.set(one, b);
  scene.files.set(other, a);
  return `${one} and ${other} swapped`;
}

const placeLike = (one: string, other: string): boolean =>
  one.split('/')[0] === other.split('/')[0] || !(one.includes('/') || other.includes('/'));

function newName({ random }: Scene, like: string): string {
  return random.pick([
    `${like}.old`,
    `evidence/${random.hex(64)}.ndjson`,
    `log/checkpoints/${random.below(100) + 30}`,
    `log/checkpoints/${random.below(23) + 1}.other.tsr`,
    `log/checkpoints/${random.below(23) + 1}.sigs`,
    `keys/${random.hex(64)}.pem`,
    `tsa/${random.hex(64)}.pem`,
    `Verify.sh`,
    `evidence/index.csv.bak`,
    random.hex(8),
    `../${random.hex(4)}`,
    `proofs.json`,
  ]);
}

function renamed(scene: Scene): string | undefined {
  const name = anyName(scene);
  const to = newName(scene, name);
  if (scene.files.has(to) || (scene.hiding === 'true' && name.endsWith('.sigs'))) return undefined;
  const bytes = content(scene, name);
  scene.files.delete(name);
  scene.files.set(to, bytes);
  return `${name} renamed to ${to}`;
}

function added(scene: Scene): string | undefined {
  const { random, files, keys } = scene;
  const like = anyName(scene);
  const bytes = random.pick([random.bytes(random.below(99)), content(scene, like), Buffer.alloc(0)]);
  const body = Buffer.from(`{"id":"x","salt":"${random.hex(32)}"}\n`);
  const spki = keys.envelope.spki;
  const [name, holds] = random.pick<readonly [string, Buffer]>([
    [newName(scene, like), bytes],
    [`evidence/${sha256(body)}.ndjson`, body],
    [publicKeyPath(spki), Buffer.from(publicKeyPem(spki))],
  ]);
  if (files.has(name)) return undefined;
  files.set(name, holds);
  return `${name} added`;
}

function sumsChanged(scene: Scene): string | undefined {
  const lines = content(scene, SUMS).toString().split('\n').slice(0, -1);
  const { random } = scene;
  const at = random.below(lines.length);
  const how = random.pick(['dropped', 'reversed', 'binary', 'digit']);
  if (how === 'dropped') lines.splice(at, 1);
  else if (how === 'reversed') lines.reverse();
  else if (how === 'binary') lines[at] = (lines[at] ?? '').replace('  ', ' *');
  else lines[at] = `${random.hex(64)}${(lines[at] ?? '').slice(64)}`;
  scene.files.set(SUMS, Buffer.from(`${lines.join('\n')}\n`));
  return `${SUMS}: ${how}`;
}

/** Everything of another bundle. */
function replacedBy(scene: Scene, other: Files, what: string): string {
  scene.files = new Map(other);
  return what;
}

const foreignBundle = (scene: Scene): string =>
  replacedBy(scene, scene.foreign, 'all of it, under other keys');
const forkBundle = (scene: Scene): string => replacedBy(scene, scene.fork, 'all of it, of another history');

function keysReplaced(scene: Scene): string {
  const { random, files, foreign } = scene;
  const part = random.pick([
    /^keys\//,
    /^keys\/|^trusted_root/,
    /^trusted_root/,
    /^keys\/|^trusted_root|^envelopes|^proofs|^log\//,
  ]);
  for (const name of names(scene, part)) files.delete(name);
  for (const [name, bytes] of foreign) if (part.test(name)) files.set(name, bytes);
  return `${part.source} of another log`;
}

interface EnvelopeLine {
  readonly index: number;
  readonly envelope: Buffer;
}

function envelopesOf(files: Files): EnvelopeLine[] {
  const text = (files.get(ENVELOPES) ?? Buffer.alloc(0)).toString();
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const [, index = '', envelope = ''] = /^\{"index":(\d+),"envelope":(.*)\}$/.exec(line) ?? [];
      return { index: Number(index), envelope: Buffer.from(envelope) };
    });
}

function setEnvelopes(scene: Scene, lines: readonly EnvelopeLine[]): void {
  const text = lines.map(({ index, envelope }) => `{"index":${index},"envelope":${envelope.toString()}}\n`);
  scene.files.set(ENVELOPES, Buffer.from(text.join('')));
}

function dropLine(scene: Scene, name: string, at: number): void {
  const lines = content(scene, name).toString().split('\n');
  lines.splice(at, 1);
  scene.files.set(name, Buffer.from(lines.join('\n')));
}

function envelopeLeftOut(scene: Scene): string {
  const at = scene.random.below(envelopesOf(scene.files).length);
  dropLine(scene, ENVELOPES, at);
  if (scene.random.below(2) === 0) return `the envelope of line ${at + 1} left out`;
  dropLine(scene, PROOFS, at);
  return `the envelope of line ${at + 1} left out, its proof too`;
}

/** Checkpoints, proofs and frontier of a log with other leaves, signed by the keys that the attacker has. */
async function rebuild(
  scene: Scene,
  leaves: readonly Uint8Array[],
  sizeOf: (size: number) => number,
): Promise<void> {
  const { files, keys } = scene;
  const { origin } = manifestOf(files);
  const moved = [...files].filter(([name]) => name.startsWith('log/checkpoints/'));
  for (const [name] of moved) files.delete(name);
  const sizes: number[] = [];
  const stamped: number[] = [];
  for (const [name, bytes] of moved) {
    const [, text = '', rest = ''] = /^log\/checkpoints\/(\d+)(.*)$/.exec(name) ?? [];
    const size = sizeOf(Number(text));
    const key = `${checkpointKey(size)}${rest}`;
    if (rest === '') {
      sizes.push(size);
      const { note } = await signCheckpoint(origin, size, await rootOf(leaves, size), [keys.checkpoint]);
      files.set(key, Buffer.from(note));
    } else files.set(key, bytes);
    if (rest.endsWith('.tsr')) stamped.push(size);
  }
  for (const list of [sizes, stamped]) list.sort((one, other) => one - other);
  const proofs: string[] = [];
  for (const { index } of envelopesOf(files)) {
    const size = provenIn(index, sizes, stamped);
    proofs.push(`${JSON.stringify({ index, size, hashes: await inclusion(leaves, index, size) })}\n`);
  }
  files.set(PROOFS, Buffer.from(proofs.join('')));
  const pairs = sizes.slice(1).map(async (to, at) => {
    const from = sizes[at] ?? 0;
    return { from, to, hashes: await consistency(leaves, from, to) };
  });
  files.set(CONSISTENCY, Buffer.from(`${JSON.stringify(await Promise.all(pairs))}\n`));
  const { size } = { size: sizeOf(manifestOf(files).range.first) };
  const { hashes } = await readFrontier(size, nodesOf(leaves));
  files.set(FRONTIER, Buffer.from(`${JSON.stringify({ size, hashes: hashes.map(base64) })}\n`));
}

/** One entry is left out, and all that speaks of the log is made anew as if it had never been. */
async function envelopeErased(scene: Scene): Promise<string | undefined> {
  const { random, files, leaves } = scene;
  const { first, end } = manifestOf(files).range;
  const gone = first + random.below(end - first);
  const less = (size: number): number => (size > gone ? size - 1 : size);
  const sizes = [...files.keys()]
    .flatMap((name) => /^log\/checkpoints\/(\d+)$/.exec(name)?.[1] ?? [])
    .map(Number);
  if (new Set(sizes.map(less)).size < sizes.length) return undefined;
  const kept = envelopesOf(files).filter(({ index }) => index !== gone);
  setEnvelopes(
    scene,
    kept.map(({ index, envelope }) => ({ index: index > gone ? index - 1 : index, envelope })),
  );
  await rebuild(scene, leaves.toSpliced(gone, 1), less);
  return `entry ${gone} left out, the log made anew without it`;
}

/** One statement says something else, signed anew, and so is the log. */
async function entryRewritten(scene: Scene): Promise<string> {
  const { random, files, keys, leaves } = scene;
  const lines = envelopesOf(files);
  const at = random.below(lines.length);
  const { index = 0, envelope = Buffer.alloc(0) } = lines[at] ?? {};
  const { payload } = parseEnvelope(envelope, ENVELOPES);
  const text = Buffer.from(payload).toString();
  const changed = random.pick([
    text.replace(/"finishedAt":(\d+)/, (_, time: string) => `"finishedAt":${Number(time) + 1}`),
    text.replace(/"seq":(\d+)/, (_, seq: string) => `"seq":${Number(seq) + 1}`),
    text.replace(/"runId":"./, '"runId":"0'),
    text.replace(/"sealedAt":(\d+)/, (_, time: string) => `"sealedAt":${Number(time) - 86_400}`),
    text,
  ]);
  const fresh = await signEnvelope(Buffer.from(changed), keys.envelope);
  lines[at] = { index, envelope: Buffer.from(encodeEnvelope(fresh)) };
  setEnvelopes(scene, lines);
  if (random.below(3) === 0) return `entry ${index} signed anew`;
  const { leaf } = envelopeLeaf(fresh, keys.envelope.spki);
  await rebuild(scene, leaves.with(index, leafHash(leaf)), (size) => size);
  return `entry ${index} signed anew, and the log with it`;
}

function statementChanged(scene: Scene): string | undefined {
  const lines = envelopesOf(scene.files);
  const at = scene.random.below(lines.length);
  const line = lines[at];
  if (line === undefined) return undefined;
  const envelope = parseEnvelope(line.envelope, ENVELOPES);
  const part = scene.random.pick(['payload', 'signature'] as const);
  const changed = { ...envelope, [part]: flip(scene.random, Buffer.from(envelope[part])) };
  lines[at] = { ...line, envelope: Buffer.from(encodeEnvelope(changed)) };
  setEnvelopes(scene, lines);
  return `the ${part} of entry ${line.index}`;
}

const TOKEN = /\.tsr$/;

function tokenOfAnother(scene: Scene): string | undefined {
  const { random, files } = scene;
  const source = random.pick([files, scene.later, scene.fork, scene.foreign]);
  const to = random.pick(names(scene, TOKEN));
  const from = random.pick([...source.keys()].filter((name) => TOKEN.test(name)));
  const bytes = source.get(from) ?? Buffer.alloc(0);
  if (bytes.equals(content(scene, to))) return undefined;
  files.set(to, bytes);
  return `${to} replaced by ${from} of ${source === files ? 'the same' : 'another'} bundle`;
}

function cosignatureOfAnother(scene: Scene): string | undefined {
  const { random, files } = scene;
  const source = random.pick([files, scene.fork, scene.foreign]);
  const to = random.pick(names(scene, /\.sigs$/));
  const bytes = source.get(random.pick([...source.keys()].filter((name) => name.endsWith('.sigs'))));
  if (bytes === undefined || bytes.equals(content(scene, to))) return undefined;
  files.set(to, bytes);
  return `${to} replaced by another one`;
}

/** June's evidence under January's name. */
function otherTime(scene: Scene): string | undefined {
  const { random, files, later } = scene;
  const body = /^evidence\/[0-9a-f]{64}/;
  if (random.below(3) === 0 && scene.hiding !== 'none') {
    const asked = manifestOf(files);
    scene.files = new Map(later);
    scene.say = (manifest) => ({
      ...manifest,
      question: asked.question,
      range: random.pick([asked.range, manifest.range]),
    });
    return 'the evidence of another period, under this question';
  }
  if (random.below(2) === 0) {
    const name = random.pick(names(scene, body));
    const bytes = later.get(random.pick([...later.keys()].filter((one) => body.test(one))));
    if (bytes === undefined || bytes.equals(content(scene, name))) return undefined;
    files.set(name, bytes);
    return `${name} holds the body of another time`;
  }
  const lines = envelopesOf(files);
  const at = random.below(lines.length);
  const other = random.pick(envelopesOf(later));
  const line = lines[at];
  if (line === undefined || other.envelope.equals(line.envelope)) return undefined;
  lines[at] = { index: line.index, envelope: other.envelope };
  setEnvelopes(scene, lines);
  return `entry ${other.index} in the place of entry ${line.index}`;
}

function otherQuestion(scene: Scene): string | undefined {
  const { random, narrow, files } = scene;
  if (scene.hiding === 'none') return undefined;
  const asked = manifestOf(files).question;
  const [from, to] = [asked.from - 3600, asked.to - 86_400];
  if (random.below(2) === 0) {
    scene.files = new Map(narrow);
    scene.say = (manifest) => ({ ...manifest, question: asked });
    return 'the answer to a narrower question, under this one';
  }
  const question = random.pick([
    { ...asked, to },
    { ...asked, from: asked.from + 86_400 },
    { ...asked, from, collectors: ['people'] },
    { ...asked, controls: ['A.5.18'] },
  ]);
  scene.say = (manifest) => ({ ...manifest, question });
  return `another question: ${JSON.stringify(question)}`;
}

function forkParts(scene: Scene): string | undefined {
  const { random, files, fork } = scene;
  const part = random.pick([
    /^proofs/,
    /^log\/(checkpoints|consistency)/,
    /^proofs|^log\//,
    /^envelopes/,
    /^envelopes|^proofs/,
    /^evidence\//,
    /\.csv$|\.html$|\.md$/,
    /^inventory/,
  ]);
  let differs = false;
  for (const [name, bytes] of fork) {
    if (!part.test(name) || (scene.hiding !== 'none' && OWN.test(name))) continue;
    differs ||= !bytes.equals(content(scene, name));
    files.set(name, bytes);
  }
  return differs ? `${part.source} of another history` : undefined;
}

/** All that is found when a bundle is read file by file. */
export const tampers: Readonly<Record<string, readonly BundleTamper[]>> = {
  'decoded bytes': [byteFlipped, byteFlipped, cut, lengthened],
  keys: [keyFlipped],
  lines: [lineChanged, lineChanged],
  dropped: [dropped],
  swapped: [swapped],
  renamed: [renamed],
  added: [added],
  SHA256SUMS: [sumsChanged],
  'replaced keys': [foreignBundle, keysReplaced],
  statements: [statementChanged, entryRewritten],
  'left out': [envelopeLeftOut, envelopeErased],
  tokens: [tokenOfAnother, cosignatureOfAnother],
  'other time': [otherTime, otherQuestion],
  fork: [forkBundle, forkParts],
};

/** Changes of the ZIP itself. `data`: the framing is as it was, so that only what it decodes to counts. */
export const framings: Readonly<Record<string, (zip: Buffer, scene: Scene) => Buffer | undefined>> = {
  bit: (zip, { random }) => flip(random, zip),
  after: (zip, { random }) => Buffer.concat([zip, random.bytes(1 + random.below(30))]),
  before: (zip, { random }) => Buffer.concat([random.bytes(1 + random.below(30)), zip]),
  between(zip, { random }) {
    const at = random.below(zip.length);
    return Buffer.concat([zip.subarray(0, at), random.bytes(1 + random.below(8)), zip.subarray(at)]);
  },
  cut: (zip, { random }) => zip.subarray(0, random.below(zip.length)),
  comment(zip, { random }) {
    const changed = Buffer.concat([zip, random.bytes(9)]);
    changed.writeUInt16LE(9, zip.length - 2);
    return changed;
  },
  date(zip, { random }) {
    const changed = Buffer.from(zip);
    const at = changed.indexOf('PK\u0001\u0002', random.below(zip.length));
    if (at < 0) return undefined;
    changed.writeUInt32LE(random.below(2 ** 31), at + 12);
    return changed;
  },
  order(_, scene) {
    const order = [...scene.files.keys()];
    const [one, other] = [scene.random.below(order.length), scene.random.below(order.length)];
    [order[one], order[other]] = [order[other] ?? '', order[one] ?? ''];
    return one === other ? undefined : pack(scene.files, { order });
  },
  twice(_, scene) {
    const order = [...scene.files.keys()];
    return pack(scene.files, { order: [...order, scene.random.pick(order)] });
  },
};

/** Whether two ZIPs of the same framing hold the same bytes. */
export function holdsTheSame(before: Buffer, after: Buffer): boolean {
  if (before.length !== after.length) return false;
  for (let at = 0; before.readUInt32LE(at) === 0x04034b50;) {
    const begin = at + 30 + before.readUInt16LE(at + 26);
    const data = inflatedAt(before, begin);
    const end = begin + data.length;
    const same = [before, after].map((zip) => inflated(zip.subarray(begin, end)));
    const [one, other] = same;
    if (one === undefined || other === undefined || !one.equals(other)) return false;
    if (!before.subarray(at, begin).equals(after.subarray(at, begin))) return false;
    if (!before.subarray(end, end + 16).equals(after.subarray(end, end + 16))) return false;
    at = end + 16;
    if (before.readUInt32LE(at) === 0x02014b50) return before.subarray(at).equals(after.subarray(at));
  }
  return false;
}

function inflatedAt(zip: Buffer, begin: number): Buffer {
  const end = zip.indexOf('PK\u0007\u0008', begin);
  return zip.subarray(begin, end);
}
