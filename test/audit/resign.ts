import { createLog } from '../../src/evidence/log.ts';
import type {
  BodyRecord,
  EvidenceLog,
  JsonObject,
  Sealed,
  StatementDraft,
} from '../../src/evidence/contract.ts';
import type { EvidenceKeys } from '../../src/evidence/keys.ts';
import { createFrontier, leafHash } from '../../src/evidence/merkle.ts';
import { readLines } from '../../src/evidence/read-body.ts';
import { readStore, type StoreReader } from '../../src/evidence/reader.ts';
import { own } from '../../src/engine/own.ts';

type Fields = Record<string, unknown> & BodyRecord;

/**
 * Writes the log in a directory again, entry by entry, with other keys and with records changed on the way: what somebody can do who has
 * everything but the keys. All digests in it fit together again.
 */
export async function resign(
  source: string,
  directory: string,
  keys: EvidenceKeys,
  change: (record: Fields) => Fields,
): Promise<void> {
  const reader = await readStore(source);
  let now = 0;
  const first = await reader.entry(0);
  now = first.sealedAt;
  await using log = await createLog({
    directory,
    keys,
    now: () => now,
    agent: { version: '0.0.0', build: 'forged' },
    domain: reader.origin.slice(33),
    sample: reader.sample,
  });
  const digests = new Map<string, string>();
  for await (const entry of reader.entries(1)) {
    now = entry.sealedAt;
    for (const { name, sha256 } of entry.subjects)
      if (!name.includes('/')) await copyBody(reader, log, digests, sha256, change);
    await log.append([draftOf(entry, digests)]);
  }
}

async function copyBody(
  reader: StoreReader,
  log: EvidenceLog,
  digests: Map<string, string>,
  sha256: string,
  change: (record: Fields) => Fields,
): Promise<void> {
  if (digests.has(sha256)) return;
  const records: Fields[] = [];
  const frontier = createFrontier();
  for await (const line of readLines(reader.store, sha256)) {
    frontier.append(leafHash(line));
    const { salt: _, ...record } = own<Fields>(JSON.parse(Buffer.from(line).toString()));
    const { body } = record;
    if (typeof body === 'string') await copyBody(reader, log, digests, body, change);
    records.push(change(renamed(record, digests)));
  }
  const stored = await log.storeBody(records);
  digests.set(sha256, stored.sha256);
  digests.set(Buffer.from(frontier.root()).toString('hex'), stored.records.root);
}

function draftOf(entry: Sealed, digests: ReadonlyMap<string, string>): StatementDraft {
  const { predicate, stream, runId, startedAt, finishedAt, config, subjects, fields } = entry;
  return {
    predicate: own<StatementDraft['predicate']>(predicate),
    stream,
    runId,
    startedAt,
    finishedAt,
    config: renamed(config, digests),
    subjects: renamed(
      subjects.filter(({ name }) => !name.includes('/')),
      digests,
    ),
    fields: renamed<JsonObject>(fields, digests),
  };
}

/** The value with every digest that has a new one replaced, at any depth. */
function renamed<T>(value: T, digests: ReadonlyMap<string, string>): T {
  return own<T>(
    JSON.parse(
      JSON.stringify(value, (_, inner: unknown) =>
        typeof inner === 'string' ? (digests.get(inner) ?? inner) : inner,
      ),
    ),
  );
}
