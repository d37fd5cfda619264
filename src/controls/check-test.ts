import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nothingDeclared } from '../inventory/declared.ts';
import { openInventory, type Inventory } from '../inventory/inventory.ts';
import type { InventoryRecord, SourceRef } from '../inventory/kind.ts';
import type { CheckQuery, CompiledQuery, Sandbox } from '../inventory/query-contract.ts';
import { createSandbox } from '../inventory/sandbox.ts';
import { caseSource, completeRecords, wholeId, type CaseRecords } from './case-records.ts';
import { queryOf, type Check, type CheckCase } from './check.ts';
import type { SourceState, Verdict } from './contract.ts';
import { evaluate } from './evaluate.ts';

/** When cases take place that don't say: 2026-01-01T00:00:00Z. */
const caseNow = Date.UTC(2026, 0, 1) / 1000;

export interface CaseResult {
  readonly name: string;
  /** What differs from the expectation, or what the NULL sweep let through; empty: it holds. */
  readonly problems: readonly string[];
}

export interface CheckTestResult {
  readonly check: string;
  readonly ok: boolean;
  /** Of the check as a whole: it doesn't compile, or its cases leave something out. */
  readonly problems: readonly string[];
  readonly cases: readonly CaseResult[];
  /** How many times a nullable column was set to NULL in a passing case. */
  readonly sweeps: number;
}

/** An inventory to fill and a sandbox that reads it. */
interface Bench {
  readonly inventory: Inventory;
  readonly sandbox: Sandbox;
}

/**
 * Runs each check's cases: records in, verdict out, compared with what is expected. In each case that is expected to pass, each nullable
 * column that `where` or `fails` reads is then set to NULL in all records of the population: the outcome may not stay `pass` nor become
 * `not_applicable`, and no record may leave the population, for NULL means that the source can't say.
 */
export async function testChecks(checks: readonly Check[]): Promise<readonly CheckTestResult[]> {
  const directory = await mkdtemp(join(tmpdir(), 'annexa-check-test-'));
  try {
    const file = join(directory, 'inventory.sqlite');
    await using inventory = openInventory(file);
    await using sandbox = createSandbox({ file });
    const results: CheckTestResult[] = [];
    for (const check of checks) {
      results.push(await testCheck({ inventory, sandbox }, check));
    }
    return results;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** The results as lines for people: one a check, and one for each problem. */
export function formatCheckTests(results: readonly CheckTestResult[]): string {
  const lines = results.flatMap((result) => {
    const head = `${result.ok ? 'ok' : 'FAILED'}  ${result.check}: ${result.cases.length} cases, ${result.sweeps} NULL sweeps`;
    const cases = result.cases.flatMap(({ name, problems }) =>
      problems.map((problem) => `case "${name}": ${problem}`),
    );
    return [head, ...[...result.problems, ...cases].map((problem) => `        ${problem}`)];
  });
  return `${lines.join('\n')}\n`;
}

async function testCheck(bench: Bench, check: Check): Promise<CheckTestResult> {
  const name = check.metadata.name;
  let compiled: CompiledQuery;
  try {
    compiled = await bench.sandbox.compile(queryOf(check));
  } catch (error) {
    return { check: name, ok: false, problems: [messageOf(error)], cases: [], sweeps: 0 };
  }
  const problems = (['pass', 'fail'] as const)
    .filter((outcome) => !check.spec.cases.some((item) => item.expect.outcome === outcome))
    .map((outcome) => `no case expects ${outcome}`);
  const cases: CaseResult[] = [];
  for (const item of check.spec.cases) {
    cases.push({ name: item.name, problems: await testCase(bench, check, compiled, item) });
  }
  const passing = check.spec.cases.filter((item) => item.expect.outcome === 'pass').length;
  return {
    check: name,
    ok: problems.length === 0 && cases.every((result) => result.problems.length === 0),
    problems,
    cases,
    sweeps: passing * compiled.nullable.length,
  };
}

async function testCase(
  bench: Bench,
  check: Check,
  compiled: CompiledQuery,
  item: CheckCase,
): Promise<readonly string[]> {
  try {
    const now = item.now ?? caseNow;
    const records = completeRecords(check.metadata.name, item, compiled.kinds, now);
    const verdict = await judge(bench, check, compiled, item, records);
    const problems = differences(check, item, verdict);
    return item.expect.outcome === 'pass' && problems.length === 0
      ? await sweep(bench, check, compiled, item, records, verdict)
      : problems;
  } catch (error) {
    return [messageOf(error)];
  }
}

async function judge(
  { inventory, sandbox }: Bench,
  check: Check,
  compiled: CompiledQuery,
  item: CheckCase,
  records: CaseRecords,
): Promise<Verdict> {
  const sources = await fill(inventory, item, records);
  const result = await sandbox.run(queryOf(check, item.params), item.now ?? caseNow);
  return evaluate({ check, kinds: compiled.kinds, result, sources, open: [] });
}

/** Puts the records, and nothing else, into the inventory: each kind's and each scope's are a source of their own. */
async function fill(
  inventory: Inventory,
  item: CheckCase,
  records: CaseRecords,
): Promise<readonly SourceState[]> {
  for (const source of inventory.sources()) {
    await inventory.remove(source);
  }
  const services = Object.entries(item.services ?? {}).map(([login, person]) => [
    login,
    wholeId(item, 'person', person),
  ]);
  await inventory.declare({
    owners: { ...nothingDeclared.owners, services: Object.fromEntries(services) },
    scopes: item.declared ?? [],
  });
  const states: SourceState[] = [];
  for (const [kind, all] of records) {
    const missing = item.missing?.includes(kind) ?? false;
    const scopes = Map.groupBy(missing ? [] : all, (record) => record.scope);
    for (const [scope, some] of scopes.size === 0 ? [[caseSource, []] as const] : scopes) {
      const source: SourceRef = { collector: caseSource, dataset: kind, scope };
      const state = missing ? missingState : await load(inventory, source, some, item.now ?? caseNow);
      states.push({ ...source, kinds: [kind], ...state });
    }
  }
  return states;
}

type Standing = Omit<SourceState, keyof SourceRef | 'kinds'>;

const missingState: Standing = {
  state: 'missing',
  asOf: null,
  body: null,
  index: null,
  detail: 'missing in this case',
};

async function load(
  inventory: Inventory,
  source: SourceRef,
  records: readonly InventoryRecord[],
  asOf: number,
): Promise<Standing> {
  const meta = { asOf, body: '0'.repeat(64), index: 0 };
  await inventory.load(source, meta, stream(records));
  return { state: 'fresh', ...meta, detail: '' };
}

async function* stream(records: readonly InventoryRecord[]): AsyncGenerator<InventoryRecord> {
  yield* records;
}

function differences(check: Check, item: CheckCase, verdict: Verdict): readonly string[] {
  const { expect } = item;
  const outcome =
    verdict.outcome === expect.outcome
      ? []
      : [`expected ${expect.outcome}, got ${verdict.outcome}: ${verdict.why}`];
  const lists = [
    differingIds(check, item, verdict, 'fail', expect.records),
    ...(expect.unknown === undefined ? [] : [differingIds(check, item, verdict, 'unknown', expect.unknown)]),
  ];
  return [...outcome, ...lists.flat()];
}

function differingIds(
  check: Check,
  item: CheckCase,
  verdict: Verdict,
  outcome: 'fail' | 'unknown',
  expected: readonly string[],
): readonly string[] {
  const found = new Set(
    verdict.records.filter((record) => record.outcome === outcome).map((record) => record.id),
  );
  const wanted = new Set(expected.map((written) => wholeId(item, check.spec.kind, written)));
  const word = outcome === 'fail' ? 'failing' : 'unknown';
  return [
    ...[...wanted.difference(found)].map((id) => `expected ${id} among the ${word} records`),
    ...[...found.difference(wanted)].map((id) => `did not expect ${id} among the ${word} records`),
  ];
}

async function sweep(
  bench: Bench,
  check: Check,
  compiled: CompiledQuery,
  item: CheckCase,
  records: CaseRecords,
  before: Verdict,
): Promise<readonly string[]> {
  const population = await populationOf(bench.sandbox, check, item);
  const problems: string[] = [];
  for (const column of compiled.nullable) {
    const swept = new Map(records).set(
      check.spec.kind,
      (records.get(check.spec.kind) ?? []).map((record) =>
        population.has(record.id) ? { ...record, [column]: null } : record,
      ),
    );
    const after = await judge(bench, check, compiled, item, swept);
    const problem = nullProblem(before, after);
    if (problem !== undefined) {
      problems.push(`with it.${column} NULL in every record of the population ${problem}`);
    }
  }
  return problems;
}

/** NULL can make a record unknown. It can't take one out of the population, nor leave nothing but passes. */
function nullProblem(before: Verdict, after: Verdict): string | undefined {
  const left = after.counts.filtered - before.counts.filtered;
  if (left > 0) {
    return `${left} of them leave it; expected them to be unknown`;
  }
  return after.outcome === 'pass' || after.outcome === 'not_applicable'
    ? `the outcome is ${after.outcome}; expected unknown or fail`
    : undefined;
}

/** Ids of the records that `where` chooses: those that fail when everything does. */
async function populationOf(sandbox: Sandbox, check: Check, item: CheckCase): Promise<ReadonlySet<string>> {
  const query = queryOf(check, item.params);
  const everything: CheckQuery = { ...query, fails: '1 = 1', reason: "'chosen'", params: paramsOf(query) };
  const { rows } = await sandbox.run(everything, item.now ?? caseNow);
  return new Set(rows.filter((row) => row.outcome === 'fail').map((row) => row.id));
}

/** The parameters that `where` uses: a query may bind no others. */
function paramsOf({ where = '', params }: CheckQuery): CheckQuery['params'] {
  return Object.fromEntries(Object.entries(params).filter(([name]) => new RegExp(`:${name}\\b`).test(where)));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
