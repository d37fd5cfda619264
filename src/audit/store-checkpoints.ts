import { parseTokenKey } from '../evidence/anchor.ts';
import { checkpointKey, openCheckpoint } from '../evidence/checkpoint.ts';
import type { CheckpointInfo } from '../evidence/contract.ts';
import { EvidenceError } from '../evidence/error.ts';
import { sha256 } from '../evidence/merkle.ts';
import type { StoreReader } from '../evidence/reader.ts';
import { type Authorities, openToken, parseAuthorities } from '../evidence/timestamp/token.ts';
import { readResponse } from '../evidence/timestamp/signed-data.ts';
import { readTstInfo } from '../evidence/timestamp/tst-info.ts';
import { compareUtf8 } from '../inventory/utf8.ts';
import type { Token } from './contract.ts';

/** The checkpoints of a store up to a size, and what is kept beside them. */
export interface StoreCheckpoints {
  /** Of those that were published, ascending. */
  readonly sizes: readonly number[];
  /** Of those that have token files, whatever is in them, ascending. */
  readonly stamped: readonly number[];
  /** The tokens over a checkpoint that an authority of the store's own vouches for, by authority. The others are left out. */
  tokens(size: number): Promise<readonly Token[]>;
  /**
   * From the newest token not after `from` up to the first one not before `to`, by size; verified. From the first on when none is so early, up
   * to the last when none is so late.
   */
  between(from: number, to: number): Promise<readonly Token[]>;
  /** The checkpoint, signed by the keys in force at its size. Throws `corrupt` or `foreign-key`. */
  open(size: number): Promise<CheckpointInfo>;
  /** Keys of what is kept beside a checkpoint: the tokens that `tokens` knows, and cosignatures. */
  companions(size: number): Promise<readonly string[]>;
  /** Digests of the certificates (`tsa/`) that vouch for the tokens over a checkpoint. */
  vouchers(size: number): Promise<readonly string[]>;
}

const FOLDER = 'log/checkpoints/';
const TSA = /^tsa\/([0-9a-f]{64})\.pem$/;

/** With the digest of the certificates that it leads up to. */
type Vouched = Token & { readonly ca: string };

interface Voucher {
  readonly ca: string;
  readonly authorities: Authorities;
}

interface TokenFile {
  readonly key: string;
  readonly authority: string;
}

export async function openStoreCheckpoints(reader: StoreReader, at: number): Promise<StoreCheckpoints> {
  const { store } = reader;
  const keys = await store.list(FOLDER);
  const all = new Set(keys);
  const sizes = ascending(keys.flatMap((key) => sizeOf(key.slice(FOLDER.length)))).filter(
    (size) => size <= at,
  );
  const files = tokenFiles(keys, at);
  const stamped = ascending([...files.keys()]);
  const trusted = await publishedAuthorities(reader);
  const known = new Map<number, Promise<readonly Vouched[]>>();

  async function get(key: string): Promise<Uint8Array> {
    const bytes = await store.get(key);
    if (bytes === undefined) throw new EvidenceError('corrupt', `${key} is missing`);
    return bytes;
  }

  async function open(size: number): Promise<CheckpointInfo> {
    const key = checkpointKey(size);
    const spkis = reader.identity.keys.checkpointKeys(size);
    const checkpoint = openCheckpoint(await get(key), reader.origin, spkis, key);
    if (checkpoint.size === size) return checkpoint;
    throw new EvidenceError('corrupt', `${key}: it is of size ${checkpoint.size}`);
  }

  async function verified(size: number): Promise<readonly Vouched[]> {
    const found: Vouched[] = [];
    for (const { key, authority } of files.get(size) ?? []) {
      const response = await get(key);
      const vouched = await vouch(response, await get(checkpointKey(size)), trusted);
      if (vouched === undefined) continue;
      found.push({ size, authority, sha256: Buffer.from(sha256(response)).toString('hex'), ...vouched });
    }
    return found.sort((one, other) => compareUtf8(one.authority, other.authority));
  }

  function vouchedFor(size: number): Promise<readonly Vouched[]> {
    const found = known.get(size) ?? verified(size);
    known.set(size, found);
    return found;
  }

  async function tokens(size: number): Promise<readonly Token[]> {
    return (await vouchedFor(size)).map(({ authority, sha256, genTime }) => ({
      size,
      authority,
      sha256,
      genTime,
    }));
  }

  /** Where among `stamped` the newest verified token not after the moment is; 0 when none is. */
  async function lastBefore(moment: number): Promise<number> {
    for (let place = stamped.length - 1; place > 0; place -= 1) {
      const size = stamped[place] ?? 0;
      const stated = await Promise.all(
        (files.get(size) ?? []).map(async ({ key }) => statedTime(await get(key))),
      );
      if (!stated.some((time) => time !== undefined && time <= moment)) continue;
      if ((await tokens(size)).some(({ genTime }) => genTime <= moment)) return place;
    }
    return 0;
  }

  return {
    sizes,
    stamped,
    tokens,
    open,
    async between(from, to) {
      const found: Token[] = [];
      for (const size of stamped.slice(await lastBefore(from))) {
        found.push(...(await tokens(size)));
        if (found.some(({ genTime }) => genTime >= to)) break;
      }
      return found;
    },
    async companions(size) {
      const mine = (await tokens(size)).map(({ authority }) => `${checkpointKey(size)}.${authority}.tsr`);
      const signatures = `${checkpointKey(size)}.sigs`;
      return all.has(signatures) ? [...mine, signatures] : mine;
    },
    vouchers: async (size) => (await vouchedFor(size)).map(({ ca }) => ca),
  };
}

function tokenFiles(keys: readonly string[], at: number): ReadonlyMap<number, readonly TokenFile[]> {
  const files = new Map<number, TokenFile[]>();
  for (const key of keys) {
    const token = parseTokenKey(key);
    if (token === undefined || token.size > at) continue;
    const mine = files.get(token.size) ?? [];
    mine.push({ key, authority: token.authority });
    files.set(token.size, mine);
  }
  return files;
}

function sizeOf(name: string): number[] {
  return /^[1-9]\d{0,15}$/.test(name) ? [Number(name)] : [];
}

function ascending(numbers: readonly number[]): readonly number[] {
  return numbers.toSorted((one, other) => one - other);
}

/** The certificates that the store has published. Whether the log names them is another question. */
async function publishedAuthorities({ store }: StoreReader): Promise<readonly Voucher[]> {
  const found: Voucher[] = [];
  for (const key of (await store.list('tsa/')).toSorted(compareUtf8)) {
    const ca = TSA.exec(key)?.[1];
    const bytes = ca && (await store.get(key));
    if (!ca || !bytes || Buffer.from(sha256(bytes)).toString('hex') !== ca) continue;
    found.push({ ca, authorities: parseAuthorities(Buffer.from(bytes).toString()) });
  }
  return found;
}

/** Undefined for a token that doesn't verify, or leads up to none of them. `verify` tells of those. */
async function vouch(
  response: Uint8Array,
  note: Uint8Array,
  vouchers: readonly Voucher[],
): Promise<{ readonly genTime: number; readonly ca: string } | undefined> {
  for (const { ca, authorities } of vouchers) {
    try {
      return { genTime: (await openToken(response, note, authorities)).genTime, ca };
    } catch (error) {
      if (!(error instanceof EvidenceError) || error.code !== 'corrupt') throw error;
    }
  }
  return undefined;
}

/** What the token says of its time, unverified. */
function statedTime(response: Uint8Array): number | undefined {
  try {
    return readTstInfo(readResponse(response).content).genTime;
  } catch (error) {
    if (error instanceof EvidenceError) return undefined;
    throw error;
  }
}
