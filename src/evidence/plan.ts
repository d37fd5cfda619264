import { checkpointKey } from './checkpoint.ts';
import type { Anchored } from './anchor.ts';
import type { Sealed, StatementDraft, Subject } from './contract.ts';
import { EvidenceError } from './error.ts';
import type { Head } from './head.ts';
import { EMPTY_ROOT, sha256 } from './merkle.ts';
import { encodeStatement, type RotationFields, type Statement } from './statement.ts';
import { publicKeyObject } from './public-keys.ts';
import type { StoreObject } from './store.ts';
import type { WriterContext } from './writer.ts';

export interface Plan {
  /** What has to be sealed, in order. */
  readonly statements: readonly Statement[];
  /** For each draft, the index of its entry: an earlier one for a draft that is in the log already. */
  readonly indexes: readonly number[];
}

export type PlanContext = Pick<WriterContext, 'identity' | 'agent' | 'state' | 'now'> & {
  /** The newest checkpoint that has tokens. */
  readonly anchor: () => Anchored | undefined;
};

/** Tokens over one checkpoint that a statement has room for. */
const MAX_TOKENS = 16;

/** Numbers the drafts that aren't in the log yet, as what follows `head`. */
export function planDrafts(drafts: readonly StatementDraft[], context: PlanContext, head: Head): Plan {
  const statements: Statement[] = [];
  const planned = new Map<string, number>();
  const next = new Map<string, number>();
  // The clock may have been set back: what is sealed later never says that it was sealed earlier, or before it had ended.
  const ends = drafts.map(({ finishedAt }) => finishedAt);
  const sealedAt = Math.max(Math.floor(context.now()), context.state.lastSealedAt(), ...ends);
  const anchor = context.anchor() ?? { ...head.checkpoint, tokens: [] };
  const indexes = drafts.map((draft) => {
    const { runId, stream } = draft;
    const key = JSON.stringify([runId, stream]);
    const known = context.state.find(runId, stream) ?? planned.get(key);
    if (known !== undefined) return known;
    const index = head.edge.size + statements.length;
    const seq = next.get(stream) ?? context.state.nextSeq(stream);
    statements.push(makeStatement(draft, context, anchor, seq, sealedAt));
    planned.set(key, index);
    next.set(stream, seq + 1);
    return index;
  });
  return { statements, indexes };
}

/** The digest of the configuration in force after an entry. */
export function configAfter({ predicate, config, fields }: Sealed): string | null {
  const after = fields['after'];
  return predicate === 'config' && typeof after === 'string' ? after : config;
}

/** Throws `invalid` unless the draft can be sealed whatever numbers the log gives it. */
export function assertSealable(
  draft: StatementDraft,
  context: Pick<PlanContext, 'identity' | 'agent' | 'state'>,
): void {
  const root = Buffer.from(EMPTY_ROOT).toString('hex');
  const furthest: Anchored = {
    size: Number.MAX_SAFE_INTEGER,
    root,
    note: '',
    tokens: Array.from({ length: MAX_TOKENS }, () => root),
  };
  if (!sealable.includes(draft.predicate)) {
    throw new EvidenceError(
      'invalid',
      `statement ${draft.stream}: ${draft.predicate}/v1 is not sealed by this version`,
    );
  }
  if (draft.finishedAt < draft.startedAt) {
    throw new EvidenceError(
      'invalid',
      `statement ${draft.stream}: finishedAt: ${draft.finishedAt} is before its start`,
    );
  }
  encodeStatement(makeStatement(draft, context, furthest, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER));
}

/** The statements of rotations, as what follows `head`. `config`: the digest in force. */
export function planRotations(
  rotations: readonly RotationFields[],
  config: string | null,
  context: PlanContext,
  head: Head,
): Statement[] {
  const { state } = context;
  const at = Math.max(Math.floor(context.now()), state.lastSealedAt());
  const anchor = context.anchor() ?? { ...head.checkpoint, tokens: [] };
  return rotations.flatMap((fields, i) => {
    const { use, step, from, to } = fields;
    const runId = `${use}/${step}/${step === 'destroy' ? from : to}`;
    const times = { startedAt: at, finishedAt: at };
    const draft = { predicate: 'rotation', stream: 'rotation', runId, ...times, config, fields } as const;
    const subjects =
      fields.key === null ? [] : [subjectOf(publicKeyObject(Buffer.from(fields.key, 'base64')))];
    const seq = state.nextSeq('rotation') + i;
    const statement = makeStatement({ ...draft, subjects }, context, anchor, seq, at);
    // The old key hands over, and the new one takes over.
    return use === 'envelope' ? [statement, statement] : [statement];
  });
}

const sealable: readonly StatementDraft['predicate'][] = [
  'snapshot',
  'run',
  'assessment',
  'config',
  'access',
  'attestation',
  'erasure',
];

function makeStatement(
  {
    predicate,
    stream,
    runId,
    startedAt,
    finishedAt,
    config,
    subjects,
    fields,
  }: Omit<StatementDraft, 'predicate'> & Pick<Statement, 'predicate'>,
  { identity, agent }: Pick<PlanContext, 'identity' | 'agent'>,
  anchor: Anchored,
  seq: number,
  sealedAt: number,
): Statement {
  return {
    predicate,
    log: identity.origin,
    stream,
    seq,
    runId,
    startedAt,
    finishedAt,
    sealedAt,
    config,
    anchor: { size: anchor.size, root: anchor.root, tokens: anchor.tokens },
    agent,
    sample: identity.sample,
    subjects: subjects.length > 0 ? subjects : [anchorSubject(anchor)],
    fields,
  };
}

/** An in-toto statement needs a subject: one without a body has the checkpoint that it follows. */
function anchorSubject({ size, note }: Anchored): Subject {
  return subjectOf({ key: checkpointKey(size), bytes: Buffer.from(note) });
}

/** A subject that is an object of the store itself. */
export function subjectOf({ key, bytes }: StoreObject): Subject {
  return { name: key, sha256: Buffer.from(sha256(bytes)).toString('hex') };
}
