import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { EvidenceLog, StoredBody } from '../evidence/contract.ts';

export type { AccessRole, AccessSpec, AccessToken, OidcSpec } from '../config/contract.ts';
export type { KubernetesAccessSpec, TlsSpec } from '../config/contract.ts';

/** One request that was let in, as it is sealed. */
export interface AccessEntry {
  /** Unix seconds. */
  readonly at: number;
  /** `<method>:<name>`, such as `token:auditor-2026`. */
  readonly who: string;
  /** Empty where the cluster says what the caller may do. */
  readonly roles: readonly string[];
  /** Method and pattern of the route, such as `GET /api/v1/evidence/:index`. */
  readonly operation: string;
  /** Path and query. */
  readonly subject: string;
  /** What a write made or started; absent where path and status say all. */
  readonly what?: string;
  readonly status: number;
  /** Of the answer's content; null where it isn't known beforehand. */
  readonly bytes: number | null;
}

/** Seals who had access. What is recorded is sealed within a minute, else tried again until it is. */
export interface AccessLog {
  /** False while records can't be sealed: then nothing may be given that has to be recorded. */
  admits(): boolean;
  record(entry: AccessEntry): void;
  /** How many records are not sealed yet. */
  unsealed(): number;
  /** Seals what is recorded by now. Never rejects: what the store refuses is logged, and stays. */
  flush(): Promise<void>;
}

export interface AccessLogOptions {
  readonly log: Pick<EvidenceLog, 'storeBody' | 'append'>;
  readonly logger: Pick<Logger, 'error'>;
  /** Unix seconds. */
  readonly now: () => number;
  /** Digest of the configuration in force; null before the first. */
  readonly config: () => string | null;
  /** After each statement. */
  readonly sealed: () => Promise<void>;
}

/** Milliseconds that a record waits for others, and between attempts. */
const GATHER = 60_000;
/** Records of one statement. */
const MOST = 1000;
/** Records that may wait. */
const CAPACITY = 10_000;
/** Seconds that a record may wait while sealing fails, before nothing more is given. */
const PATIENCE = 300;

/** Records that are sealed together. A batch that failed is tried again as it is: it may have been sealed in spite of the error. */
interface Batch {
  readonly runId: string;
  readonly entries: readonly AccessEntry[];
}

export function createAccessLog({ log, logger, now, config, sealed }: AccessLogOptions): AccessLog {
  const queue: AccessEntry[] = [];
  let batch: Batch | undefined;
  let failing = false;
  let timer: NodeJS.Timeout | undefined;
  let flushing: Promise<void> | undefined;

  const unsealed = () => queue.length + (batch?.entries.length ?? 0);

  async function sealAll(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    try {
      while (unsealed() > 0) {
        batch ??= { runId: randomUUID(), entries: queue.splice(0, MOST) };
        await seal(batch);
        batch = undefined;
        failing = false;
      }
    } catch (error) {
      failing = true;
      logger.error(
        { event: 'access_not_sealed', err: error, records: unsealed() },
        'who had access could not be sealed; it is tried again',
      );
      arm();
    }
  }

  async function seal({ runId, entries }: Batch): Promise<void> {
    const body = await log.storeBody(entries.map((entry, at) => ({ id: idOf(runId, at), ...entry })));
    const times = entries.map(({ at }) => at);
    const [startedAt, finishedAt] = [Math.min(...times), Math.max(...times)];
    // It has waited long enough.
    await log.append([draft({ runId, startedAt, finishedAt, config: config(), body })], { hurry: true });
    await sealed();
  }

  function arm(): void {
    timer ??= setTimeout(() => void flush(), GATHER).unref();
  }

  function flush(): Promise<void> {
    flushing ??= sealAll().finally(() => (flushing = undefined));
    return flushing;
  }

  return {
    admits() {
      const oldest = batch?.entries[0] ?? queue[0];
      const late = failing && oldest !== undefined && now() - oldest.at > PATIENCE;
      return !late && unsealed() < CAPACITY;
    },
    record(entry) {
      queue.push(entry);
      if (queue.length >= MOST && !failing) void flush();
      else arm();
    },
    unsealed,
    flush,
  };
}

function idOf(runId: string, at: number): string {
  return `access/${runId}/${String(at).padStart(4, '0')}`;
}

function draft(sealing: {
  readonly runId: string;
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly config: string | null;
  readonly body: StoredBody;
}) {
  const { body, ...shared } = sealing;
  return {
    predicate: 'access',
    stream: 'access',
    ...shared,
    subjects: [{ name: 'records', sha256: body.sha256 }],
    fields: { records: body.records },
  } as const;
}
