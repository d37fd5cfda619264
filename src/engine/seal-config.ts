import { randomUUID } from 'node:crypto';
import { diffConfigs, type DocumentChange } from '../config/diff.ts';
import { plugins } from '../collectors/registry.ts';
import type { CollectorConfig, Config, ConfigDocument } from '../config/contract.ts';
import { NOT_EVIDENCED } from '../config/words.ts';
import type { SourceState } from '../controls/contract.ts';
import type { EvidenceLog, Subject } from '../evidence/contract.ts';
import { configEffects } from './config-effects.ts';
import { own } from './own.ts';
import { appendOne } from './run.ts';
import { subject } from './state/subject.ts';
import type { Stores } from './stores.ts';

export interface SealedNow {
  /** SHA-256 of the body of all documents. */
  readonly digest: string;
  /** What differs from the configuration sealed before; none when it was this one. */
  readonly changes: readonly DocumentChange[];
}

export interface SealConfigInput {
  readonly config: Config;
  readonly stores: Stores;
  readonly now: () => number;
  /** How the evidence stands under the configuration that is still in force. */
  readonly sources: () => readonly SourceState[];
}

/**
 * Seals the configuration unless it is the one sealed last, and returns its digest. What changed is sealed with it, who approved it or that no approval is evidenced, and what the changed checks say of the same inventory before and after. The certificates of the
 * timestamp authorities are published beside the log and named with it.
 */
export async function sealConfig({ config, stores, now, sources }: SealConfigInput): Promise<SealedNow> {
  const { log } = stores;
  const startedAt = now();
  const documents = await log.storeBody(config.documents.map(documentLine));
  const datasets = await log.storeBody(config.collectors.flatMap(datasetLines));
  const authorities = await publishAuthorities(log, config);
  const before = await sealedBefore(stores);
  if (
    before?.digest === documents.sha256 &&
    before.datasets === datasets.sha256 &&
    before.authorities === authorities.map(({ name }) => name).join()
  ) {
    return { digest: documents.sha256, changes: [] };
  }
  const earlier = before && { documents: await readDocuments(log, before.digest) };
  const changes = diffConfigs(earlier, config);
  const changesBody = await log.storeBody(changes.map(changeLine));
  const effects = await log.storeBody(
    earlier === undefined
      ? []
      : await configEffects(stores, earlier.documents, changes, config, now(), sources()),
  );
  await appendOne(log, {
    predicate: 'config',
    stream: 'config',
    runId: randomUUID(),
    startedAt,
    finishedAt: Math.max(startedAt, now()),
    config: before?.digest ?? null,
    subjects: [
      { name: 'documents', sha256: documents.sha256 },
      { name: 'datasets', sha256: datasets.sha256 },
      { name: 'changes', sha256: changesBody.sha256 },
      { name: 'effects', sha256: effects.sha256 },
      ...authorities,
    ],
    fields: { before: before?.digest ?? null, after: documents.sha256, documents: documents.records },
  });
  await stores.sync();
  return { digest: documents.sha256, changes };
}

/** A subject for each set of certificates, by name. */
async function publishAuthorities(log: EvidenceLog, config: Config): Promise<readonly Subject[]> {
  const sets = new Set(config.agent.timestamps?.authorities.map(({ ca }) => ca));
  const subjects = await Promise.all([...sets].map((pem) => log.publishAuthority(pem)));
  return subjects.toSorted((one, other) => (one.name < other.name ? -1 : 1));
}

/** What is collected and how often, the defaults filled in: what was expected can be told from it for ever. */
function datasetLines({ name, type, datasets }: CollectorConfig) {
  return datasets.map(({ dataset, schedule, cadence, freshness, minRecords, maxShrink }) => ({
    id: `${name}/${dataset}`,
    collector: name,
    plugin: type,
    dataset,
    kinds: [...(plugins.get(type)?.datasets.find((spec) => spec.name === dataset)?.kinds ?? [])],
    schedule,
    cadence,
    freshness,
    minRecords,
    maxShrink,
  }));
}

interface SealedConfig {
  readonly digest: string;
  /** Digest of the datasets' body; undefined in what earlier versions sealed. */
  readonly datasets: string | undefined;
  /** Paths of the authorities' certificates, sorted, with commas. */
  readonly authorities: string;
}

async function sealedBefore({ log, state }: Stores): Promise<SealedConfig | undefined> {
  const last = await state
    .selectFrom('entry')
    .select('index')
    .where('stream', '=', 'config')
    .orderBy('index', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (last === undefined) return undefined;
  const entry = await log.entry(last.index);
  const digest = subject(entry, 'documents');
  const datasets = entry.subjects.find(({ name }) => name === 'datasets')?.sha256;
  const authorities = entry.subjects.flatMap(({ name }) => (name.startsWith('tsa/') ? [name] : []));
  return {
    digest,
    datasets,
    authorities: authorities.toSorted().join(),
  };
}

async function readDocuments(log: EvidenceLog, digest: string): Promise<readonly ConfigDocument[]> {
  const documents: ConfigDocument[] = [];
  for await (const { approval, ...line } of log.body(digest)) {
    documents.push(
      own<ConfigDocument>({
        ...line,
        approval: approval === NOT_EVIDENCED ? null : approval,
      }),
    );
  }
  return documents;
}

function documentLine({ id, kind, name, file, manifest, approval }: ConfigDocument) {
  return { id, kind, name, file, manifest, approval: approval ?? NOT_EVIDENCED };
}

function changeLine({ document, change, file, before, after, fields, approval }: DocumentChange) {
  return { id: document, change, file, before, after, fields, approval: approval ?? NOT_EVIDENCED };
}
