import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { zstdCompressSync } from 'node:zlib';
import canonicalize from 'canonicalize';
import type { EvidenceLog, Sealed, StatementDraft } from '../../src/evidence/contract.ts';
import { openLog } from '../../src/evidence/log.ts';
import { createFrontier, leafHash } from '../../src/evidence/merkle.ts';
import { readLines } from '../../src/evidence/read-body.ts';
import { DAY, type History, makeHistory, START } from '../audit/history.ts';
import { type Measure, round } from './measure.ts';
import { watchResident } from './resident.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');

const GIGABYTE = 1e9;
/** Snapshots of one source that make up a gigabyte. */
const LARGE = 40;
/** A year of 30 entries an hour, of which the last quarter is asked for. */
const YEAR = 262_800;
const PER_HOUR = 30;
const BATCH = 1_000;

/** A gigabyte of bodies against `zip -1` over the same files, and a quarter's bundle out of a long log. */
export async function bundle(): Promise<readonly Measure[]> {
  const base = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'annexa-bench-bundle-'));
  const before = process.env['TMPDIR'];
  process.env['TMPDIR'] = base;
  try {
    return [...(await gigabyte(base)), ...(await quarter(base))];
  } finally {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
    await rm(base, { recursive: true, force: true });
  }
}

async function gigabyte(base: string): Promise<readonly Measure[]> {
  await using history = await makeHistory();
  await extend(history, async (log, templates) => {
    for (let at = 0; at < LARGE; at += 1) {
      const lines = people(templates.person, at, GIGABYTE / LARGE);
      const body = await putBody(history, lines);
      history.world.now += 3600;
      await log.append([draftOf(templates.snapshot, `large-${at}`, history.world.now, { records: body })]);
    }
  });
  const { seconds, resident, file } = await ask(history, base, START, history.world.now + DAY);
  const unpacked = join(base, 'unpacked');
  await mkdir(unpacked);
  await run('unzip', ['-q', file, '-d', unpacked]);
  const started = performance.now();
  await run('zip', ['-1', '-q', '-r', join(base, 'baseline.zip'), '.'], { cwd: unpacked });
  const baseline = (performance.now() - started) / 1000;
  await rm(unpacked, { recursive: true });
  await rm(file);
  return [
    { name: 'bundle-1GB', value: round(seconds), unit: 's', goal: 2, baseline: round(baseline) },
    { name: 'bundle-1GB-peak-memory', value: resident, unit: 'MB', goal: 350 },
  ];
}

async function quarter(base: string): Promise<readonly Measure[]> {
  await using history = await makeHistory();
  let since = 0;
  await extend(history, async (log, templates) => {
    for (let made = log.checkpoint().size; made < YEAR; made += BATCH) {
      const drafts: StatementDraft[] = [];
      for (let at = made; at < Math.min(YEAR, made + BATCH); at += 1) {
        if (at % PER_HOUR === 0) history.world.now += 3600;
        if (since === 0 && at >= (YEAR * 3) / 4) since = history.world.now;
        drafts.push(await draftAt(history, templates, at, since > 0));
      }
      await log.append(drafts);
    }
  });
  const { seconds, resident, file } = await ask(history, base, since, history.world.now + DAY);
  const { size } = await stat(file);
  return [
    { name: 'bundle-quarter-of-262800', value: round(seconds), unit: 's', goal: 300 },
    { name: 'bundle-quarter-size', value: round(size / 1e6), unit: 'MB', goal: 200 },
    { name: 'bundle-quarter-peak-memory', value: resident, unit: 'MB', goal: 350 },
  ];
}

/** Of an hour: four assessments, thirteen snapshots that mostly are as the one before, and as many runs. */
async function draftAt(
  history: History,
  { snapshot, run: collected, assessment }: Templates,
  at: number,
  fresh: boolean,
): Promise<StatementDraft> {
  const now = history.world.now;
  const place = at % PER_HOUR;
  if (place < 4) return draftOf(assessment, `assessment-${at}`, now, {});
  const even = place % 2 === 0;
  const requests = fresh ? await putBody(history, [{ id: '00000001', requestId: `r-${at}` }]) : undefined;
  return even
    ? draftOf(snapshot, `run-${at}`, now, requests === undefined ? {} : { requests })
    : draftOf(collected, `run-${at - 1}`, now, fresh ? { datasets: await runBody(history, at) } : {});
}

function runBody(history: History, at: number): Promise<Body> {
  const line = {
    id: 'people/test',
    dataset: 'people',
    scope: 'test',
    outcome: 'ok',
    reason: null,
    detail: null,
    records: 6,
    snapshot: at,
    apiCalls: 0,
    throttled: 0,
  };
  return putBody(history, [line]);
}

interface Templates {
  readonly snapshot: Sealed;
  readonly run: Sealed;
  readonly assessment: Sealed;
  /** A record of the snapshot. */
  readonly person: Readonly<Record<string, unknown>>;
}

/** Opens the log to append to it what looks like what the agent has sealed. */
async function extend(
  history: History,
  work: (log: EvidenceLog, templates: Templates) => Promise<void>,
): Promise<void> {
  const reader = await history.reader();
  const entries = await Array.fromAsync(reader.entries());
  const last = (predicate: Sealed['predicate']): Sealed => {
    const found = entries.findLast((entry) => entry.predicate === predicate);
    if (found === undefined) throw new Error(`the history has no ${predicate}`);
    return found;
  };
  const snapshot = last('snapshot');
  let person: Readonly<Record<string, unknown>> = {};
  for await (const line of readLines(reader.store, snapshot.subjects[0]?.sha256 ?? ''))
    person = JSON.parse(Buffer.from(line).toString());
  await using log = await openLog({
    directory: history.store,
    keys: history.keys,
    now: () => history.world.now,
    agent: { version: '0.0.0', build: 'bench' },
    window: 0,
  });
  await work(log, { snapshot, run: last('run'), assessment: last('assessment'), person });
}

interface Body {
  readonly sha256: string;
  readonly records: { readonly count: number; readonly root: string };
}

/** The same statement again, at another time, with other bodies. */
function draftOf(
  { predicate, stream, config, subjects, fields }: Sealed,
  runId: string,
  at: number,
  bodies: Readonly<Record<string, Body>>,
): StatementDraft {
  if (predicate === 'genesis' || predicate === 'rotation') throw new Error('not written by hand');
  const records = bodies['records']?.records;
  return {
    predicate,
    stream,
    runId,
    startedAt: at,
    finishedAt: at,
    config,
    subjects: subjects.map(({ name, sha256 }) => ({ name, sha256: bodies[name]?.sha256 ?? sha256 })),
    fields: {
      ...fields,
      ...(predicate === 'snapshot' ? { asOf: at } : {}),
      ...(predicate === 'assessment' ? { now: at } : {}),
      ...(records === undefined ? {} : { records }),
    },
  };
}

/** Puts a body into the store as the log would, without waiting for the disk. */
async function putBody(
  { store }: History,
  records: Iterable<Readonly<Record<string, unknown>>>,
): Promise<Body> {
  const lines: Buffer[] = [];
  const tree = createFrontier();
  for (const record of records) {
    const line = Buffer.from(canonicalize({ ...record, salt: salt(tree.size) })!);
    tree.append(leafHash(line));
    lines.push(line, Buffer.from('\n'));
  }
  const bytes = Buffer.concat(lines);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const path = join(store, `content/${sha256}.zst`);
  if (!existsSync(path)) {
    await using file = await open(path, 'w');
    await file.writeFile(zstdCompressSync(bytes));
  }
  return { sha256, records: { count: tree.size, root: Buffer.from(tree.root()).toString('hex') } };
}

function salt(seed: number | string): string {
  return createHash('sha256').update(String(seed)).digest('hex').slice(0, 32);
}

/** So many bytes of people, none of whom is in another snapshot. */
function* people(
  person: Readonly<Record<string, unknown>>,
  snapshot: number,
  bytes: number,
): Generator<Readonly<Record<string, unknown>>> {
  for (let at = 0; at * RECORD_BYTES < bytes; at += 1) {
    const id = `${snapshot}-${String(at).padStart(8, '0')}`;
    const raw = Object.fromEntries(
      ['department', 'manager', 'office', 'title'].map((name) => [name, words(`${id} ${name}`)]),
    );
    yield { ...person, id: `hr:test:${id}`, emails: [`p${id}@test.example`], raw };
  }
}

/** About what an identity takes, its raw fields included. */
const RECORD_BYTES = 870;

/** Text that is as hard to compress as identifiers are. */
function words(seed: string): string {
  return `${salt(seed)} of the department that ${salt(seed).slice(0, 8)} leads, in the building where the others of that department work, too`;
}

/** Asks for a bundle as an operator does, in a process of its own. */
async function ask(history: History, base: string, from: number, to: number) {
  const file = join(base, 'bundle.zip');
  const instant = (seconds: number) => new Date(seconds * 1000).toISOString().replace('.000', '');
  const args = [
    '--config',
    join(history.world.directory, 'config'),
    '--from',
    instant(from),
    '--to',
    instant(to),
  ];
  const started = performance.now();
  const child = spawn(process.execPath, ['src/main.ts', 'bundle', ...args, '-o', file], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const peak = watchResident(child.pid ?? 0);
  const [code] = await once(child, 'close');
  const resident = peak();
  if (code !== 0) throw new Error(`annexa bundle ended with ${String(code)}`);
  return { seconds: (performance.now() - started) / 1000, resident, file };
}
