import type { Evidence, Question, Write } from '../contract.ts';
import { bodyName } from '../layout.ts';
import { CHANGE_COLUMNS, Facts, RUN_COLUMNS } from './facts.ts';
import { COVERAGE_COLUMNS, coverageRows, kindsOfChecks } from './coverage.ts';
import { type Cell, csvFile } from './csv.ts';
import { inventoryFile } from './inventory.ts';
import { DEVIATION_COLUMNS } from './ledger.ts';
import { EVENT_COLUMNS, POPULATION_COLUMNS, populationRows } from './populations.ts';
import { readme } from './readme.ts';
import { report } from './report/report.ts';
import { Replayer, VERDICT_COLUMNS } from './replay.ts';
import { openSpill, type Spill } from './spill.ts';
import type { Findings } from './findings.ts';
import {
  ATTESTATION_COLUMNS,
  attestationRows,
  CONTROL_COLUMNS,
  controlRows,
  EXCEPTION_COLUMNS,
  exceptionRows,
  SCOPE_COLUMNS,
  scopeRows,
  SOA_COLUMNS,
  soaRows,
} from './tables.ts';

const INDEX_COLUMNS = [
  'index',
  'stream',
  'seq',
  'predicate',
  'subject',
  'sha256',
  'file',
  'as_of',
  'collected',
  'sealed',
  'not_before',
  'not_after',
  'late',
  'asserted',
  'erased_lines',
] as const;

/**
 * Writes every derived file of a bundle (docs/adr/0018-bundle.md), in the order of the layout. What it writes follows from the two arguments
 * alone: no clock, no locale, no order that isn't stated. Rejects with an AuditError (`invalid`) for sealed content of an unknown form.
 */
export async function derive(evidence: Evidence, question: Question, write: Write): Promise<void> {
  using spill = openSpill();
  const found = await examine(evidence, question, spill);
  const csv = (name: string, columns: readonly string[], rows: Parameters<typeof csvFile>[1]) =>
    write(name, csvFile(columns, rows));
  await write('README.md', bytes(readme(found)));
  await write('report.html', bytes(report(found)));
  await csv('scope.csv', SCOPE_COLUMNS, scopeRows(found.replay));
  await csv('soa.csv', SOA_COLUMNS, soaRows(found.replay));
  await csv('controls.csv', CONTROL_COLUMNS, controlRows(found.replay));
  await csv('verdicts.csv', VERDICT_COLUMNS, spill.rows('verdicts'));
  await csv('deviations.csv', DEVIATION_COLUMNS, spill.rows('deviations'));
  await csv('populations.csv', POPULATION_COLUMNS, populationRows(found.replay.populations));
  await csv('events.csv', EVENT_COLUMNS, spill.rows('events'));
  await csv('exceptions.csv', EXCEPTION_COLUMNS, found.exceptions);
  await csv('attestations.csv', ATTESTATION_COLUMNS, found.attestations);
  await csv('runs.csv', RUN_COLUMNS, spill.rows('runs'));
  await csv('coverage.csv', COVERAGE_COLUMNS, found.coverage);
  await csv('config-changes.csv', CHANGE_COLUMNS, spill.rows('changes'));
  await csv('evidence/index.csv', INDEX_COLUMNS, indexRows(evidence, spill, found.facts));
  await write('inventory.sqlite', inventoryFile(found));
}

/** Reads everything once. */
async function examine(evidence: Evidence, question: Question, spill: Spill): Promise<Findings> {
  const { first, end } = evidence.range;
  const replayer = new Replayer(evidence, question, spill);
  const facts = new Facts(evidence, question, spill);
  const before = evidence.context.filter(({ index }) => index < first);
  const config = before.findLast(({ predicate }) => predicate === 'config');
  const assessment = before.findLast(({ predicate }) => predicate === 'assessment');
  for (const entry of before) await facts.take(entry);
  if (config !== undefined) await replayer.take(config);
  for (const entry of before)
    if (entry === assessment || entry.predicate === 'attestation') await replayer.take(entry);
  for await (const entry of evidence.entries()) {
    await facts.take(entry);
    await replayer.take(entry);
  }
  for (const entry of evidence.context) if (entry.index >= end) await facts.take(entry);
  const replay = await replayer.finish();
  const everyCheck = replay.configs.flatMap(({ checks }) => [...checks.values()]);
  const asked = new Set(replay.controls.map(({ id }) => id));
  const checks = everyCheck.filter(({ spec }) =>
    spec.aspects.some((aspect) => asked.has(aspect.slice(0, aspect.indexOf('/')))),
  );
  const { kinds, broken } = await kindsOfChecks(checks);
  return {
    evidence,
    question,
    spill,
    replay,
    facts,
    broken,
    chosen: new Set(kinds.keys()),
    coverage: coverageRows(replay, facts, question, kinds),
    exceptions: exceptionRows(replay, new Set(kinds.keys())),
    attestations: attestationRows(replay, question),
  };
}

/** The bodies that the bundle holds, and those of which an erasure left nothing. */
async function* indexRows(evidence: Evidence, spill: Spill, facts: Facts): AsyncGenerator<Cell[]> {
  const held = new Map<string, boolean>();
  for (const row of spill.rows('evidence')) {
    const sha256 = String(row[5]);
    const erased = facts.erasures.get(sha256);
    let here = held.get(sha256);
    if (here === undefined) {
      here = (await evidence.lines(sha256)) !== undefined;
      held.set(sha256, here);
    }
    if (!here && erased === undefined) continue;
    const file = here ? bodyName(erased?.remainder ?? sha256) : '';
    yield [...row.slice(0, 6), file, ...row.slice(6), erased?.lines ?? 0];
  }
}

async function* bytes(pieces: Iterable<string> | AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  let text = '';
  for await (const piece of pieces) {
    text += piece;
    if (text.length < 65_536) continue;
    yield Buffer.from(text);
    text = '';
  }
  if (text !== '') yield Buffer.from(text);
}
