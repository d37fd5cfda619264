import type { Approval, Config, ConfigDocument } from './contract.ts';
import { jcsDigest } from './digest.ts';
import { isMapping, pathText, type Path } from './documents.ts';

/** One field that differs; null stands for a field that isn't there (`has` tells it from a null that is written). */
interface FieldChange {
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
  readonly has: { readonly before: boolean; readonly after: boolean };
}

/** One document that differs, with what it was and what it is. */
export interface DocumentChange {
  /** `<kind>/<name>` */
  readonly document: string;
  readonly change: 'added' | 'removed' | 'changed';
  /** File of the document after, or before when it was removed; `builtin` for the product's own. */
  readonly file: string;
  /** SHA-256, hex, of the manifest's JCS; null when the document isn't there. */
  readonly before: string | null;
  readonly after: string | null;
  /** By path; of an added or a removed document, the whole manifest under the empty path. */
  readonly fields: readonly FieldChange[];
  /** Of the document after. Null: approval not evidenced; always so for a removed one. */
  readonly approval: Approval | null;
}

/** What changed from one configuration to the next, by document id; before the first, everything was added. */
export function diffConfigs(
  before: Pick<Config, 'documents'> | undefined,
  after: Pick<Config, 'documents'>,
): readonly DocumentChange[] {
  const old = new Map(before?.documents.map((document) => [document.id, document]));
  const now = new Map(after.documents.map((document) => [document.id, document]));
  const ids = [...new Set([...old.keys(), ...now.keys()])];
  return ids
    .toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .flatMap((id) => changeOf(id, old.get(id), now.get(id)));
}

function changeOf(
  id: string,
  before: ConfigDocument | undefined,
  after: ConfigDocument | undefined,
): readonly DocumentChange[] {
  const digests = {
    before: before ? jcsDigest(before.manifest) : null,
    after: after ? jcsDigest(after.manifest) : null,
  };
  if (digests.before === digests.after) {
    return [];
  }
  return [
    {
      document: id,
      change: before === undefined ? 'added' : after === undefined ? 'removed' : 'changed',
      file: (after ?? before)?.file ?? '',
      ...digests,
      fields: [...changedFields(before?.manifest, after?.manifest, [])],
      approval: after?.approval ?? null,
    },
  ];
}

function* changedFields(before: unknown, after: unknown, path: Path): Generator<FieldChange> {
  if (isMapping(before) && isMapping(after)) {
    for (const key of [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted()) {
      yield* changedFields(own(before, key), own(after, key), [...path, key]);
    }
  } else if (Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
    for (const [index, value] of before.entries()) {
      yield* changedFields(value, after[index], [...path, index]);
    }
  } else if (
    (before === undefined) !== (after === undefined) ||
    (before !== undefined && jcsDigest(before) !== jcsDigest(after))
  ) {
    yield {
      path: pathText(path),
      before: before ?? null,
      after: after ?? null,
      has: { before: before !== undefined, after: after !== undefined },
    };
  }
}

function own(value: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(value, key) ? value[key] : undefined;
}
