import { describe, expect, test, vi } from 'vitest';
import { registers as specs } from '../../src/collectors/register/registers.ts';
import { wrongs, type Seen } from './seen.ts';
import { bamboohr } from './sources/bamboohr.ts';
import { github } from './sources/github.ts';
import { google } from './sources/google.ts';
import { hrJson } from './sources/hr-json.ts';
import { kubernetes } from './sources/kubernetes.ts';
import { registers } from './sources/registers.ts';
import { sheet } from './sources/sheet.ts';
import { DAY, type Faults, seeSource, type Source } from './sources/source.ts';

vi.setConfig({ maxConcurrency: 2, testTimeout: 120_000 });

const sources: readonly Source[] = [github, google, kubernetes, bamboohr, hrJson, registers, sheet];

const dependents = (source: Source, operation: string): readonly string[] => {
  const found = source.operations.get(operation);
  if (found === undefined) throw new Error(`${source.name} has no operation ${operation}`);
  return found;
};

/** Operations that no dataset shares, so that each dataset that fails tells which of them did it: what is collected in one pass. */
function together(source: Source): readonly Faults[] {
  const rounds: { readonly operations: string[]; readonly datasets: Set<string> }[] = [];
  for (const [operation, names] of source.operations) {
    let round = rounds.find(({ datasets }) => names.every((name) => !datasets.has(name)));
    if (round === undefined) rounds.push((round = { operations: [], datasets: new Set() }));
    round.operations.push(operation);
    for (const name of names) round.datasets.add(name);
  }
  return rounds.map(({ operations }, round) => rotated(source, operations, round));
}

function rotated({ kinds }: Source, operations: readonly string[], round: number): Faults {
  return Object.fromEntries(
    operations.map((operation, index) => [operation, kinds[(round + index) % kinds.length] ?? 'denied']),
  );
}

/** Of each dataset, the operation that fewest others share: it fails as nearly alone as it can. */
function alone(source: Source): readonly Faults[] {
  const byDataset = new Map<string, string>();
  for (const [operation, names] of source.operations)
    for (const name of names) {
      const chosen = byDataset.get(name);
      if (chosen === undefined || names.length < dependents(source, chosen).length)
        byDataset.set(name, operation);
    }
  return [...new Set(byDataset.values())].map((operation, index) => rotated(source, [operation], index));
}

/** So many at a time, each in every way once. */
function inTurn(source: Source, side: number): readonly Faults[] {
  const operations = [...source.operations.keys()];
  const groups = Array.from({ length: Math.ceil(operations.length / side) }, (_, at) =>
    operations.slice(at * side, (at + 1) * side),
  );
  return groups.flatMap((group) => source.kinds.map((_, turn) => rotated(source, group, turn)));
}

function roundsOf(source: Source): readonly Faults[] {
  const { limit, cut, side } = source;
  const each = side === undefined ? [...together(source), ...alone(source)] : inTurn(source, side);
  const all = [...each, cut, ...(limit === undefined ? [] : [limit])];
  return [...new Map(all.map((faults) => [JSON.stringify(faults), faults])).values()];
}

const nameOf = (faults: Faults): string =>
  Object.entries(faults)
    .map(([operation, kind]) => `${operation}: ${kind}`)
    .join('; ');

/** The outcomes of the checks that read nothing but what is collected, where they don't pass. */
function notPassing({ outcomes, reads, kinds }: Seen): Readonly<Record<string, string>> {
  const fed = new Set([...kinds.values()].flat());
  const others = [...outcomes].filter(
    ([check, outcome]) => outcome !== 'pass' && reads.get(check)?.every((kind) => fed.has(kind)),
  );
  return Object.fromEntries(others);
}

describe.each(sources)('$name: nothing passes that rests on what failed', (source) => {
  let seen: Promise<Seen> | undefined;
  const soundly = () => (seen ??= seeSource(source));

  test('while without a fault the checks pass', async () => {
    const sound = await soundly();
    expect([...sound.failures]).toEqual([]);
    expect(notPassing(sound)).toEqual(source.others);
  });

  const rounds = roundsOf(source).map((faults) => [nameOf(faults), faults] as const);
  test.concurrent.each(rounds)('%s', async (_, faults) => {
    const failing = Object.keys(faults).flatMap((operation) => dependents(source, operation));
    expect(wrongs(await seeSource(source, faults), [...new Set(failing)], await soundly())).toEqual([]);
  });
});

describe('registers whose time is not that of the day', () => {
  const resting = ({ reads, outcomes }: Seen) => {
    const kinds = new Set(specs.map(({ kind }) => kind));
    return [...outcomes].filter(([check]) => reads.get(check)?.some((kind) => kinds.has(kind)));
  };

  test('that nobody dated anew for two months pass nothing', async () => {
    const seen = await seeSource(registers, {}, 60 * DAY);
    expect(resting(seen).length).toBeGreaterThan(20);
    expect(resting(seen).filter(([, outcome]) => outcome === 'pass')).toEqual([]);
  });

  test('that are all of a time to come fail', async () => {
    const seen = await seeSource(registers, {}, -30 * DAY);
    expect([...seen.failures.keys()].filter((key) => !key.includes(' ')).sort()).toEqual(
      ['people', ...registers.operations.keys()].sort(),
    );
    expect(resting(seen).filter(([, outcome]) => outcome === 'pass')).toEqual([]);
  });
});
