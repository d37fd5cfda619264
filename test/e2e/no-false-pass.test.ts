import { describe, expect, test, vi } from 'vitest';
import { datasets } from '../../src/collectors/aws/datasets.ts';
import { hr } from '../../src/collectors/hr/index.ts';
import type { FaultKind } from '../collectors/aws/faults.ts';
import { NOW, register, USERS, whole } from './organisation.ts';
import { lookAt, wrongs } from './seen.ts';

vi.setConfig({ maxConcurrency: 2, testTimeout: 120_000 });

/**
 * Every API operation of every dataset, made to fail, and the register too, through the whole agent: what depends on the dataset may not pass,
 * the run is sealed as failed, and what doesn't depend on it stays as it was. That each way to fail fails the dataset, is shown of the collector
 * alone (test/collectors/aws/faults.test.ts); here are those that could be taken for an answer.
 */
const KINDS: readonly FaultKind[] = ['denied', 'empty', 'truncated'];

const dependents = (operation: string): readonly string[] =>
  datasets.flatMap(({ name, operations }) => (operations.includes(operation) ? [name] : []));
const operations = [...new Set(datasets.flatMap((dataset) => dataset.operations))];

/** Operations that no dataset shares, so that each dataset that fails tells which of them did it: what is collected in one pass. */
function together(all: readonly string[]): readonly (readonly string[])[] {
  const rounds: { readonly operations: string[]; readonly datasets: Set<string> }[] = [];
  for (const operation of all) {
    const names = dependents(operation);
    let round = rounds.find(({ datasets }) => names.every((name) => !datasets.has(name)));
    if (round === undefined) rounds.push((round = { operations: [], datasets: new Set() }));
    round.operations.push(operation);
    for (const name of names) round.datasets.add(name);
  }
  return rounds.map(({ operations }) => operations);
}

/** Of each dataset, the operation that fewest others share: it fails as nearly alone as it can. */
function alone(): readonly string[] {
  const chosen = datasets.map(
    (dataset) => [...dataset.operations].sort((a, b) => dependents(a).length - dependents(b).length)[0] ?? '',
  );
  return [...new Set(chosen)];
}

const failingOf = (faulty: readonly string[]): readonly string[] => [...new Set(faulty.flatMap(dependents))];

const soundly = lookAt({});

describe('nothing passes that rests on what failed', () => {
  test('while without a fault every check passes that has a population', async () => {
    const { outcomes, reads, failures } = await soundly;
    expect([...failures]).toEqual([]);
    const fed = new Set([...datasets, ...hr.datasets].flatMap((dataset) => dataset.kinds));
    const blind = (check: string) => reads.get(check)?.some((kind) => !fed.has(kind)) ?? true;
    expect([...outcomes].filter(([check, outcome]) => blind(check) && outcome !== 'unknown')).toEqual([]);
    const others = [...outcomes].filter(([check, outcome]) => !blind(check) && outcome !== 'pass');
    expect(Object.fromEntries(others)).toEqual({
      // Identity Center tells neither second factors nor when somebody last signed in.
      'identity-dormant': 'unknown',
      'identity-second-factor': 'unknown',
      // Asked of accounts of Google alone.
      'identity-second-factor-enforced': 'unknown',
      // The register doesn't say how people are engaged.
      'contractor-end': 'unknown',
      // Nothing is what they are about, unless the organisation names it.
      'backup-jobs-end': 'not_applicable',
      'bucket-access-logged': 'not_applicable',
      'bucket-retention-lock': 'not_applicable',
      'code-alerts-closed-in-time': 'not_applicable',
      'dependencies-closed-in-time': 'not_applicable',
      'leaver-returned-keys': 'not_applicable',
      'role-outsider-external-id': 'not_applicable',
      'service-owner': 'not_applicable',
      'storage-customer-key': 'not_applicable',
      'vulnerabilities-not-hidden': 'not_applicable',
    });
  });

  test.concurrent.each(alone())('%s denied', async (operation) => {
    const seen = await lookAt({ faults: { [operation]: { kind: 'denied' } } });
    expect(wrongs(seen, dependents(operation), await soundly)).toEqual([]);
  });

  const rounds = together(operations).map((faulty, round) => {
    const kinds = faulty.map((_, index) => KINDS[(round + index) % KINDS.length] ?? 'denied');
    return { faulty, kinds };
  });
  test.concurrent.each(rounds)('$faulty: $kinds', async ({ faulty, kinds }) => {
    const faults = Object.fromEntries(
      faulty.map((name, index) => [name, { kind: kinds[index] ?? 'denied' }]),
    );
    expect(wrongs(await lookAt({ faults }), failingOf(faulty), await soundly)).toEqual([]);
  });

  test.concurrent.each([
    ['missing its last rows', register(3, NOW).slice(0, -9)],
    ['cut in the middle of a row', whole().slice(0, -20)],
    ['emptied but for its header', register(0, NOW)],
    ['empty', ''],
    ['dated in the future', register(USERS + 1, NOW + 3 * 86_400)],
  ])('hr: a register that is %s', async (_, csv) => {
    expect(wrongs(await lookAt({ csv }), ['people'], await soundly)).toEqual([]);
  });

  test('hr: a register that is old', async () => {
    const { outcomes, reads } = await lookAt({ csv: register(USERS + 1, NOW - 10 * 86_400) });
    const resting = [...reads].filter(([, kinds]) => kinds.includes('person') || kinds.includes('departure'));
    expect(resting.length).toBeGreaterThan(2);
    expect(resting.filter(([check]) => outcomes.get(check) === 'pass')).toEqual([]);
  });
});
