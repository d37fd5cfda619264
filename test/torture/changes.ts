import {
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { z } from 'zod';
import { encodeEnvelope, envelopeLeaf, parseEnvelope, signEnvelope } from '../../src/evidence/dsse.ts';
import type { EvidenceKeys } from '../../src/evidence/keys.ts';
import { leafHash } from '../../src/evidence/merkle.ts';
import { parseNote } from '../../src/evidence/note.ts';
import { encodeBundle, parseBundle, parseTilePath } from '../../src/evidence/tiles.ts';
import { generalized } from '../evidence/timestamp-authority.ts';
import { forgeToken, pem } from '../evidence/timestamp-forge.ts';
import { witness } from '../evidence/witness.ts';
import { WITNESS } from './full-store.ts';
import type { Random } from './random.ts';

/**
 * - `found`: verify has to report a problem
 * - `refused`: verify can't know by the store alone, and says so; opening has to refuse
 * - `told`: less is shown than before, which verify has to say, and nothing that is false
 * - `harmless`: the same evidence; verify has to report nothing
 */
export type Expectation = 'found' | 'refused' | 'told' | 'harmless';

export interface Change {
  /** What was done, to which object. */
  readonly what: string;
  readonly expect: Expectation;
}

/** A store that is being changed, beside an untouched copy of it. */
export interface Ground {
  readonly directory: string;
  readonly pristine: string;
  /** Every object of the pristine store, sorted. */
  readonly keys: readonly string[];
  readonly random: Random;
  /** A store with other keys, and one that the holder of the keys made anew: both say the same. */
  readonly foreign: string;
  readonly rewritten: string;
  readonly foreignKeys: EvidenceKeys;
  /** Index of the last entry that erases something. */
  readonly erasedAt: number;
  /** What was changed, by key: a folder's with a slash. */
  readonly changed: Set<string>;
}

/** Changes the store once; undefined when its dice gave nothing to change. */
export type Tamper = (ground: Ground) => Change | undefined | Promise<Change | undefined>;

const found = (what: string): Change => ({ what, expect: 'found' });

function path(ground: Ground, key: string): string {
  return join(ground.directory, key);
}

function read(ground: Ground, key: string): Buffer {
  return readFileSync(path(ground, key));
}

function remove(ground: Ground, key: string): void {
  ground.changed.add(key);
  rmSync(path(ground, key), { recursive: true });
}

function write(ground: Ground, key: string, bytes: Uint8Array | string): void {
  ground.changed.add(key);
  mkdirSync(dirname(path(ground, key)), { recursive: true });
  writeFileSync(path(ground, key), bytes);
}

const below = (keys: readonly string[], folder: string): string[] =>
  keys.filter((key) => key.startsWith(folder));
const bodies = (ground: Ground): string[] => below(ground.keys, 'content/');
const envelopes = (ground: Ground): string[] => below(ground.keys, 'envelopes/');

const classes = [
  /^content\//,
  /^envelopes\//,
  /^keys\//,
  /^tsa\//,
  /^log\/checkpoint$/,
  /^log\/checkpoints\/\d+$/,
  /\.tsr$/,
  /\.sigs$/,
  /^log\/intents\//,
  /^log\/tile\/0\//,
  /^log\/tile\/1\//,
  /^log\/tile\/entries\//,
];

/** An object of any class, each class as likely as the others. */
function anyKey({ keys, random }: Ground): string {
  const members = classes.map((name) => keys.filter((key) => name.test(key)));
  return random.pick(random.pick(members.filter((list) => list.length > 0)));
}

function flipBit(random: Random, bytes: Buffer): Buffer {
  const changed = Buffer.from(bytes);
  const at = random.below(changed.length);
  changed.writeUInt8(changed.readUInt8(at) ^ (1 << random.below(8)), at);
  return changed;
}

/** Whether a compressed file still decodes to the same bytes. */
function decodesAlike(before: Buffer, after: Buffer): boolean {
  try {
    return zstdDecompressSync(after).equals(zstdDecompressSync(before));
  } catch {
    return false;
  }
}

function bitFlipped(ground: Ground): Change {
  const key = anyKey(ground);
  const before = read(ground, key);
  const after = flipBit(ground.random, before);
  write(ground, key, after);
  const what = `a bit of ${key} flipped`;
  if (key.endsWith('.sigs') && isOfAnother(before, after)) return { what, expect: 'told' };
  const harmless = key.endsWith('.zst') && decodesAlike(before, after);
  return { what, expect: harmless ? 'harmless' : 'found' };
}

/** Whether a cosignature, still a signature line, names another witness or another key now: nothing is known of these. */
function isOfAnother(before: Buffer, after: Buffer): boolean {
  const line = /^\u2014 ([^\s+]+) ([A-Za-z0-9+/]+={0,2})\n$/u;
  const [, name, encoded = ''] = line.exec(after.toString()) ?? [];
  const [, named, known = ''] = line.exec(before.toString()) ?? [];
  const bytes = Buffer.from(encoded, 'base64');
  if (
    name === undefined ||
    bytes.toString('base64') !== encoded ||
    !after.equals(Buffer.from(after.toString()))
  )
    return false;
  return name !== named || !bytes.subarray(0, 4).equals(Buffer.from(known, 'base64').subarray(0, 4));
}

function bodyChanged(ground: Ground): Change | undefined {
  const key = ground.random.pick(bodies(ground));
  const body = zstdDecompressSync(read(ground, key));
  if (body.length === 0) return undefined;
  write(ground, key, zstdCompressSync(flipBit(ground.random, body)));
  return found(`a bit of the decoded ${key} flipped`);
}

function bodyLineDropped(ground: Ground): Change | undefined {
  const key = ground.random.pick(bodies(ground));
  const lines = zstdDecompressSync(read(ground, key)).toString().split('\n').slice(0, -1);
  if (lines.length === 0) return undefined;
  lines.splice(ground.random.below(lines.length), 1);
  write(ground, key, zstdCompressSync(Buffer.from(lines.map((line) => `${line}\n`).join(''))));
  return found(`a line of ${key} dropped`);
}

function bodyRecompressed(ground: Ground): Change {
  const key = ground.random.pick(bodies(ground));
  const params = {
    [constants.ZSTD_c_compressionLevel]: 1 + ground.random.below(19),
    [constants.ZSTD_c_checksumFlag]: ground.random.below(2),
    [constants.ZSTD_c_contentSizeFlag]: ground.random.below(2),
  };
  write(ground, key, zstdCompressSync(zstdDecompressSync(read(ground, key)), { params }));
  return { what: `${key} compressed again`, expect: 'harmless' };
}

function lengthened(ground: Ground): Change {
  const key = anyKey(ground);
  const empty = zstdCompressSync(Buffer.alloc(0));
  const skippable = Buffer.from('502a4d1804000000deadbeef', 'hex');
  const after = ground.random.pick([
    Buffer.from('\n'),
    Buffer.alloc(1),
    empty,
    skippable,
    ground.random.bytes(40),
  ]);
  write(ground, key, Buffer.concat([read(ground, key), after]));
  return found(`${after.length} bytes after ${key}`);
}

function cut(ground: Ground): Change {
  const key = anyKey(ground);
  const bytes = read(ground, key);
  const left = ground.random.below(bytes.length);
  write(ground, key, bytes.subarray(0, left));
  return found(`${key} cut to ${left} of ${bytes.length} bytes`);
}

function dropped(ground: Ground): Change {
  const key = anyKey(ground);
  remove(ground, key);
  // Cosignatures come after a checkpoint and may be missing: only the newest of a witness counts. An entry is anchored to each token.
  if (!key.endsWith('.sigs')) return found(`${key} dropped`);
  const sizes = ground.keys.filter((one) => one.endsWith('.sigs')).map(sizeIn);
  const newest = Math.max(...sizes) === sizeIn(key);
  return { what: `${key} dropped`, expect: newest ? 'told' : 'harmless' };
}

/** Of the checkpoint that the object lies beside. */
function sizeIn(key: string): number {
  return Number.parseInt(key.slice('log/checkpoints/'.length), 10);
}

function swapped(ground: Ground): Change | undefined {
  const one = anyKey(ground);
  const folder = one.slice(0, one.indexOf('/', 5) + 1);
  const other = ground.random.pick(below(ground.keys, folder));
  const [a, b] = [read(ground, one), read(ground, other)];
  if (a.equals(b)) return undefined;
  write(ground, one, b);
  write(ground, other, a);
  return found(`${one} and ${other} swapped`);
}

function renamed(ground: Ground): Change {
  const key = anyKey(ground);
  const { random } = ground;
  const to = random.pick([
    `${key}.old`,
    `content/${random.hex(64)}.zst`,
    `envelopes/${key.slice(10, 12)}/${random.hex(64)}.dsse.json`,
    `log/checkpoints/${random.below(100_000)}.sigs`,
    `log/intents/${100_000 + random.below(100)}`,
    `keys/${random.hex(64)}.pem`,
    `log/tile/0/x00${random.below(10)}/${random.hex(3).replaceAll(/\D/g, '0')}`,
  ]);
  const bytes = read(ground, key);
  remove(ground, key);
  write(ground, to, bytes);
  return found(`${key} renamed to ${to}`);
}

function added(ground: Ground): Change {
  const { random } = ground;
  const hash = random.hex(64);
  const key = random.pick([
    random.hex(8),
    `notes/${random.hex(4)}.txt`,
    `content/${hash}.zst`,
    `content/${hash}.zst.tmp`,
    `content/.${hash}`,
    `envelopes/${hash.slice(0, 2)}/${hash}.dsse.json`,
    `envelopes/zz/${hash}.dsse.json`,
    `keys/${hash}.pem`,
    `log/intents/${random.below(1_000_000) + 1000}`,
    `log/checkpoints/${random.below(1_000_000) + 1000}`,
    'log/checkpoints/0',
    'log/checkpoints/007',
    'log/checkpoints/12.authority.tsr',
    `log/tile/${random.below(5)}/x001/00${random.below(10)}`,
    `log/tile/entries/000.p/${random.below(255) + 1}`,
    'log/tile/0/000.p/x',
    'log/checkpoint.bak',
  ]);
  const like = random.pick([random.bytes(random.below(200)), read(ground, anyKey(ground))]);
  if (ground.keys.includes(key)) return addedNamed(ground, `${key}.copy`, like);
  return addedNamed(ground, key, like);
}

function addedNamed(ground: Ground, key: string, bytes: Uint8Array): Change {
  write(ground, key, bytes);
  return found(`${key} added`);
}

function linked(ground: Ground): Change {
  const key = anyKey(ground);
  const target = join(ground.pristine, key);
  remove(ground, key);
  symlinkSync(target, path(ground, key));
  return found(`${key} replaced by a link to the same bytes`);
}

function touched(ground: Ground): Change {
  const key = anyKey(ground);
  ground.changed.add(key);
  utimesSync(path(ground, key), 0, ground.random.below(1_000_000_000));
  return { what: `${key} touched`, expect: 'harmless' };
}

function checkpointSizes(ground: Ground): number[] {
  return sizesAmong(below(ground.keys, 'log/checkpoints/').map((key) => key.slice(16)));
}

/** Ascending. */
function sizesAmong(names: readonly string[]): number[] {
  return names
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

/** Puts an earlier checkpoint in the place of the newest, of a size from `least` on. */
function olderCheckpoint(ground: Ground, least = 0): number {
  const sizes = checkpointSizes(ground).filter((size) => size >= least);
  const size = ground.random.pick(sizes.slice(0, -1));
  write(ground, 'log/checkpoint', read(ground, `log/checkpoints/${size}`));
  return size;
}

function putBack(ground: Ground): Change {
  return found(`the checkpoint of ${olderCheckpoint(ground)} put back`);
}

function putBackWithoutState(ground: Ground): Change {
  remove(ground, 'state');
  return found(`the checkpoint of ${olderCheckpoint(ground)} put back, and state lost`);
}

function checkpointDropped(ground: Ground): Change {
  remove(ground, 'log/checkpoint');
  if (ground.random.below(2) === 0) return found('the checkpoint deleted');
  remove(ground, 'state');
  return found('the checkpoint deleted, and state lost');
}

function stateLost(ground: Ground): Change {
  remove(ground, 'state');
  return { what: 'state lost', expect: 'refused' };
}

/**
 * All that came after a checkpoint is taken away, so that what is left is a whole and shorter log: one in which the erasure has been sealed, since what
 * it deleted can't be brought back.
 */
function rolledBack(ground: Ground): Change {
  const { pristine, random, erasedAt } = ground;
  const size = olderCheckpoint(ground, erasedAt + 1);
  for (const key of ground.keys) if (isLater(key, size)) remove(ground, key);
  for (const { key, bytes } of partialTiles(pristine, size)) write(ground, key, bytes);
  const kept = new Set(
    leavesOf(pristine)
      .slice(0, size)
      .map((leaf) => hashOf(leaf)),
  );
  for (const key of envelopes(ground)) {
    const hash = key.slice(13, 13 + 64);
    if (!kept.has(hash)) remove(ground, key);
  }
  if (random.below(2) === 0) return found(`everything after ${size} taken away`);
  remove(ground, 'state');
  return { what: `everything after ${size} taken away, and state lost`, expect: 'refused' };
}

function isLater(key: string, size: number): boolean {
  const number = Number(/^log\/(?:checkpoints|intents)\/(\d+)(?:\.[\w.-]+)?$/.exec(key)?.[1]);
  if (key.startsWith('log/intents/')) return number >= size;
  if (key.startsWith('log/checkpoints/')) return number > size;
  const tile = parseTilePath(key.slice(4));
  if (!key.startsWith('log/') || tile === undefined) return false;
  const level = tile.level === 'entries' ? 0 : tile.level;
  return (tile.index * 256 + tile.width) * 256 ** level > size;
}

/** The partial tiles that went when they were full: who takes entries away can make them again. */
function partialTiles(pristine: string, size: number): { key: string; bytes: Uint8Array }[] {
  const sizes = sizesAmong(readdirSync(join(pristine, 'log/checkpoints')));
  const leaves = leavesOf(pristine).slice(0, size);
  const bundle = Math.floor(size / 256);
  return sizes
    .filter((at) => at <= size && Math.floor(at / 256) === bundle && at % 256 > 0)
    .flatMap((at) => {
      const inside = leaves.slice(bundle * 256, at);
      const name = `${String(bundle).padStart(3, '0')}.p/${at % 256}`;
      return [
        { key: `log/tile/entries/${name}`, bytes: encodeBundle(inside) },
        { key: `log/tile/0/${name}`, bytes: Buffer.concat(inside.map((leaf) => leafHash(leaf))) },
      ];
    });
}

function leavesOf(directory: string): Uint8Array[] {
  const size = sizesAmong(readdirSync(join(directory, 'log/checkpoints'))).at(-1) ?? 0;
  const leaves: Uint8Array[] = [];
  for (let bundle = 0; bundle * 256 < size; bundle += 1) {
    const width = Math.min(256, size - bundle * 256);
    const name = `${String(bundle).padStart(3, '0')}${width < 256 ? `.p/${width}` : ''}`;
    leaves.push(...parseBundle(readFileSync(join(directory, 'log/tile/entries', name)), width));
  }
  return leaves;
}

const hashOf = (leaf: Uint8Array): string => Buffer.from(leafHash(leaf)).toString('hex');

/** Two entries change places in every tile and intent that has them; the checkpoints can't be signed again. */
function reordered(ground: Ground): Change | undefined {
  const leaves = leavesOf(ground.directory);
  const [one, other] = [ground.random.pick(leaves), ground.random.pick(leaves)];
  if (one === other || one.length !== other.length) return undefined;
  const pairs = [
    [one, other],
    [leafHash(one), leafHash(other)],
  ] as const;
  for (const key of below(ground.keys, 'log/tile/')) {
    let bytes = read(ground, key);
    for (const [a, b] of pairs) bytes = exchange(bytes, a, b);
    write(ground, key, bytes);
  }
  for (const key of below(ground.keys, 'log/intents/')) {
    const base64 = (bytes: Uint8Array): Buffer => Buffer.from(Buffer.from(bytes).toString('base64'));
    write(ground, key, exchange(read(ground, key), base64(one), base64(other)));
  }
  return found('two entries exchanged in tiles and intents');
}

function exchange(bytes: Buffer, one: Uint8Array, other: Uint8Array): Buffer {
  const marks = [one, other].map((part) => bytes.indexOf(part));
  const [a = -1, b = -1] = marks;
  const changed = Buffer.from(bytes);
  if (a >= 0) changed.set(other, a);
  if (b >= 0) changed.set(one, b);
  return changed;
}

const envelopeSchema = z.looseObject({ payload: z.base64() });

function readEnvelope(ground: Ground, key: string): z.infer<typeof envelopeSchema> {
  return envelopeSchema.parse(JSON.parse(read(ground, key).toString()));
}

/** What a statement says is changed under its signature, in the envelope's own spelling. */
function payloadChanged(ground: Ground): Change {
  const key = ground.random.pick(envelopes(ground));
  const envelope = readEnvelope(ground, key);
  const payload = Buffer.from(envelope.payload, 'base64').toString();
  const changed = ground.random.pick([
    payload.replace(/"sealedAt":(\d+)/, (_, at: string) => `"sealedAt":${Number(at) + 1}`),
    payload.replace(/"seq":(\d+)/, (_, seq: string) => `"seq":${Number(seq) + 1}`),
    payload.replace('"sample":true', '"sample":false'),
    payload.replace(/"runId":"/, '"runId":"x'),
    payload.replace(/.$/, ' }'),
  ]);
  write(ground, key, JSON.stringify({ ...envelope, payload: Buffer.from(changed).toString('base64') }));
  return found(`the statement of ${key} changed`);
}

/** The same content with its fields in another order, or with a space: another spelling is another envelope. */
function envelopeRespelled(ground: Ground): Change {
  const key = ground.random.pick(envelopes(ground));
  const envelope = readEnvelope(ground, key);
  const reversed = Object.fromEntries(Object.entries(envelope).toReversed());
  const text = ground.random.pick([
    JSON.stringify(reversed),
    JSON.stringify(envelope, null, 1),
    `${JSON.stringify(envelope)}\n`,
  ]);
  write(ground, key, text);
  return found(`${key} spelled in another way`);
}

function foreignSignatureLine(ground: Ground): Change {
  const sizes = checkpointSizes(ground).map((size) => `log/checkpoints/${size}`);
  const key = ground.random.pick(['log/checkpoint', ...sizes]);
  const note = read(ground, key).toString();
  const line = note.slice(note.indexOf('\n\n') + 2);
  const changed = note.replace(line, line.replace('\u2014 ', '\u2014 x'));
  write(ground, key, changed);
  return found(`${key} signed under another name`);
}

/** Everything but the state is put in from another store. */
function replacedBy(ground: Ground, other: string, what: string): Change {
  for (const key of ground.keys) remove(ground, key);
  for (const entry of readdirSync(other, { withFileTypes: true, recursive: true })) {
    const key = relative(other, join(entry.parentPath, entry.name));
    if (!entry.isFile() || key.startsWith('state')) continue;
    write(ground, key, readFileSync(join(other, key)));
  }
  return found(what);
}

function foreignStore(ground: Ground): Change {
  const lost = ground.random.below(2) === 0;
  if (lost) remove(ground, 'state');
  return replacedBy(ground, ground.foreign, `a store of other keys put in${lost ? ', and state lost' : ''}`);
}

function rewrittenStore(ground: Ground): Change {
  return replacedBy(ground, ground.rewritten, 'a store that the holder of the keys made anew put in');
}

/** One entry is signed anew, by another key or again by its own, and put in its place in every tile and intent. */
async function resigned(ground: Ground): Promise<Change | undefined> {
  const leaf = ground.random.pick(leavesOf(ground.directory));
  const hash = hashOf(leaf);
  const key = `envelopes/${hash.slice(0, 2)}/${hash}.dsse.json`;
  const { payload } = parseEnvelope(read(ground, key), key);
  const envelope = await signEnvelope(payload, ground.foreignKeys.envelope);
  const fresh = envelopeLeaf(envelope, ground.foreignKeys.envelope.spki);
  if (fresh.leaf.length !== leaf.length) return undefined;
  if (ground.random.below(3) === 0) {
    write(ground, key, encodeEnvelope(envelope));
    return found(`${key} signed by another key`);
  }
  remove(ground, key);
  write(ground, `envelopes/${fresh.hash.slice(0, 2)}/${fresh.hash}.dsse.json`, encodeEnvelope(envelope));
  replaceLeaf(ground, leaf, fresh.leaf);
  return found(`${key} signed by another key, in tiles and intents too`);
}

function replaceLeaf(ground: Ground, leaf: Uint8Array, fresh: Uint8Array): void {
  const base64 = (bytes: Uint8Array): Buffer => Buffer.from(Buffer.from(bytes).toString('base64'));
  for (const key of [...below(ground.keys, 'log/tile/'), ...below(ground.keys, 'log/intents/')]) {
    const before = read(ground, key);
    let bytes = before;
    for (const spell of [(bytes: Uint8Array) => bytes, base64, leafHash])
      bytes = replace(bytes, spell(leaf), spell(fresh));
    if (bytes !== before) write(ground, key, bytes);
  }
}

function replace(bytes: Buffer, one: Uint8Array, other: Uint8Array): Buffer {
  const at = bytes.indexOf(one);
  if (at < 0) return bytes;
  const changed = Buffer.from(bytes);
  changed.set(other, at);
  return changed;
}

/** A token that the authority has made, or another one, over the same checkpoint or over another, at another time. */
function tokenForged(ground: Ground): Change {
  const { random } = ground;
  const key = random.pick(ground.keys.filter((one) => one.endsWith('.tsr')));
  const size = sizeIn(key);
  const data = read(ground, `log/checkpoints/${random.pick([size, ...checkpointSizes(ground)])}`);
  const genTime = generalized(1_762_000_000 + random.below(100_000_000));
  const signer = random.pick(['good', 'rsa', 'eku-wrong', 'sha1', 'expired', 'is-ca']);
  write(ground, key, forgeToken({ data, genTime, signer }));
  return found(`${key} replaced by a token of ${signer} for ${genTime}`);
}

/** A witness's true signature, for other words; or its words, with another's signature. */
function cosignatureForged(ground: Ground): Change {
  const { random } = ground;
  const key = random.pick(ground.keys.filter((one) => one.endsWith('.sigs')));
  const size = sizeIn(key);
  const { text } = parseNote(read(ground, `log/checkpoints/${size}`));
  const other = witness(WITNESS.name, 10);
  const renamed = other.cosign(text, 7).replace(/ [^ ]+$/, (encoded) => {
    const bytes = Buffer.from(encoded, 'base64');
    return ` ${Buffer.concat([Buffer.from(WITNESS.keyId, 'hex'), bytes.subarray(4)]).toString('base64')}\n`;
  });
  const lines = random.pick([
    WITNESS.cosign(text.replace(`\n${size}\n`, `\n${size + 1}\n`), 7),
    WITNESS.cosign(text, 7, 8),
    WITNESS.cosign(text, 7) + WITNESS.cosign(text, 8),
    renamed,
  ]);
  write(ground, key, lines);
  return found(`${key} forged`);
}

/** Other certificates in the place of an authority's, or beside them. */
function authorityForged(ground: Ground): Change {
  const { random } = ground;
  const key = random.pick(ground.keys.filter((one) => one.startsWith('tsa/')));
  const other = pem(random.pick(['other-root', 'sigstore', 'inter', 'good']));
  if (random.below(2) === 0) {
    write(ground, key, other);
    return found(`${key} replaced by other certificates`);
  }
  write(ground, `tsa/${random.hex(64)}.pem`, other);
  return found(`certificates added under a wrong name`);
}

/** All of them; each round takes one. */
export const tampers: readonly Tamper[] = [
  bitFlipped,
  bitFlipped,
  bitFlipped,
  bodyChanged,
  bodyLineDropped,
  bodyRecompressed,
  lengthened,
  cut,
  dropped,
  dropped,
  swapped,
  renamed,
  added,
  added,
  linked,
  touched,
  putBack,
  putBackWithoutState,
  checkpointDropped,
  stateLost,
  rolledBack,
  reordered,
  payloadChanged,
  envelopeRespelled,
  foreignSignatureLine,
  foreignStore,
  rewrittenStore,
  resigned,
  tokenForged,
  cosignatureForged,
  authorityForged,
];
