import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { builtinChecks } from '../../src/controls/builtin.ts';
import { completeRecords } from '../../src/controls/case-records.ts';
import { checkManifest, type Check, type CheckCase, queryOf } from '../../src/controls/check.ts';
import type { SourceState } from '../../src/controls/contract.ts';
import { judgeChecks } from '../../src/controls/judge.ts';
import { openInventory, type Inventory } from '../../src/inventory/inventory.ts';
import type { SourceRef } from '../../src/inventory/kind.ts';
import type { Sandbox } from '../../src/inventory/query-contract.ts';
import { createSandbox } from '../../src/inventory/sandbox.ts';
import { META, NOW, stream, temporary } from '../inventory/records.ts';
import { estate, registers } from './records-estate.ts';

const item: CheckCase = { name: 'estate', records: estate, expect: { outcome: 'pass', records: [] } };
const records = completeRecords('estate', item, [], NOW);
const sourceOf = (kind: string): SourceRef => ({ collector: 'estate', dataset: kind, scope: 'case' });

let place: Awaited<ReturnType<typeof temporary>>;
let inventory: Inventory;
let sandbox: Sandbox;
/** The checks that read a register, with the kinds that each reads. */
const read = new Map<Check, readonly string[]>();

beforeAll(async () => {
  place = await temporary();
  inventory = openInventory(place.file);
  sandbox = createSandbox({ file: place.file });
  for (const manifest of await builtinChecks()) {
    const check = checkManifest.parse(manifest);
    const { kinds } = await sandbox.compile(queryOf(check));
    if (kinds.some((kind) => registers.includes(kind))) read.set(check, kinds);
  }
  for (const kind of records.keys()) await load(kind);
});

afterAll(async () => {
  await sandbox[Symbol.asyncDispose]();
  await inventory[Symbol.asyncDispose]();
  await place[Symbol.asyncDispose]();
});

const load = (kind: string) => inventory.load(sourceOf(kind), META, stream(...(records.get(kind) ?? [])));

/** Outcomes by check, when the source of one kind is missing. */
async function judged(missing?: string): Promise<Record<string, string>> {
  const sources = [...records.keys()].map((kind): SourceState =>
    kind === missing
      ? {
          ...sourceOf(kind),
          kinds: [kind],
          state: 'missing',
          asOf: null,
          body: null,
          index: null,
          detail: '',
        }
      : { ...sourceOf(kind), kinds: [kind], state: 'fresh', ...META, detail: '' },
  );
  const verdicts = await judgeChecks(sandbox, {
    now: NOW,
    checks: [...read.keys()],
    sources,
    open: () => [],
  });
  return Object.fromEntries(verdicts.map(({ check, outcome, why }) => [check, `${outcome}: ${why}`]));
}

function expected(outcome: (kinds: readonly string[]) => string): Record<string, unknown> {
  return Object.fromEntries(
    [...read].map(([check, kinds]) => [
      check.metadata.name,
      expect.stringMatching(new RegExp(`^${outcome(kinds)}:`)),
    ]),
  );
}

describe('checks of the registers', () => {
  test('each register is read by one', () => {
    const all = new Set([...read.values()].flat());
    expect(registers.filter((kind) => !all.has(kind))).toEqual([]);
  });

  test('an organisation whose registers are in order passes them all', async () => {
    expect(await judged()).toEqual(expected(() => 'pass'));
  });

  test.each([...records.keys()])(
    'without %s, who reads it knows nothing, and nobody else notices',
    async (kind) => {
      await inventory.remove(sourceOf(kind));
      try {
        expect(await judged(kind)).toEqual(expected((kinds) => (kinds.includes(kind) ? 'unknown' : 'pass')));
      } finally {
        await load(kind);
      }
    },
  );

  test.each(registers)('a register of the kind %s that lists nothing passes nobody', async (kind) => {
    await inventory.load(sourceOf(kind), META, stream());
    try {
      const outcomes = await judged();
      const own = [...read.keys()].filter(({ spec }) => spec.kind === kind);
      for (const { metadata } of own) expect(outcomes[metadata.name]).toMatch(/^unknown: There is nothing/);
    } finally {
      await load(kind);
    }
  });
});

describe('whom HR no longer knows', () => {
  /** Checks over people themselves have nobody left to examine. */
  test('owns nothing, holds no role and opens no door', async () => {
    await inventory.load(sourceOf('person'), META, stream());
    try {
      const outcomes = await judged();
      const owners = [
        'assets-owned',
        'badges-entitled',
        'risks-owned',
        'role-holders-employed',
        'suppliers-registered',
      ];
      for (const name of owners) expect(outcomes[name]).toMatch(/^fail: /);
    } finally {
      await load('person');
    }
  });
});
