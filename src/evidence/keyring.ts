import { createHash } from 'node:crypto';
import type { KeyInForce, Subject } from './contract.ts';
import { EvidenceError } from './error.ts';
import { equalBytes, sha256 } from './merkle.ts';
import { ed25519Raw } from './note.ts';
import { assertP256, fingerprint, publicKeyPath, publicKeyPem } from './public-keys.ts';
import { encodeStatement, type RotationFields, rotationFields, type Statement } from './statement.ts';

/** The keys that a log began with (SPKI, DER), and when, Unix seconds. */
export interface GenesisKeys {
  readonly envelope: Uint8Array;
  readonly checkpoint: Uint8Array;
  readonly at: number;
}

/** A key that is in force, or was: until an entry of a later time. */
export interface KeyHistory extends KeyInForce {
  /** Null while it is in force. */
  readonly until: { readonly index: number; readonly at: number } | null;
  /** A body key of which the operator says that it exists no longer. */
  readonly destroyed: boolean;
}

/**
 * Which keys are in force at an index, as genesis and rotation entries say (docs/adr/0016). Pure: what it is told of was verified with the
 * keys that it names.
 */
export interface Keyring {
  /** SPKI of the key that signs the entry: as far as the entries taken before it say. */
  envelopeKey(index: number): Uint8Array;
  /** SPKIs of the keys that each sign a checkpoint of this size, the old one first while it retires. */
  checkpointKeys(size: number): readonly Uint8Array[];
  /**
   * Takes the next entry, in the order of the log; entries that aren't rotations may be left out. `signedBy`: SPKI. Returns what breaks the rules: such an
   * entry changes no key.
   */
  take(index: number, statement: Statement, signedBy: Uint8Array): readonly string[];
  /** What has to follow the entries taken, and didn't: asked at the end of a log. */
  unfinished(): readonly string[];
  /** The keys in force. A body key is known from its first rotation on. */
  list(): readonly KeyInForce[];
  /** These and those that were, in the order in which they came into force. */
  history(): readonly KeyHistory[];
  /** Another one, which takes its own entries from here on. */
  fork(): Keyring;
}

/** Whether the statement is the second of the two that replace an envelope key: its stream has counted it already. */
export function isRepeated(before: Statement | undefined, statement: Statement): boolean {
  if (before?.predicate !== 'rotation' || before.fields['use'] !== 'envelope') return false;
  if (statement.predicate !== 'rotation') return false;
  return equalBytes(encodeStatement(before), encodeStatement(statement));
}

/** What is known of a body key: SHA-256("annexa body key v1" LF || key), hex. */
export function bodyKeyId(key: Uint8Array): string {
  return createHash('sha256').update('annexa body key v1\n').update(key).digest('hex');
}

/** A key's time in force. `end`: the entry from which on it is no more. */
interface Term {
  readonly use: KeyInForce['use'];
  readonly fingerprint: string;
  readonly spki: Uint8Array | null;
  readonly index: number;
  readonly since: number;
  readonly end?: { readonly index: number; readonly at: number };
}

interface State {
  readonly terms: readonly Term[];
  /** The first of the two entries that replace the envelope key, and what was known before it. */
  readonly pair?: { readonly index: number; readonly statement: Statement; readonly before: State };
  /** Fingerprints of body keys that are said to exist no longer. */
  readonly destroyed: readonly string[];
}

/** What a rotation asks for, its key decoded. */
interface Rotation {
  readonly index: number;
  readonly at: number;
  readonly fields: RotationFields;
  readonly spki: Uint8Array | null;
}

export function createKeyring({ envelope, checkpoint, at }: GenesisKeys): Keyring {
  const terms = (['envelope', 'checkpoint'] as const).map((use): Term => {
    const spki = use === 'envelope' ? envelope : checkpoint;
    return { use, fingerprint: fingerprint(spki), spki, index: 0, since: at };
  });
  return keyringOf({ terms, destroyed: [] });
}

function keyringOf(start: State): Keyring {
  let state = start;
  return {
    envelopeKey: (index) => spkiOf(state.terms.findLast((term) => holdsAt(term, 'envelope', index))),
    // A checkpoint of size n is signed by the keys in force after entry n - 1.
    checkpointKeys: (size) =>
      state.terms.filter((term) => holdsAt(term, 'checkpoint', Math.max(size, 1) - 1)).map(spkiOf),
    take(index, statement, signedBy) {
      const problems: string[] = [];
      state = step(state, index, statement, signedBy, problems);
      return problems;
    },
    unfinished: () => (state.pair === undefined ? [] : [unpaired(state.pair.index)]),
    list: () =>
      history(state)
        .filter(({ until }) => until === null)
        .map(({ until: _until, destroyed: _destroyed, ...key }) => key),
    history: () => history(state),
    fork: () => keyringOf(state),
  };
}

function holdsAt({ use, index, end }: Term, wanted: Term['use'], at: number): boolean {
  return use === wanted && index <= at && (end === undefined || at < end.index);
}

function spkiOf(term: Term | undefined): Uint8Array {
  if (!term?.spki) throw new EvidenceError('invalid', 'no key is in force there');
  return term.spki;
}

function history({ terms, destroyed }: State): KeyHistory[] {
  return terms
    .toSorted((a, b) => a.index - b.index)
    .map(({ end, ...term }) => {
      const followed = terms.some(({ use, index }) => use === 'checkpoint' && index > term.index);
      const retiring = term.use === 'checkpoint' && end === undefined && followed;
      return { ...term, retiring, until: end ?? null, destroyed: destroyed.includes(term.fingerprint) };
    });
}

function step(
  state: State,
  index: number,
  statement: Statement,
  signedBy: Uint8Array,
  problems: string[],
): State {
  const { pair, ...alone } = state;
  if (pair !== undefined) {
    const repeated = isRepeated(pair.statement, statement);
    if (index === pair.index + 1 && repeated && equalBytes(signedBy, spkiOf(current(state, 'envelope'))))
      return alone;
    problems.push(unpaired(pair.index));
    return step(pair.before, index, statement, signedBy, problems);
  }
  if (statement.predicate !== 'rotation') return state;
  const rotation = read(index, statement, problems);
  if (rotation === undefined) return state;
  const broken = [
    ...(equalBytes(signedBy, spkiOf(current(state, 'envelope')))
      ? []
      : ['it is not signed by the key in force']),
    ...breaks(state, rotation, statement.subjects),
  ];
  if (broken.length === 0) return applied(state, rotation, statement);
  problems.push(...broken.map((text) => `entry ${index}, a rotation: ${text}`));
  return state;
}

function unpaired(index: number): string {
  return `entry ${index} replaces the envelope key, and is not followed by the same statement signed by the new key`;
}

function read(index: number, statement: Statement, problems: string[]): Rotation | undefined {
  try {
    const fields = rotationFields(statement);
    const spki = fields.key === null ? null : Buffer.from(fields.key, 'base64');
    if (spki !== null && fields.use === 'envelope') assertP256(spki);
    else if (spki !== null) ed25519Raw(spki);
    return { index, at: statement.sealedAt, fields, spki };
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error;
    problems.push(`entry ${index}, a rotation: ${error.message}`);
    return undefined;
  }
}

/** The newest key of a use that is in force. */
function current({ terms }: State, use: Term['use']): Term | undefined {
  return terms.findLast((term) => term.use === use && term.end === undefined);
}

/** The rules of ADR 0016 that a rotation breaks. */
function breaks(state: State, { fields, spki }: Rotation, subjects: readonly Subject[]): string[] {
  const { use, step: what, from, to } = fields;
  return [
    ...(spki !== null && fingerprint(spki) !== to ? [`its key is ${fingerprint(spki)}, not ${to}`] : []),
    ...(spki !== null && !isAboutKey(subjects, spki) ? [`its subject is not ${publicKeyPath(spki)}`] : []),
    ...(what === 'end' || what === 'destroy' ? endBreaks(state, fields) : beginBreaks(state, use, from, to)),
  ];
}

function isAboutKey(subjects: readonly Subject[], spki: Uint8Array): boolean {
  const [subject, ...more] = subjects;
  const digest = Buffer.from(sha256(Buffer.from(publicKeyPem(spki)))).toString('hex');
  return more.length === 0 && subject?.name === publicKeyPath(spki) && subject.sha256 === digest;
}

function beginBreaks(state: State, use: Term['use'], from: string, to: string): string[] {
  const inForce = current(state, use);
  const retiring = state.terms.filter((term) => term.use === use && term.end === undefined).length > 1;
  const used = state.terms.some((term) => term.fingerprint === to) || from === to;
  return [
    ...(retiring ? [`the ${use} key before ${inForce?.fingerprint} has not come to its end yet`] : []),
    ...(inForce !== undefined && inForce.fingerprint !== from
      ? [`it replaces the ${use} key ${from}, but ${inForce.fingerprint} is in force`]
      : []),
    ...(used ? [`the key ${to} was in force before`] : []),
  ];
}

/** Of the end of a checkpoint key that another one follows, or of a body key that is in force no more. */
function endBreaks({ terms, destroyed }: State, { use, from, to }: RotationFields): string[] {
  const mine = terms.filter((term) => term.use === use);
  const last = mine.at(-1);
  const before = mine.find(({ fingerprint: one }) => one === from);
  const open = use === 'body' ? !destroyed.includes(from) : before?.end === undefined;
  if (before !== undefined && before !== last && last?.fingerprint === to && open) return [];
  return [`it ends the ${use} key ${from} in favour of ${to}, which no rotation began`];
}

function applied(state: State, { index, at, fields, spki }: Rotation, statement: Statement): State {
  const { use, step: what, from, to } = fields;
  if (what === 'destroy') return { ...state, destroyed: [...state.destroyed, from] };
  // The envelope key changes with the second entry of the pair.
  const first = use === 'envelope' ? index + 1 : index;
  const end = { index: first, at };
  const ended = state.terms.map((term) =>
    term.use === use && term.fingerprint === from ? { ...term, end } : term,
  );
  if (what === 'end') return { ...state, terms: ended };
  const genesis = state.terms[0];
  const unknown = current(state, use) === undefined;
  const terms = [
    ...(what === 'begin' ? state.terms : ended),
    ...(unknown ? [{ use, fingerprint: from, spki: null, index: 0, since: genesis?.since ?? at, end }] : []),
    { use, fingerprint: to, spki, index: first, since: at },
  ];
  return { ...state, terms, ...(use === 'envelope' ? { pair: { index, statement, before: state } } : {}) };
}
