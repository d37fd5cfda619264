import type {
  BodyRecord,
  EvidenceLog,
  StatementDraft,
  StoredBody,
  Subject,
} from '../../src/evidence/contract.ts';
import type { EvidenceKeys } from '../../src/evidence/keys.ts';
import { createLog } from '../../src/evidence/log.ts';

export interface SampleOptions {
  readonly directory: string;
  readonly keys: EvidenceKeys;
  /** Unix seconds of the first entry; an hour passes between two rounds of collection. */
  readonly start: number;
  readonly rounds: number;
  /** Datasets collected in a round, each with a run of its own. */
  readonly datasets: number;
}

type AnyRecord = BodyRecord & Readonly<Record<string, unknown>>;

const digest = (digit: string): string => digit.repeat(64);

/**
 * A store as an agent leaves it, small: the configuration, then in each round the snapshots and runs of some datasets, in a few
 * commits, and an assessment.
 */
export async function makeSampleStore(options: SampleOptions): Promise<void> {
  const clock = { at: options.start };
  await using log = await createLog({
    directory: options.directory,
    keys: options.keys,
    now: () => clock.at,
    agent: { version: '0.1.0', build: 'sample' },
    domain: 'acme.example',
    sample: true,
  });
  clock.at += 60;
  await sealConfig(log, clock.at);
  for (let round = 0; round < options.rounds; round += 1) {
    clock.at += 3600;
    await collectOnce(log, round, options.datasets, clock.at);
    clock.at += 30;
    await assess(log, round, clock.at);
  }
}

/** `authorities`: those whose certificates are in force with it. */
export async function sealConfig(
  log: EvidenceLog,
  at: number,
  authorities: readonly Subject[] = [],
): Promise<void> {
  const manifests: AnyRecord[] = [
    { id: 'Agent/acme', kind: 'Agent' },
    { id: 'Collector/aws', kind: 'Collector' },
  ];
  const documents = await log.storeBody(manifests);
  await log.append([
    {
      predicate: 'config',
      stream: 'config',
      runId: 'config-1',
      startedAt: at,
      finishedAt: at,
      config: null,
      subjects: [{ name: 'documents', sha256: documents.sha256 }, ...authorities],
      fields: { before: null, after: digest('c'), documents: { ...documents.records } },
    },
  ]);
}

export async function collectOnce(
  log: EvidenceLog,
  round: number,
  datasets: number,
  at: number,
): Promise<void> {
  for (let dataset = 0; dataset < datasets; dataset += 1) {
    const body = await log.storeBody(records(round, dataset));
    await log.append([snapshot(round, dataset, at, body), run(round, dataset, at)]);
  }
}

/** People come and go: most records stay as they are from one round to the next. */
function records(round: number, dataset: number): AnyRecord[] {
  return Array.from({ length: 3 + ((round + dataset) % 4) }, (_, i) => ({
    id: `aws:1234:${String.fromCodePoint(0x61 + i)}-${dataset}`,
    name: `Person ${i} of ${Math.floor(round / 2)} \u{1f600}`,
    active: (round + i) % 3 > 0,
  }));
}

function snapshot(round: number, dataset: number, at: number, body: StoredBody): StatementDraft {
  return {
    predicate: 'snapshot',
    stream: `snapshot/aws/dataset-${dataset}/1234`,
    runId: `run-${round}-${dataset}`,
    startedAt: at - 40,
    finishedAt: at - 10,
    config: digest('c'),
    subjects: [{ name: 'records', sha256: body.sha256 }],
    fields: {
      collector: 'aws',
      dataset: `dataset-${dataset}`,
      scope: '1234',
      asOf: at - 45,
      kinds: { identity: digest('d') },
      records: { ...body.records },
      provenance: { endpoint: 'https://iam.amazonaws.com', operations: { ListUsers: 1 } },
      outcome: 'complete',
    },
  };
}

function run(round: number, dataset: number, at: number): StatementDraft {
  return {
    predicate: 'run',
    stream: `run/aws-${dataset}`,
    runId: `run-${round}-${dataset}`,
    startedAt: at - 50,
    finishedAt: at - 5,
    config: digest('c'),
    subjects: [],
    fields: {
      collector: 'aws',
      type: 'aws',
      outcome: 'ok',
      datasets: 1,
      failed: 0,
      apiCalls: 3,
      throttled: 0,
    },
  };
}

export async function assess(log: EvidenceLog, round: number, at: number): Promise<void> {
  const used: AnyRecord[] = [{ id: 'snapshot/aws/dataset-0/1234', round }];
  const failing: AnyRecord[] = [{ id: `aws:1234:a-${round % 3}`, reason: 'no second factor' }];
  const body = await log.storeBody(failing);
  const outcomes: AnyRecord[] = [
    { id: 'identity-second-factor', outcome: 'fail', body: body.sha256, records: { ...body.records } },
    { id: 'root-second-factor', outcome: 'pass', body: null, records: null },
  ];
  const inputs = await log.storeBody(used);
  const verdicts = await log.storeBody(outcomes);
  await log.append([
    {
      predicate: 'assessment',
      stream: 'assessment',
      runId: `assessment-${round}`,
      startedAt: at - 2,
      finishedAt: at - 1,
      config: digest('c'),
      subjects: [
        { name: 'inputs', sha256: inputs.sha256 },
        { name: 'verdicts', sha256: verdicts.sha256 },
      ],
      fields: {
        now: at - 2,
        full: true,
        checks: 2,
        outcomes: { pass: 1, fail: 1 },
        sqlite: '3.50.0',
        node: '24.0.0',
        inputs: { ...inputs.records },
        verdicts: { ...verdicts.records },
      },
    },
  ]);
}
