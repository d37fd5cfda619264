import type { DatabaseSync } from 'node:sqlite';
import { type Check, queryOf } from '../../controls/check.ts';
import { compareUtf8 } from '../../inventory/utf8.ts';
import type { Findings } from './findings.ts';
import { checkView, populationView, sqliteNeeded, viewName } from './inventory-views.ts';

/** What became of a source's snapshot when it was loaded. */
export interface SourceNote {
  readonly loaded: boolean;
  /** Records that were erased on request. */
  readonly erased: number;
  readonly note: string;
}

const TABLES = `
CREATE TABLE annexa_about (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE annexa_source (
  id TEXT PRIMARY KEY, collector TEXT NOT NULL, dataset TEXT NOT NULL, scope TEXT NOT NULL,
  state TEXT NOT NULL, as_of INTEGER, body TEXT, log_index INTEGER,
  loaded INTEGER NOT NULL, erased INTEGER NOT NULL, note TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE annexa_check (
  name TEXT PRIMARY KEY, title TEXT NOT NULL, kind TEXT NOT NULL, "where" TEXT, fails TEXT NOT NULL, reason TEXT NOT NULL,
  params TEXT NOT NULL, text TEXT NOT NULL, view TEXT, sqlite TEXT, note TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE annexa_verdict (
  "check" TEXT PRIMARY KEY, outcome TEXT NOT NULL, why TEXT NOT NULL, "table" INTEGER NOT NULL, population INTEGER NOT NULL,
  filtered INTEGER NOT NULL, failing INTEGER NOT NULL, unknown INTEGER NOT NULL, text TEXT NOT NULL, records TEXT,
  assessment INTEGER NOT NULL, moment INTEGER NOT NULL
) STRICT, WITHOUT ROWID;`;

/** Adds what the tables are of, the sealed verdicts, and for each check its text and the views that re-perform it. */
export function describeInventory(
  db: DatabaseSync,
  findings: Findings,
  notes: ReadonlyMap<string, SourceNote>,
): void {
  db.exec('PRAGMA journal_mode = DELETE; BEGIN');
  db.exec(TABLES);
  describe(db, findings);
  writeSources(db, findings, notes);
  const checks = [...(findings.replay.config?.checks.values() ?? [])]
    .filter(({ metadata }) => findings.chosen.has(metadata.name))
    .toSorted((one, other) => compareUtf8(one.metadata.name, other.metadata.name));
  for (const check of checks) writeCheck(db, check, findings);
  db.exec('COMMIT');
}

function describe(db: DatabaseSync, { evidence, question, replay }: Findings): void {
  const insert = db.prepare('INSERT INTO annexa_about VALUES (?, ?)');
  const about = {
    origin: evidence.origin,
    sample: evidence.sample ? 'yes' : 'no',
    from: String(question.from),
    to: String(question.to),
    assessment: replay.end === undefined ? '' : String(replay.end.entry.index),
    now: replay.end === undefined ? '' : String(replay.end.now),
  };
  for (const [name, value] of Object.entries(about)) insert.run(name, value);
}

function writeSources(db: DatabaseSync, { replay }: Findings, notes: ReadonlyMap<string, SourceNote>): void {
  const insert = db.prepare('INSERT INTO annexa_source VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
  for (const { id, collector, dataset, scope, state, asOf, body, index } of replay.end?.sources ?? []) {
    const { loaded, erased, note } = notes.get(id) ?? { loaded: false, erased: 0, note: '' };
    insert.run(id, collector, dataset, scope, state, asOf, body, index, Number(loaded), erased, note);
  }
}

function writeCheck(db: DatabaseSync, check: Check, { replay, broken }: Findings): void {
  const { name } = check.metadata;
  const query = queryOf(check, replay.end?.verdictParams.get(name));
  const problem = broken.get(name) ?? (replay.end === undefined ? 'There is no assessment.' : '');
  const verdict = replay.end?.verdicts.get(name);
  const needs = sqliteNeeded(query);
  if (problem === '' && replay.end !== undefined) {
    db.exec(checkView(query, replay.end.now));
    db.exec(populationView(query, replay.end.now));
  }
  const note = needs === undefined ? problem : `Needs SQLite ${needs} or later. ${problem}`.trim();
  db.prepare('INSERT INTO annexa_check VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)').run(
    name,
    check.spec.title,
    query.kind,
    query.where ?? null,
    query.fails,
    query.reason,
    JSON.stringify(query.params),
    verdict?.text ?? '',
    problem === '' ? viewName('check', name) : null,
    needs ?? null,
    note,
  );
  const judged = replay.end?.judgedAt.get(name);
  if (verdict === undefined || judged === undefined) return;
  const { table, population, filtered, failing, unknown } = verdict.counts;
  db.prepare('INSERT INTO annexa_verdict VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)').run(
    name,
    verdict.outcome,
    verdict.why,
    table,
    population,
    filtered,
    failing,
    unknown,
    verdict.text,
    verdict.body,
    judged.index,
    judged.now,
  );
}
