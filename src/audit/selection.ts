import { z } from 'zod';
import { type Check, checkManifest } from '../controls/check.ts';
import type { PredicateName, Sealed, Subject } from '../evidence/contract.ts';
import type { Question } from './contract.ts';

/**
 * Which bodies belong to a question (docs/adr/0018-bundle.md): the same when a bundle is written and when it is verified. Nothing here reads
 * anything: who uses it brings entries and lines.
 */

/** What the chosen controls rest on. Null: everything. */
export interface Chosen {
  readonly controls: ReadonlySet<string> | null;
  readonly collectors: ReadonlySet<string> | null;
  /** Names of checks that answer an aspect of the controls. */
  readonly checks: ReadonlySet<string> | null;
  /** Kinds of records that those checks read. */
  readonly kinds: ReadonlySet<string> | null;
}

/** The kinds that a check reads; undefined when it doesn't compile. */
export type KindsOf = (check: Check) => Promise<readonly string[] | undefined>;

const documentLine = z.looseObject({ kind: z.string(), manifest: z.unknown() });
const verdictLine = z.looseObject({ id: z.string(), body: z.string().nullable() });
const inputLine = z.looseObject({ index: z.int().nonnegative().nullable() });
const genesisFields = z.looseObject({ authorities: z.array(z.looseObject({ ca: z.string() })) });
const snapshotFields = z.looseObject({ collector: z.string(), kinds: z.record(z.string(), z.string()) });
const aspects = z.array(z.string());

/** `checks`: of every configuration that was in force within the range. One that doesn't compile reads its own kind. */
export async function choose(
  { controls, collectors }: Pick<Question, 'controls' | 'collectors'>,
  checks: Iterable<Check>,
  kindsOf: KindsOf,
): Promise<Chosen> {
  const narrowed = collectors === null ? null : new Set(collectors);
  if (controls === null) return { controls: null, collectors: narrowed, checks: null, kinds: null };
  const asked = new Set(controls);
  const names = new Set<string>();
  const kinds = new Set<string>();
  for (const check of checks) {
    if (!check.spec.aspects.some((aspect) => asked.has(controlOf(aspect)))) continue;
    names.add(check.metadata.name);
    for (const kind of (await kindsOf(check)) ?? [check.spec.kind]) kinds.add(kind);
  }
  return { controls: asked, collectors: narrowed, checks: names, kinds };
}

/** The check in a line of a configuration's `documents`; undefined for another document, or one that isn't a check of this version. */
export function checkIn(line: unknown): Check | undefined {
  const { kind, manifest } = documentLine.parse(line);
  return kind === 'Check' ? checkManifest.safeParse(manifest).data : undefined;
}

/** The bodies that an entry itself names and the question asks for; those that verdicts name come on top. */
export function bodiesOf(chosen: Chosen, entry: Sealed): readonly Subject[] {
  return isAsked(chosen, entry) ? bodySubjects(entry) : [];
}

/** The digest of the records' body that a line of `verdicts` names, when the question asks for it. */
export function verdictBody(chosen: Chosen, line: unknown): string | undefined {
  const { id, body } = verdictLine.parse(line);
  return body === null || chosen.checks?.has(id) === false ? undefined : body;
}

/** The log index of the snapshot that a line of an assessment's `inputs` rests on; undefined when there was none. */
export function snapshotUsed(line: unknown): number | undefined {
  return inputLine.parse(line).index ?? undefined;
}

/** Subjects that are bodies, and not files of the log itself (`keys/...`, `tsa/...`, `log/...`). */
export function bodySubjects({ subjects }: Pick<Sealed, 'subjects'>): readonly Subject[] {
  return subjects.filter(({ name }) => !name.includes('/'));
}

/** Digests of the certificates of timestamp authorities (`tsa/<digest>.pem`) that a configuration or the genesis names. */
export function authoritiesOf({ predicate, subjects, fields }: Sealed): readonly string[] {
  if (predicate === 'genesis') return genesisFields.parse(fields).authorities.map(({ ca }) => ca);
  return subjects.filter(({ name, sha256 }) => name === `tsa/${sha256}.pem`).map(({ sha256 }) => sha256);
}

/** The body of that name; undefined when the statement has none. */
export function bodyNamed(entry: Pick<Sealed, 'subjects'>, name: string): string | undefined {
  return bodySubjects(entry).find((subject) => subject.name === name)?.sha256;
}

const whole: ReadonlySet<PredicateName> = new Set(['config', 'run', 'assessment', 'erasure']);

function isAsked(chosen: Chosen, entry: Sealed): boolean {
  if (entry.predicate === 'snapshot') return isFed(chosen, entry);
  if (entry.predicate === 'attestation') return isAttested(chosen, entry);
  return whole.has(entry.predicate);
}

function isFed({ kinds, collectors }: Chosen, { fields }: Sealed): boolean {
  const { collector, kinds: fed } = snapshotFields.parse(fields);
  if (collectors?.has(collector) === false) return false;
  return kinds === null || Object.keys(fed).some((kind) => kinds.has(kind));
}

function isAttested({ controls }: Chosen, { fields }: Sealed): boolean {
  const answered = aspects.safeParse(fields['aspects']).data;
  return controls === null || answered === undefined || answered.some((one) => controls.has(controlOf(one)));
}

function controlOf(aspect: string): string {
  return aspect.split('/', 1)[0] ?? aspect;
}
