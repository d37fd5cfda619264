import { checkpointKey, openCheckpoint } from './checkpoint.ts';
import type { Anchor, CheckpointInfo, Stamped } from './contract.ts';
import { EvidenceError } from './error.ts';
import type { Identity } from './head.ts';
import { sha256 } from './merkle.ts';
import { parseNote } from './note.ts';
import type { ObjectStore } from './store.ts';

/** A checkpoint that has tokens, with the signed note that they are over. */
export type Anchored = Anchor & Pick<CheckpointInfo, 'note'>;

/** What comes after checkpoints, from others, and is kept beside them. */
export interface Companions {
  /** The newest checkpoint that has tokens; undefined while none has. */
  readonly anchor: () => Anchored | undefined;
  /** The same, with the tokens themselves. */
  readonly stamped: () => Promise<Stamped | undefined>;
  /** Throws `invalid` for a size that has no checkpoint or a name that no authority can have. An earlier token of the authority stays. */
  readonly addToken: (size: number, authority: string, response: Uint8Array) => Promise<void>;
  /** Throws `invalid` unless the lines are signature lines of a note. Earlier ones stay. */
  readonly addCosignatures: (size: number, lines: string) => Promise<void>;
}

const TOKEN = /^(0|[1-9]\d{0,15})\.([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)\.tsr$/;
const FOLDER = 'log/checkpoints/';

/** Where the token of an authority over the checkpoint of a size is kept. */
export function tokenKey(size: number, authority: string): string {
  return `${checkpointKey(size)}.${authority}.tsr`;
}

/** Where signature lines of others for the checkpoint of a size are kept. */
export function cosignaturesKey(size: number): string {
  return `${checkpointKey(size)}.sigs`;
}

/** The size and the authority of a token's key; undefined for another key. */
export function parseTokenKey(
  key: string,
): { readonly size: number; readonly authority: string } | undefined {
  const match = key.startsWith(FOLDER) ? TOKEN.exec(key.slice(FOLDER.length)) : null;
  return match === null ? undefined : { size: Number(match[1]), authority: match[2]! };
}

/** `keys`: of the objects below `log/checkpoints/`. Throws `corrupt`. */
export async function openCompanions(
  store: ObjectStore,
  identity: Identity,
  keys: readonly string[],
): Promise<Companions> {
  const tokens = keys.flatMap((key) => {
    const token = parseTokenKey(key);
    return token === undefined ? [] : [{ key, ...token }];
  });
  const newest = tokens.reduce((size, token) => Math.max(size, token.size), 0);
  let anchor: Anchored | undefined;
  /** Whose tokens the anchor has. */
  let holders: readonly string[] = [];
  for (const { key, size, authority } of tokens) {
    if (size === newest) take(await readCheckpoint(size), authority, await read(key));
  }

  function take(checkpoint: CheckpointInfo, authority: string, token: Uint8Array): void {
    if (anchor !== undefined && anchor.size > checkpoint.size) return;
    const before = anchor?.size === checkpoint.size ? holders : [];
    holders = [...new Set([...before, authority])];
    anchor = withToken(anchor, checkpoint, token);
  }

  async function read(key: string): Promise<Uint8Array> {
    const bytes = await store.get(key);
    if (bytes === undefined) throw new EvidenceError('corrupt', `${key} is missing`);
    return bytes;
  }

  async function readCheckpoint(size: number): Promise<CheckpointInfo> {
    const key = checkpointKey(size);
    const checkpoint = openCheckpoint(
      await read(key),
      identity.origin,
      identity.keys.checkpointKeys(size),
      key,
    );
    if (checkpoint.size !== size)
      throw new EvidenceError('corrupt', `${key}: it is of size ${checkpoint.size}`);
    return checkpoint;
  }

  async function assertPublished(size: number): Promise<void> {
    if (Number.isSafeInteger(size) && size > 0 && (await store.has(checkpointKey(size)))) return;
    throw new EvidenceError('invalid', `no checkpoint of size ${size} was published`);
  }

  /** Creates the object; its bytes then, which are others' when they came first. */
  async function keep(key: string, bytes: Uint8Array): Promise<Uint8Array> {
    const [created] = await store.create([{ key, bytes }]);
    return created === 'differs' ? read(key) : bytes;
  }

  return {
    anchor: () => anchor,
    stamped: async () => {
      if (anchor === undefined) return undefined;
      const { size, note } = anchor;
      const kept = holders.map(async (authority) => ({
        authority,
        response: await read(tokenKey(size, authority)),
      }));
      return { size, note, tokens: await Promise.all(kept) };
    },
    async addToken(size, authority, response) {
      const key = tokenKey(size, authority);
      if (parseTokenKey(key)?.authority !== authority)
        throw new EvidenceError('invalid', `an authority's name can't be ${JSON.stringify(authority)}`);
      await assertPublished(size);
      const checkpoint = await readCheckpoint(size);
      take(checkpoint, authority, await keep(key, response));
    },
    async addCosignatures(size, lines) {
      await assertPublished(size);
      assertSignatureLines(lines);
      await keep(cosignaturesKey(size), Buffer.from(lines));
    },
  };
}

function withToken(anchor: Anchored | undefined, checkpoint: CheckpointInfo, token: Uint8Array): Anchored {
  const { size, root, note } = checkpoint;
  const known = anchor?.size === size ? anchor.tokens : [];
  const digest = Buffer.from(sha256(token)).toString('hex');
  return { size, root, note, tokens: [...new Set([...known, digest])].toSorted() };
}

function assertSignatureLines(lines: string): void {
  const expected = 'expected signature lines of a note, each ended by LF';
  // A note begins with its last empty line: with another one within, it would have other text.
  if (lines.includes('\n\n')) throw new EvidenceError('invalid', expected);
  try {
    parseNote(Buffer.from(`cosignatures\n\n${lines}`));
  } catch (cause) {
    throw new EvidenceError('invalid', expected, { cause });
  }
}
