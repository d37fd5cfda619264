import { createPrivateKey } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EvidenceLog, JsonObject, StatementDraft } from '../../src/evidence/contract.ts';
import { type EvidenceKeys, parseSigner } from '../../src/evidence/keys.ts';
import { createLog, type LogOptions, openLog } from '../../src/evidence/log.ts';

/** Keys of tests alone, from fixed seeds: the same in every run. */
export function testKeys(seed = 1): EvidenceKeys {
  return {
    envelope: parseSigner(p256Pem(seed), 'envelope', 'test key'),
    checkpoint: parseSigner(ed25519Pem(seed), 'checkpoint', 'test key'),
    body: Buffer.alloc(32, seed),
  };
}

/** PKCS#8 around a small private number (RFC 5915, RFC 5958). */
export function p256Pem(seed: number): string {
  const head =
    '303102010104200000000000000000000000000000000000000000000000000000000000000000a00a06082a8648ce3d030107';
  const der = Buffer.from(head, 'hex');
  der.writeUInt32BE(seed, 7 + 28);
  return createPrivateKey({ key: der, format: 'der', type: 'sec1' })
    .export({ type: 'pkcs8', format: 'pem' })
    .toString();
}

/** PKCS#8 around a seed of 32 bytes (RFC 8410). */
export function ed25519Pem(seed: number): string {
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, seed)]);
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    .export({ type: 'pkcs8', format: 'pem' })
    .toString();
}

export interface TestClock {
  (): number;
  /** Unix seconds. */
  at: number;
}

export function testClock(at = 1_790_000_000): TestClock {
  const clock: TestClock = Object.assign(() => clock.at, { at });
  return clock;
}

export interface TestLog extends AsyncDisposable {
  readonly directory: string;
  readonly clock: TestClock;
  readonly options: LogOptions;
  /** The open log; another one after `reopen`. */
  log: EvidenceLog;
  reopen(changed?: Partial<LogOptions>): Promise<EvidenceLog>;
}

/** A new log in a temporary directory, which goes when it is disposed. */
export async function testLog(
  changed: Partial<LogOptions> & { readonly sample?: boolean } = {},
): Promise<TestLog> {
  const base = await temporaryDirectory();
  const clock = testClock();
  const options: LogOptions = {
    directory: join(base, 'store'),
    keys: testKeys(),
    now: clock,
    agent: { version: '0.0.0', build: 'test' },
    ...changed,
  };
  const log = await createLog({ ...options, domain: 'acme.example', sample: changed.sample ?? false });
  const test: TestLog = {
    directory: options.directory,
    clock,
    options,
    log,
    async reopen(again = {}) {
      await test.log[Symbol.asyncDispose]();
      test.log = await openLog({ ...options, ...again });
      return test.log;
    },
    async [Symbol.asyncDispose]() {
      await test.log[Symbol.asyncDispose]();
      await rm(base, { recursive: true, force: true });
    },
  };
  return test;
}

export function temporaryDirectory(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'annexa-evidence-'));
}

/** A run's statement, the smallest there is. */
export function draft(runId: string, changed: Partial<StatementDraft> = {}): StatementDraft {
  return {
    predicate: 'run',
    stream: 'run/aws',
    runId,
    startedAt: 1_789_999_000,
    finishedAt: 1_789_999_100,
    config: null,
    subjects: [],
    fields: runFields,
    ...changed,
  };
}

const runFields: JsonObject = {
  collector: 'aws',
  type: 'aws',
  outcome: 'ok',
  datasets: 1,
  failed: 0,
  apiCalls: 3,
  throttled: 0,
};
